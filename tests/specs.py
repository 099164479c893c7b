"""The small spec that many tests need: a step `work` that makes a file of each well of each plate."""

from textwrap import indent

_WELLS = """\
version: 1
pipeline: NAME
title: Wells
owner: tests
workspace: "{{ workspace_root }}FOLDER"
HEAD
dataset:
  root: "{{ data_root }}"
  files: {raw: "{plate}/{well}.tif"}
steps:
  work:
    module: command
    image: base:latest
    foreach: [plate, well]
    inputs: {raw: dataset.raw}
    with: {argv: [cp, "{inputs.raw}", "{outputs.made}"]}
    outputs: {made: "made/{plate}/{well}.tif"}
"""


def wells(name: str = "lab", *, head: str = "", folder: str = "", steps: str = "") -> str:
    """The spec as text.

    :param head: further lines at the top, such as ``split: plate``.
    :param folder: below the workspace's root.
    :param steps: further steps, from the first column on.
    """
    text = _WELLS.replace("NAME", name).replace("HEAD\n", f"{head}\n" if head else "").replace("FOLDER", folder)
    return text + indent(steps.strip("\n") + "\n" if steps else "", "  ")

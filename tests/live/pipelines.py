"""Pipelines as text, to be broken in the ways in which pipelines break."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_HEADER = (
    "{name}:[module_num:0|svn_version:'Unknown'|variable_revision_number:{revision}|show_window:False|notes:[]|"
    "batch_state:array([], dtype=uint8)|enabled:True|wants_pause:False]"
)


class Pipeline:
    """A .cppipe in memory.

    :ivar text: what will be written; may be set to anything.
    """

    def __init__(self, path: Path) -> None:
        self.text = path.read_text()

    def edit(self, old: str, new: str) -> None:
        """Replace the first occurrence of a text that must be there."""
        assert old in self.text, old
        self.text = self.text.replace(old, new, 1)

    def insert(self, name: str, at: int, settings: str = "", revision: int = 1) -> None:
        """Put in a module as the nth.

        :param settings: one per line, as ``text:value``.
        """
        head, blocks = self._split()
        lines = [f"    {line}" for line in settings.strip("\n").splitlines()]
        blocks.insert(at - 1, "\n".join([_HEADER.format(name=name, revision=revision), *lines]))
        self._join(head, blocks)

    def remove(self, *names: str) -> None:
        """Take out all modules of these names."""
        head, blocks = self._split()
        self._join(head, [block for block in blocks if block.partition(":")[0] not in names])

    def cut_before(self, module: str) -> None:
        """Cut the file off where a module begins."""
        self.text = self.text[: self.text.index(f"\n{module}:[") + 1]

    def cut_at(self, text: str) -> None:
        """Cut the file off at a text."""
        self.text = self.text[: self.text.index(text)]

    def _split(self) -> tuple[str, list[str]]:
        head, *blocks = self.text.strip("\n").split("\n\n")
        return head, blocks

    def _join(self, head: str, blocks: list[str]) -> None:
        head = re.sub(r"ModuleCount:\d+", f"ModuleCount:{len(blocks)}", head)
        numbered = [re.sub(r"module_num:\d+", f"module_num:{n}", block, count=1) for n, block in enumerate(blocks, 1)]
        self.text = "\n\n".join([head, *numbered]) + "\n"


def measure() -> Pipeline:
    """The demo's: nuclei of CorrDNA, intensities of both channels, Image.csv and Nuclei.csv."""
    return Pipeline(ROOT / "dag_specs" / "pipelines" / "demo_measure.cppipe")


def save() -> Pipeline:
    """Saves both channels of each image set as 16-bit TIFF, ``{plate}_{well}_s{site}_Corr{channel}.tiff``."""
    pipeline = Pipeline(ROOT / "dag_specs" / "pipelines" / "demo_illum_apply.cppipe")
    pipeline.remove("CorrectIlluminationApply")
    return pipeline


def illum() -> Pipeline:
    """One illumination function of OrigDNA per plate, from all image sets of the plate's group."""
    return Pipeline(ROOT / "tests" / "data" / "cppipe" / "illum_calc.cppipe")

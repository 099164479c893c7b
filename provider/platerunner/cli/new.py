"""`platerunner new`: from a folder that a microscope wrote to a first spec, with its plan; and other starts."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from platerunner.cli import cell_painting, lab
from platerunner.cli.console import counted, err, fail, out
from platerunner.cli.first_spec import FirstSpec, pipeline_name
from platerunner.cli.inspect.plan import plan
from platerunner.cli.loading import hinted
from platerunner.engine.planning.raw_files.survey import FileSetFound, Survey, survey
from platerunner_unit.contract.storage import Storage, StorageError

Folder = Annotated[
    str,
    typer.Argument(
        help="Folder or s3:// URL with what the microscope wrote; or `cell-painting`, before a samplesheet; or `lab`.",
        metavar="FOLDER",
    ),
]
Second = Annotated[
    Path | None,
    typer.Argument(
        help="After `cell-painting`: the table that lists the images. After `lab`: the new repository's folder.",
        metavar="[SAMPLESHEET]",
    ),
]
Update = Annotated[
    bool, typer.Option("--update", help="Take what is new in the template into a repository that `new lab` wrote.")
]
Answers = Annotated[
    list[str] | None,
    typer.Option("--answer", help="To a question of `lab`'s template, e.g. `owner=imaging`.", metavar="KEY=VALUE"),
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", help="The new spec, or folder of `cell-painting`; without it, named like what it is of."
    ),
]
Treatment = Annotated[str, typer.Option(help="Column of the samplesheet that replicates share.", metavar="COLUMN")]
Control = Annotated[
    str, typer.Option(help="Treatment of the wells to normalise against, such as DMSO.", metavar="NAME")
]
Channels = Annotated[
    list[str] | None,
    typer.Option("--channel", help="What a channel of the microscope shows, e.g. `1=DNA`.", metavar="CHANNEL=NAME"),
]
Gallery = Annotated[str, typer.Option(help="Batch, for the layout of the Cell Painting Gallery.", metavar="BATCH")]


def new(
    folder: Folder = "",
    second: Second = None,
    *,
    out_file: OutOption = None,
    channel: Channels = None,
    treatment: Treatment = "",
    control: Control = "",
    gallery: Gallery = "",
    update: Update = False,
    answer: Answers = None,
) -> None:
    """Look at a folder, name the microscope that wrote it, and write a first spec with its plan.

    Of the files the names count, and what the microscope wrote of its channels; nothing is overwritten. `new
    cell-painting SAMPLESHEET` writes all that goes from images to profiles: spec, CellProfiler's pipelines, plate map.
    `new lab FOLDER` writes a lab's own repository, with checks, a small plate and GitHub workflows.
    """
    if update or folder == lab.NAME:
        _start_lab(folder, second, answer or [], update=update)
        return
    if not folder:
        fail("Name the folder of the images, `cell-painting` before a samplesheet, or `lab` before a new folder.")
    if second is not None:
        samplesheet = second
        if folder != cell_painting.NAME:
            there = f"new {cell_painting.NAME} {samplesheet}"
            fail(f"There is nothing called `{folder}` to make of {samplesheet}; write `{there}`.")
        wishes = cell_painting.Wishes(_named_channels(channel or []), treatment, control, gallery)
        plan(cell_painting.write_starter(samplesheet, out_file, wishes), local=False)
        return
    url = folder if "://" in folder else str(Path(folder).resolve())
    name = pipeline_name(posixpath.basename(url.rstrip("/")))
    target = out_file or Path(f"{name}.yaml")
    if target.exists():
        fail(f"{target} is there already. Delete it, or name another with --out.")
    seen = _survey(url)
    spec = _with_plate(FirstSpec(name, url, seen.found, channels=_named_channels(channel or [])))
    _tell(seen, url)
    _write(target, spec.text())
    for question in _open_questions(spec):
        err.print(question, style="yellow", markup=False)
    out.print(f"{target}: a first spec; its plan:", markup=False)
    plan(target, local=False)


def _start_lab(folder: str, second: Path | None, answers: list[str], *, update: bool) -> None:
    """`new lab [FOLDER]`, and `new --update` in the repository or with its folder."""
    if not update:
        lab.write_lab(second or Path(lab.NAME), answers)
        return
    lab.update_lab(second or Path("." if folder in ("", lab.NAME) else folder), answers)


def _survey(url: str) -> Survey:
    try:
        storage = Storage(url)
        if storage.local is not None and not storage.local.is_dir():
            what = "is no folder" if storage.local.exists() else "does not exist"
            fail(f"{url} {what}; name the folder or s3:// URL of the images.")
        seen = survey(storage)
    except (StorageError, ValueError) as error:
        fail(hinted(f"{url} cannot be listed: {error}", error))
    if not seen.found and not seen.left:
        fail(f"There is no file under {url}; name the folder or s3:// URL of the images.")
    if not seen.found:
        such = f", such as {', '.join(f'`{key}`' for key in seen.others)}," if seen.others else ""
        fail(
            f"None of the {counted(seen.left, 'file')} under {url}{such} has a name that a known microscope gives. "
            "Write a spec with a `path` of your own, or with the `table` that lists them."
        )
    return seen


def _with_plate(spec: FirstSpec) -> FirstSpec:
    """The folder's own name is the plate's if no name below it tells one."""
    parent, plate = posixpath.split(spec.root.rstrip("/"))
    is_flat = all("plate" not in each.values and not each.fit.root for each in spec.found)
    if not is_flat or not plate or parent.rstrip("/") in ("", "s3:"):
        return spec
    return replace(spec, root=parent, plate=plate)


def _named_channels(texts: list[str]) -> Mapping[str, str]:
    pairs = [text.partition("=") for text in texts]
    if bad := next((text for text, (key, _, name) in zip(texts, pairs, strict=True) if not key or not name), None):
        fail(f"`--channel {bad}`: write the microscope's channel and its name, like `--channel 1=DNA`.")
    return {key: name for key, _, name in pairs}


def _tell(seen: Survey, url: str) -> None:
    for each in seen.found:
        told = ", ".join(
            f"{number:,} {_singular(word) if number == 1 else word}" for word, number in each.counts().items()
        )
        out.print(f"{each.fit.preset.title}: {told}", markup=False)
        out.print(f"  {each.fit.pattern.text}", markup=False)
    if seen.left:
        such = ", ".join(f"`{key}`" for key in seen.others)
        err.print(f"{counted(seen.left, 'other file')} under {url}, such as {such}", style="dim", markup=False)


def _singular(word: str) -> str:
    return word.removesuffix("s")


def _write(target: Path, text: str) -> None:
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        fail(f"{target} is there already. Delete it, or name another with --out.")
    except OSError as error:
        fail(f"{target} cannot be written: {error.strerror}.")


def _open_questions(spec: FirstSpec) -> Iterator[str]:
    """What the names do not tell."""
    first = spec.found[0]
    known = set(spec.channels)
    if first.channels:
        yield f"{first.channels_in} tells what channels show: see `rename`."
    channels = sorted(first.values.get("channel", frozenset()) - known - set(first.channels))
    if channels:
        shown = ", ".join(channels)
        yield f"The names do not tell what channel {shown} shows: write it in `rename`, or give --channel."
    if unknown := known - set().union(*(each.values.get("channel", frozenset()) for each in spec.found)):
        yield f"There is no channel {', '.join(sorted(unknown))}."
    if spec.plate:
        yield f"The names do not tell the plate: the folder's name `{spec.plate}` is taken for it."
    elif "plate" not in first.values:
        yield "The names do not tell the plate, and the folder has no name to take for it."
    yield from _of_wells(first)


def _of_wells(first: FileSetFound) -> Iterator[str]:
    if first.fit.preset.numbers_wells:
        yield f"The names number the wells: a plate is taken to have {first.fit.wells}; if not, change `wells`."
    elif "well" not in first.values:
        yield "The names do not tell the well."

"""`platerunner new cell-painting SAMPLESHEET`: a folder with all that goes from images to profiles."""

import csv
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from platerunner.cli.console import fail, out
from platerunner.cli.first_spec import pipeline_name
from platerunner.cli.samplesheet import Sheet, read_samplesheet

NAME = "cell-painting"
DYES = ("DNA", "ER", "RNA", "AGP", "Mito")  # as the shipped pipelines name the channels
_PACKED = Path(__file__).parents[1] / "shipped"
_CHECKOUT = Path(__file__).parents[3] / "dag_specs"
# Layout of the Cell Painting Gallery below `workspace/`: what outputs begin or end with, and what there.
_GALLERY = (
    ("features/{plate}/{well}/", "analysis/@/{plate}/analysis/{plate}-{well}/"),
    ("profiles/{plate}/{plate}_cells.parquet", "backend/@/{plate}/{plate}.parquet"),
    ("_feature_select.parquet", "_feature_select_batch.csv.gz"),
    ("profiles/consensus.parquet", "consensus/@/consensus.csv.gz"),
    ("profiles/report/", "profiles/@/report/"),
    ("profiles/{plate}/", "profiles/@/{plate}/"),
    *((f"{level}.parquet", f"{level}.csv.gz") for level in ("profiles/@/{plate}/{plate}", "_augmented", "_normalized")),
)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person says besides the samplesheet.

    :param dyes: channel of the samplesheet to the dye that it shows.
    :param treatment: its column that replicates share; empty for `treatment`, if there is one.
    :param control: the value of that column in control wells; empty to normalise against all.
    :param gallery: batch, for the layout of the Cell Painting Gallery; empty for a plainer one.
    """

    dyes: Mapping[str, str] = field(default_factory=dict)
    treatment: str = ""
    control: str = ""
    gallery: str = ""


def write_starter(samplesheet: Path, folder: Path | None, wishes: Wishes) -> Path:
    """Write spec, pipelines, samplesheet and plate map into a new folder.

    :param samplesheet: a row per file, or LoadData's row per image set.
    :param folder: the new one; None for one named like the samplesheet.
    :returns: the spec.
    """
    sheet = read_samplesheet(samplesheet)
    renamed = _renamed(sheet, wishes.dyes)
    column = _treatment(sheet, wishes.treatment, wishes.control)
    target = folder or Path(pipeline_name(samplesheet.name.partition(".")[0]))
    if target.exists():
        fail(f"{target} is there already. Delete it, or name another with --out.")
    shutil.copytree(shipped("pipelines/cell_painting"), target / "pipelines")
    shutil.copyfile(samplesheet, target / samplesheet.name)
    if column:
        _write_platemap(sheet, column, target / "platemap.csv")
    root = sheet.root or str(samplesheet.resolve().parent)
    spec = target / f"{pipeline_name(target.name)}.yaml"
    head = _head(spec.stem, column, wishes.control)
    lines = [*head, "", *_dataset(samplesheet.name, root, sheet, renamed), _steps(wishes.gallery)]
    spec.write_text("\n".join(lines), encoding="utf-8")
    _tell(sheet, target, column)
    return spec


def _renamed(sheet: Sheet, dyes: Mapping[str, str]) -> dict[str, str]:
    """The channels that have to be renamed, so that all dyes of the pipelines are there."""
    names = {channel: dyes.get(channel, channel) for channel in sheet.channels}
    if missing := [dye for dye in DYES if dye not in names.values()]:
        there, remedy = ", ".join(sheet.channels), f"Name them: --channel CHANNEL={missing[0]}"
        fail(f"No channel shows {', '.join(missing)}; the samplesheet has {there}. {remedy}.")
    return {channel: name for channel, name in names.items() if channel != name}


def _treatment(sheet: Sheet, named: str, control: str) -> str:
    column = named or next((column for column in sheet.others if column.lower() == "treatment"), "")
    if column and column not in sheet.others:
        others = ", ".join(sheet.others) or "no others"
        fail(f"The samplesheet has no column `{column}` of treatments; there are {others}.")
    if control and not any(row.get(column) == control for row in sheet.rows):
        fail(f"No row has `{control}` as its {column or 'treatment'}, so there is no control.")
    return column


def _write_platemap(sheet: Sheet, column: str, target: Path) -> None:
    """What the samplesheet says of wells: columns that all images of a well share."""
    wells: dict[tuple[str, str], list[Mapping[str, str]]] = {}
    for row in sheet.rows:
        wells.setdefault((row[sheet.columns["plate"]], row[sheet.columns["well"]]), []).append(row)
    shared = [c for c in sheet.others if all(len({row[c] for row in rows}) == 1 for rows in wells.values())]
    if column not in shared:
        well = next(w for (_, w), rows in wells.items() if len({row[column] for row in rows}) > 1)
        fail(f"Well {well} has several values of `{column}`, so they are no treatment of the well.")
    with target.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["plate", "well_position", *shared])
        writer.writerows([plate, well, *(rows[0][c] for c in shared)] for (plate, well), rows in wells.items())


def _head(name: str, column: str, control: str) -> list[str]:
    """The shipped spec down to its dataset, with this screen's name and params."""
    text = shipped("cell_painting.yaml").read_text(encoding="utf-8")
    params = {"pipelines": "pipelines"}
    params |= {"platemap": "platemap.csv", "replicates": column} if column else {}
    params |= {"controls": f"{_quoted(f'Metadata_{column}')} == {control!r}"} if control else {}
    dropped = ("#", "pipeline:", "owner:", "include:", "workspace:", "  batch:")
    head = text[: text.index("\ndataset:")].splitlines()
    version, *others = [with_default(line, params) for line in head if not line.startswith(dropped)]
    return [version, f"pipeline: {name}", f'workspace: "{{{{ workspace_root }}}}/{name}"', *others]


def _steps(gallery: str) -> str:
    text = shipped("cell_painting.yaml").read_text(encoding="utf-8")
    steps = text[text.index("\ndefaults:") :]
    for ours, theirs in _GALLERY if gallery else ():
        steps = steps.replace(ours, theirs)
    return steps.replace("/@/", f"/{gallery}/")


def _quoted(column: str) -> str:
    """A column in a question to a table."""
    return column if column.isidentifier() else f"`{column}`"


def with_default(line: str, params: Mapping[str, Any]) -> str:
    """A param's line with another default."""
    name, _, settings = line.strip().partition(": ")
    if name not in params or not line.startswith("  "):
        return line
    loaded = yaml.safe_load(settings)
    loaded["default"] = [params[name]] if loaded["type"] == "array" else params[name]
    return f"  {name}: {yaml.safe_dump(loaded, default_flow_style=True, sort_keys=False, width=1000).strip()}"


def _dataset(table: str, root: str, sheet: Sheet, renamed: Mapping[str, str]) -> Iterator[str]:
    def flow(value: object) -> str:
        return yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=1000).strip().removesuffix("\n...")

    yield from ("dataset:", f"  root: {flow(root)}", "  files:", "    painting:")
    yield from (
        f"      table: {flow(table)}",
        f"      path: {flow(sheet.path)}",
        f"      columns: {flow(dict(sheet.columns))}",
    )
    yield "      complete: [site, channel]    # a well without all of them fails instead of passing with less"
    if renamed:
        yield f"      rename: {{channel: {flow(dict(renamed))}}}"
    yield f'  where: {{plate: "{{{{ params.plates }}}}", channel: {flow(list(DYES))}}}'


def _tell(sheet: Sheet, target: Path, column: str) -> None:
    plates = len({row[sheet.columns["plate"]] for row in sheet.rows})
    out.print(f"{target}: spec, pipelines and samplesheet of {plates} plate{'s' if plates > 1 else ''}", markup=False)
    if not column:
        out.print(
            "The samplesheet has no column `treatment`: there will be profiles of wells, but no consensus and no "
            "pictures of replicates. Name the column with --treatment, or give the param `platemap` later.",
            markup=False,
        )


def shipped(name: str) -> Path:
    """A spec, or a folder of pipelines, that comes with Platerunner."""
    return next(path for path in (_PACKED / name, _CHECKOUT / name) if path.exists())

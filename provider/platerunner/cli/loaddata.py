"""`platerunner loaddata`: for people who want the spec, not the pipeline, to decide which file is which image."""

from pathlib import Path
from typing import Annotated

import typer

from platerunner.cli.console import err, fail, out
from platerunner.cli.loaddata_form import LoadDataForm, NoLoadDataFormError, convert

PipelineFile = Annotated[
    Path, typer.Argument(help="A .cppipe that reads by Images, Metadata, NamesAndTypes.", exists=True, dir_okay=False)
]
OutOption = Annotated[
    Path | None, typer.Option("--out", "-o", help="The new file; without it, NAME_loaddata.cppipe beside the pipeline.")
]


def loaddata(pipeline: PipelineFile, *, out_file: OutOption = None) -> None:
    """Write a CellProfiler pipeline's LoadData form to a new file, and print the lines that a step needs for it."""
    target = out_file or pipeline.with_name(f"{pipeline.stem}_loaddata.cppipe")
    form = _converted(pipeline)
    try:
        with target.open("xb") as file:
            file.write(form.content)
    except FileExistsError:
        fail(f"{target} is there already. Delete it, or name another with --out.")
    except OSError as error:
        fail(f"{target} cannot be written: {error.strerror}.")
    for remark in form.remarks:
        err.print(remark, style="yellow", markup=False)
    out.print(f"# {target}: LoadData in place of Images, Metadata, NamesAndTypes and Groups.", markup=False)
    out.print(lines(form, target.name), markup=False)


def _converted(pipeline: Path) -> LoadDataForm:
    if not pipeline.is_file():
        fail(f"{pipeline} is no regular file; name a CellProfiler pipeline.")
    try:
        return convert(pipeline)
    except NoLoadDataFormError as error:
        fail(str(error))
    except OSError as error:
        fail(f"{pipeline} cannot be read: {error.strerror}. Name a CellProfiler pipeline.")


def lines(form: LoadDataForm, name: str) -> str:
    """The lines of a step that runs the new pipeline.

    :param name: of its file.
    """
    keys = ", ".join(f"{key}: {key[:1].lower()}{key[1:]}" for key in form.metadata)
    metadata = f"{{{keys}}}" if keys else "[plate, well, site]"
    return f"""\
    inputs: {{images: dataset.raw}}
    with: {{pipeline: {name}}}
    load_data:
      images: {{"{{channel}}": images}}    # {{channel}} is {" or ".join(form.images)}; `rename` makes others so
      metadata: {metadata}    # each with its wildcard"""

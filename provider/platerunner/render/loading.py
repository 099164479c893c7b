"""All specs of a folder into a DAG file's namespace; a broken one hides only itself."""

import gc
import logging
import os
import re
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, get_parsing_context

from platerunner.documents.problems import DocumentError
from platerunner.documents.reader import content
from platerunner.render.dag import build_dag
from platerunner.spec.loader import is_shared, load_pipeline
from platerunner.spec.model import OnAssets, OnConfig, OnUpload, Pipeline
from platerunner.spec.problems import SpecError
from platerunner.spec.together import check_together

log = logging.getLogger(__name__)
_BROKEN = "_broken_specs.py"
_NAME = re.compile(rb"^pipeline:[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)


class BrokenSpecsError(Exception):
    """What is wrong with specs, with lines and remedies."""

    __module__ = "platerunner.render"  # Airflow's UI shows it before the message
    # Airflow writes the traceback into the import error; it would tell the person who wrote the specs nothing.
    __traceback__ = None


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Let nothing look for garbage: DAGs are not, and walking through all of Airflow took a quarter of the time."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


@_no_collecting()
def load_dags(
    source: str | os.PathLike[str], namespace: dict[str, Any], default_args: Mapping[str, Any] | None = None
) -> None:
    """Put a DAG per spec where Airflow finds it.

    At a task's start only the spec of that task's DAG is read, with what it includes. What is wrong with a spec goes to
    the log, and, by :func:`show_broken_specs`, into the UI.

    :param source: a folder of ``*.yaml`` files, or one file; ``_*.yaml`` are parts that specs include, no specs.
    :param namespace: the DAG file's ``globals()``.
    :param default_args: Airflow's, for every task of every DAG, e.g. ``{"on_failure_callback": [SlackNotifier(...)]}``.
    """
    all_good = True
    for name, built in _built(_wanted(_specs(Path(source)), get_parsing_context().dag_id), default_args):
        if isinstance(built, DAG):
            namespace[f"dag_{built.dag_id}"] = built
            continue
        log.error("%s: %s", name, built)
        all_good = False
    if not all_good and (beside := _missing_beside(namespace.get("__file__"))):
        log.warning("Airflow's UI does not show this: write %s, which calls show_broken_specs", beside)


def show_broken_specs(*sources: str | os.PathLike[str]) -> None:
    """Make what is wrong with specs the import error of the file that calls this, and has no DAG.

    Airflow keeps one import error per DAG file, takes all DAGs of that file for broken, and deletes at every refresh of
    a bundle what stands under any other name. In a file without a DAG, `lab_broken_specs.py` beside `lab_dags.py`, the
    error stays until the specs are fixed, and stops no DAG. `docs/upstream-import-errors.md` proposes to Airflow what
    would make that file needless.

    :param sources: what :func:`load_dags` is given, in whatever DAG files.
    :raises BrokenSpecsError: if there is anything wrong.
    """
    paths = [path for source in sources for path in _specs(Path(source))]
    with _no_collecting():
        broken = [(name, built) for name, built in _built(paths, None) if not isinstance(built, DAG)]
    if broken:
        count = f"{len(broken)} of {len(paths)} specs {'is' if len(broken) == 1 else 'are'} broken; the others load."
        raise BrokenSpecsError("\n\n".join([count, *(f"{name}\n{message}" for name, message in broken)]))


def specs_of(dag_file: str) -> Path:
    """Where the specs of a DAG file are: where PLATERUNNER_DAG_SPECS says, else in `dag_specs` beside or in its folder.

    :param dag_file: its ``__file__``.
    """
    if named := os.environ.get("PLATERUNNER_DAG_SPECS"):
        return Path(named)
    here = Path(dag_file).resolve().parent
    places = (here.parent / "dag_specs", here / "dag_specs")
    return next(filter(Path.is_dir, places), places[0])


def _missing_beside(dag_file: str | None) -> Path | None:
    """The file beside a DAG file that would show what is wrong with its specs; None if it is there.

    :param dag_file: its ``__file__``; None if it has none.
    """
    if dag_file is None:
        return None
    path = Path(dag_file)
    beside = path.with_name(path.stem.removesuffix("_dags") + _BROKEN)
    return None if beside.is_file() else beside


def _built(paths: Iterable[Path], default_args: Mapping[str, Any] | None) -> Iterator[tuple[str, DAG | str]]:
    """Each spec's name, with its DAG, or with what is wrong with it."""
    before: list[Pipeline] = []
    for path in paths:
        name = f"{path.parent.name}/{path.name}"
        try:
            dags = _build(path, before, default_args)
        except SpecError as error:
            yield name, str(error)
        except Exception:
            yield name, traceback.format_exc()
        else:
            yield from ((name, dag) for dag in dags)


def _build(path: Path, before: list[Pipeline], default_args: Mapping[str, Any] | None) -> list[DAG]:
    """The DAG of a spec, which joins those read before it, and the one that starts its runs, if there is one."""
    pipeline = load_pipeline(path)
    if problems := check_together(pipeline, before):
        raise SpecError(problems)
    dags = [build_dag(pipeline, default_args)]
    before.append(pipeline)
    if isinstance(pipeline.schedule, OnUpload | OnConfig | OnAssets):
        from platerunner.render.launching import launching_dags  # most specs need none

        dags += launching_dags(pipeline)
    return dags


def _specs(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    found = source.iterdir() if source.is_dir() else ()
    return sorted(path for path in found if path.suffix in (".yaml", ".yml") and not is_shared(path))


def _wanted(paths: list[Path], dag_id: str | None) -> Iterator[Path]:
    """The specs to be read: all, or those that may be the DAG's."""
    # The DAG that starts the runs of a pipeline has its name, and a word behind a dot.
    mine = [path for path in paths if _name(path) == dag_id.partition(".")[0]] if dag_id else []
    return iter(mine or paths)


def _name(path: Path) -> str | None:
    """The pipeline of a spec, without reading it as YAML; None where that is not plain."""
    try:
        match = _NAME.search(content(path))
    except DocumentError:
        return None  # another DAG's: it is reported where all specs are read
    return match[1].decode(errors="replace") if match else None

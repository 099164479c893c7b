"""`platerunner new lab`: a lab's own repository from a template, and a newer template taken into one."""

import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from platerunner.catalog.loader import catalog_schema
from platerunner.cli.console import fail, out
from platerunner.spec.schema import schema, shared_schema

NAME = "lab"
TEMPLATE = Path(__file__).parents[1] / "lab_template"
RECORD = ".platerunner/template.json"
FORMAT = 1
PLATE = "Hello1"
Files = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Written:
    """What a template wrote into a repository.

    :param answers: to its questions.
    :param files: path to text; what people made of them since is in the repository.
    """

    version: str
    answers: Mapping[str, str]
    files: Files


def write_lab(folder: Path, answers: Sequence[str]) -> None:
    """Write a new repository.

    :param folder: a new one, or an empty one.
    :param answers: ``key=value`` each; the template's defaults where there is none.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        fail(
            f"{folder} is there already. Name a new folder, `platerunner new {NAME} FOLDER`; take a newer template "
            f"into it with --update; or, if it holds images, write `platerunner new ./{folder.name}`."
        )
    written = _render(_read_answers(answers, {}))
    for path, text in written.files.items():
        _put(folder / path, text)
    _put_schemas(folder)
    _put_plate(folder / "plates")
    _put_record(folder, written)
    out.print(f"{folder}: a repository for pipelines, with {', '.join(_told(written))}", markup=False)
    out.print(f"Next: cd {folder} && git init && make hello; README.md tells the rest.", markup=False)


def update_lab(folder: Path, answers: Sequence[str]) -> None:
    """Take the template of this version into a repository; ends with 1 where a person has to decide.

    :param folder: the repository.
    :param answers: those that change.
    """
    before = _read_record(folder)
    _refuse_uncommitted(folder)
    after = _render(_read_answers(answers, before.answers))
    doubtful = [path for path in sorted({*before.files, *after.files}) if _update_file(folder, path, before, after)]
    _put_schemas(folder)
    _put_record(folder, after)
    if doubtful:
        fail(f"Both you and the template changed {', '.join(doubtful)}: look for `<<<<<<<` there, and decide.", code=1)
    out.print(f"{folder}: from the template of {before.version} to that of {after.version}", markup=False)


def _update_file(folder: Path, path: str, before: Written, after: Written) -> bool:
    """Take over what the template changed in a file; whether people and the template changed the same lines."""
    base, theirs = before.files.get(path), after.files.get(path)
    target = folder / path
    mine = target.read_text(encoding="utf-8") if target.is_file() else None
    if theirs in (base, mine) or (mine is None and base is not None):
        return False  # nothing new, or there already, or deleted by people
    if theirs is None:
        if mine == base:
            target.unlink()
        news = "removed" if mine == base else "is not the template's any more; yours stays"
        out.print(f"  {path}: {news}", markup=False)
        return False
    if mine in (None, base):
        merged, conflicts = theirs, False
    else:
        merged, conflicts = _merge(str(mine), base or "", theirs)
    _put(target, merged)
    out.print(f"  {path}: {'new' if mine is None else 'CONFLICT' if conflicts else 'updated'}", markup=False)
    return conflicts


def _merge(mine: str, base: str, theirs: str) -> tuple[str, bool]:
    """The changes of both, and whether they met."""
    with tempfile.TemporaryDirectory(prefix="platerunner-") as name:
        texts = {"mine": mine, "base": base, "theirs": theirs}
        for label, text in texts.items():
            Path(name, label).write_text(text, encoding="utf-8")
        labels = [word for label in ("yours", "template before", "template") for word in ("-L", label)]
        done = _run_git("merge-file", "--stdout", *labels, *texts, folder=Path(name))
    if done.returncode < 0 or done.returncode > 127:
        fail(f"git cannot merge: {done.stderr.strip()}")
    return done.stdout, done.returncode > 0


def _refuse_uncommitted(folder: Path) -> None:
    """A merge that went wrong has to be undone by one command of git."""
    done = _run_git("status", "--porcelain", "--untracked-files=no", "--", ".", folder=folder)
    if done.returncode == 0 and done.stdout:
        fail(f"{folder} has changes that are not committed: commit or stash them, then update.")


def _run_git(*words: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        fail("git is needed to take a newer template in: install it, then run the command again.")


def _read_answers(texts: Sequence[str], known: Mapping[str, str]) -> dict[str, str]:
    questions = _questions()
    answers = {key: value for key, value in known.items() if key in questions}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or key not in questions:
            fail(f"--answer {text}: write KEY=VALUE, where KEY is one of {', '.join(questions)}.")
        answers[key] = value
    return answers


def _questions() -> list[str]:
    return [key for key in yaml.safe_load((TEMPLATE / "copier.yml").read_text("utf-8")) if key[0] != "_"]


def _render(answers: Mapping[str, str]) -> Written:
    """The template under answers, those that are missing at their defaults."""
    try:
        from copier import run_copy
        from copier.errors import CopierError
    except ModuleNotFoundError:
        fail('The template is copier\'s, which is not here: pip install "airflow-provider-platerunner[local,new]"')
    ours = version("airflow-provider-platerunner")
    with tempfile.TemporaryDirectory(prefix="platerunner-") as name:
        try:
            made = run_copy(
                str(TEMPLATE), name, data={**answers, "version": ours}, defaults=True, quiet=True, overwrite=True
            )
        except (CopierError, ValueError) as error:
            fail(f"The template does not take these answers: {error}")
        told = {key: str(made.answers.combined[key]) for key in _questions()}
        return Written(ours, told, dict(_texts(Path(name))))


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8")


def _told(written: Written) -> Iterator[str]:
    for key, value in written.answers.items():
        yield f"{key} {value}"


def _read_record(folder: Path) -> Written:
    path = folder / RECORD
    if not path.is_file():
        fail(f"{folder} is not from the template: {RECORD} is missing. Start a repository with `platerunner new lab`.")
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            fail(f"{path} was written by Platerunner {data['version']}: install that or a newer one, then update.")
        return Written(data["version"], data["answers"], data["files"])
    except (ValueError, KeyError, TypeError) as error:
        fail(f"{path} is damaged ({type(error).__name__}): take it back from git, `git checkout -- {RECORD}`.")


def _put_record(folder: Path, written: Written) -> None:
    """Written last: an update that was killed is made again, and finds what it did."""
    data = {"format": FORMAT, "version": written.version, "answers": written.answers, "files": written.files}
    _put(folder / RECORD, json.dumps(data, indent=1) + "\n")


def _put_schemas(folder: Path) -> None:
    schemas = {"pipeline": schema(), "shared": shared_schema().raw, "catalog": catalog_schema().raw}
    for name, raw in schemas.items():
        _put(folder / f".vscode/{name}.schema.json", json.dumps(raw, indent=2) + "\n")


def _put_plate(folder: Path) -> None:
    try:
        from platerunner.local.demo_plate import make_plate  # with numpy, which takes its time
    except ModuleNotFoundError:
        fail('The small plate needs numpy: pip install "airflow-provider-platerunner[local,new]"')
    make_plate(folder, plate=PLATE, wells=3, sites=1, size=128)


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")

"""Files and folders that a spec names: below its own folder, wherever links may lead."""

import os
from pathlib import Path

from platerunner.documents.problems import suggest


class NamedFileError(Exception):
    """A name stands for no file that a spec may use.

    :param message: what is wrong, as a clause.
    :param remedy: what to do, as a sentence.
    :param code: of the problem.
    """

    def __init__(self, message: str, remedy: str, code: str) -> None:
        super().__init__(f"{message}. {remedy}")
        self.message, self.remedy, self.code = message, remedy, code


def find(folder: Path, name: str, *, kind: str) -> Path:
    """The file or folder that a spec names.

    :param folder: of the spec.
    :param name: relative to it.
    :param kind: ``file`` or ``folder``.
    :returns: its path under the name given; only what is checked has its links resolved.
    :raises NamedFileError: if it is not there, or not below the folder.
    """
    if "\0" in name or not name:
        raise NamedFileError("not a file name", "Write a path relative to this spec.", "missing-file")
    base = os.path.realpath(folder)
    path = os.path.realpath(os.path.join(base, name))  # noqa: PTH118  (four times as fast as pathlib's, for each spec)
    there = os.path.isdir(path) if kind == "folder" else os.path.isfile(path)  # noqa: PTH112, PTH113
    if path != base and not path.startswith(os.path.join(base, "")):  # noqa: PTH118
        remedy = "Move it next to the spec and name it relatively."
        raise NamedFileError(f"`{name}` is not below the folder of this spec", remedy, "foreign-file")
    if not there:
        message = f"there is no {kind} `{name}` (looked for it in `{folder}`)"
        raise NamedFileError(message, _nearest(Path(path), kind), "missing-file")
    return (folder / name).absolute()


def _nearest(path: Path, kind: str) -> str:
    try:
        names = [item.name for item in path.parent.iterdir() if item.is_dir() == (kind == "folder")]
    except OSError:
        return f"There is no folder `{path.parent.name}` either; check the path."
    return suggest(path.name, names, f"{kind}s there")

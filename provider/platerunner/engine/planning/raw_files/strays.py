"""Objects under a data root that are not data, and those that match no pattern of the dataset."""

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache

from platerunner.spec.derived import bare_of
from platerunner.spec.file_patterns import FolderPattern, TablePattern
from platerunner.spec.microscopes import presets
from platerunner_unit.contract.keys import PREFIX
from platerunner_unit.contract.patterns import Pattern
from platerunner_unit.contract.storage import StoredObject

# Files that systems leave for themselves; every name that begins with a dot counts, too.
_OWN_NAMES = ("Thumbs.db", "ehthumbs.db", "desktop.ini", "_$folder$")
_OF_SPECS = (".yaml", ".yml", ".cppipe", ".cpproj")
"""Specs, and pipelines beside them: people keep them with their images, too."""
_NEAR = 300
"""Names among which the nearest are looked for: to compare 2,000 takes half a second."""


class Strays:
    """Tells which objects are not data, and which are left over.

    :param patterns: of the whole dataset.
    :param markers: whether folders have markers: empty objects, which a LIST names without the slash at their end.
    :param workspace: what the workspace's keys begin with if it lies among the data; empty if not.
    """

    def __init__(self, patterns: Iterable[Pattern], *, markers: bool, workspace: str = "") -> None:
        self._markers = markers
        self._workspace = workspace
        self._patterns = tuple(patterns)
        bare = map(bare_of, self._patterns)
        self._folders = tuple(each for each in bare if isinstance(each, FolderPattern))
        # A table chooses among the files, so no warning names the others.
        self._chosen = any(isinstance(bare_of(each), TablePattern) for each in self._patterns)
        self._hidden = any(part.startswith(".") for each in self._patterns for part in each.text.split("/"))

    def is_data(self, found: StoredObject) -> bool:
        """Whether it may be what a microscope wrote: no hidden file, no system's own, no marker of a folder.

        A pattern that names a hidden file or folder itself gets these.
        """
        key = found.key
        if not self._hidden and (key[0] == "." or "/." in key):
            return False
        if key.endswith(_OWN_NAMES) or "__MACOSX/" in key or "@eaDir/" in key:
            return False
        return found.size != 0 or not self._markers or "." in key[key.rfind("/") + 1 :]

    def is_left_over(self, found: StoredObject) -> bool:
        """Whether it is data that matches no pattern; specs are not, nor what a workspace holds."""
        return (
            not self._chosen
            and self.is_data(found)
            and not found.key.endswith(_OF_SPECS)
            and not (self._patterns and _is_of_microscope(found.key[found.key.rfind("/") + 1 :]))
            and not (self._workspace and found.key.startswith(self._workspace))
            and not found.key.startswith(f"{PREFIX}/")
            and f"/{PREFIX}/" not in found.key
            and all(pattern.match(found.key) is None for pattern in self._patterns)
            and not any(folder.holds(found.key) for folder in self._folders)
        )


def _is_of_microscope(name: str) -> bool:
    """Whether a microscope writes a file of this name beside its images: an index, or what its channels are."""
    return any(pattern.match(name) is not None for pattern in _files_of_microscopes())


@cache
def _files_of_microscopes() -> tuple[Pattern, ...]:
    told = (each for preset in presets().values() for each in (preset.index, preset.channels) if each is not None)
    return tuple(Pattern.parse(text) for text in dict.fromkeys(each.file for each in told))


def left_over_note(count: int, others: Iterable[str], patterns: Iterable[Pattern], root: str) -> str:
    """Says how many files no pattern takes, with those that come nearest to one.

    :param others: names of some of them.
    :param root: of the dataset.
    """
    names = sorted(others)[:_NEAR]
    near = dict.fromkeys(name for each in patterns for name in get_close_matches(each.text, names, n=2, cutoff=0.0))
    shown = ", ".join(f"`{name}`" for name in list(near)[:3])
    what = "file matches" if count == 1 else "files match"
    return f"{count:,} {what} no pattern of the dataset under {root}, such as {shown}"

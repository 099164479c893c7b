"""Airflow reads the specs again when one has changed, and only then."""

import os
from pathlib import Path

import pytest

from platerunner.cli.run.changes import ONCE_MORE_S, Changes


class Watched:
    """A folder of specs, the DAG file that is made of them, and a clock that a test moves."""

    def __init__(self, folder: Path) -> None:
        self.now = 100.0
        self.specs, self.dag_file = folder / "specs", folder / "dags.py"
        (self.specs / "lab").mkdir(parents=True)
        self.write("one.yaml", "pipeline: one")
        self.dag_file.touch()
        self.changes = Changes(self.specs, [self.dag_file], lambda: self.now)

    def write(self, name: str, text: str) -> None:
        (self.specs / name).write_text(text)

    def marks(self) -> bool:
        """Whether a look marks the DAG file."""
        os.utime(self.dag_file, (1, 1))
        self.changes.look()
        return self.dag_file.stat().st_mtime > 1


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


CHANGES = {
    "edited": lambda at: at.write("one.yaml", "pipeline: two!"),
    "saved with the same text": lambda at: os.utime(at.specs / "one.yaml", (5, 5)),
    "added": lambda at: at.write("two.yaml", "pipeline: two"),
    "added to a catalogue below": lambda at: at.write("lab/modules.yaml", "modules: {}"),
    "removed": lambda at: (at.specs / "one.yaml").unlink(),
    "renamed": lambda at: (at.specs / "one.yaml").rename(at.specs / "other.yaml"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_told_once_and_once_more_some_seconds_later(watched: Watched, change: str) -> None:
    assert not watched.marks()
    CHANGES[change](watched)
    assert watched.marks()
    assert not watched.marks(), "a file that is reported again and again is read again and again"
    watched.now += ONCE_MORE_S
    assert watched.marks(), "Airflow may have been reading as the file changed, and then ignores the change"
    watched.now += 10 * ONCE_MORE_S
    assert not watched.marks()


def test_a_folder_that_is_gone_for_a_while_is_no_error(watched: Watched) -> None:
    watched.specs.rename(watched.specs.with_name("away"))
    assert watched.marks()
    watched.specs.with_name("away").rename(watched.specs)
    assert watched.marks()


@pytest.mark.parametrize("place", [".git/HEAD", "lab/a/b/c.yaml"])
def test_hidden_and_deep_folders_are_not_looked_into(watched: Watched, place: str) -> None:
    assert not watched.marks()
    (watched.specs / place).parent.mkdir(parents=True)
    watched.write(place, "much")
    assert not watched.marks()


def test_a_link_that_leads_nowhere_is_no_error(watched: Watched) -> None:
    (watched.specs / "broken.yaml").symlink_to("nowhere")
    assert not watched.marks()

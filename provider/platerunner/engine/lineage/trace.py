"""Follows a file back to raw files, from outcome to outcome."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from platerunner.engine.lineage.model import DATA, WORKSPACE, Attempt, File, Lineage
from platerunner.engine.lineage.search import OutcomeSearch, names_of, wrote
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.outcome import Outcome, OutputRecord


def trace(search: OutcomeSearch, written: Sequence[tuple[Outcome, OutputRecord]]) -> Lineage:
    """All that files were made of.

    :param search: of their workspace.
    :param written: the files, each with the attempt that wrote it.
    """
    lineage = Lineage()
    for outcome, output in written:
        file = _output_file(search, outcome, output)
        lineage.files[file.id] = file
        lineage.targets.append(file.id)
    todo = {outcome.key: outcome for outcome, _ in written}
    while todo:
        found = _inputs_of_all(search, list(todo.values()))
        wanted: dict[str, Outcome] = {}
        for outcome in todo.values():
            inputs = {name: list(_files(search, outcome, files, found)) for name, files in _named_inputs(outcome)}
            for file, maker in (pair for pairs in inputs.values() for pair in pairs):
                lineage.files.setdefault(file.id, file)
                if maker is not None:
                    wanted[maker.key] = maker
            ids = {name: [file.id for file, _ in pairs] for name, pairs in inputs.items()}
            lineage.attempts[outcome.key] = Attempt(outcome, ids)
        todo = {key: outcome for key, outcome in wanted.items() if key not in lineage.attempts}
    return lineage


def writer_now(writers: Sequence[Outcome], sha256: str = "") -> Outcome:
    """The attempt that wrote a file as it is now.

    :param writers: at least one, the last one last.
    :param sha256: of what is there; empty if that is not known.
    """
    good = [each for each in writers if each.verdict.category == Category.SUCCEEDED.value] or list(writers)
    same = [each for each in good if any(output.sha256 == sha256 for output in each.outputs)]
    return (same or good)[-1]


def _inputs_of_all(search: OutcomeSearch, outcomes: Iterable[Outcome]) -> Mapping[str, list[Outcome]]:
    """Key to writers of all inputs that steps wrote."""
    listed = (file for each in outcomes for _, files in _named_inputs(each) for file in files)
    return search.writers_of_all(file[1] for file in listed if file[0] == WORKSPACE)


def _named_inputs(outcome: Outcome) -> list[tuple[str, list[list[Any]]]]:
    return list((outcome.ingredients.get("inputs") or {}).items())


def _files(
    search: OutcomeSearch, outcome: Outcome, files: Iterable[Sequence[Any]], writers: Mapping[str, list[Outcome]]
) -> Iterator[tuple[File, Outcome | None]]:
    """Files that an attempt has read, each with the attempt that wrote it, if it is on record."""
    contents: Mapping[str, Mapping[str, str]] = outcome.ingredients.get("contents") or {}
    for root, key, size, etag, *_ in files:
        sha256 = contents.get(root, {}).get(key, "")
        if root == DATA:
            yield File(DATA, key, size, etag or "", sha256), None
            continue
        maker = _read_from(writers.get(key, []), outcome, key, sha256)
        if maker is None:
            url = search.workspace.url_of(key)
            yield File(WORKSPACE, key, size, etag or "", sha256, url=url), None
            continue
        output = wrote(maker, names_of(key))
        assert output is not None
        yield _output_file(search, maker, output, etag or ""), maker


def _read_from(writers: Sequence[Outcome], reader: Outcome, key: str, sha256: str) -> Outcome | None:
    """The attempt whose file a later one has read: the one with its content, else the last that ended before.

    :param sha256: of what was read; empty if the reader did not note it.
    """
    if sha256:
        same = [each for each in writers if (output := wrote(each, names_of(key))) and output.sha256 == sha256]
        return same[-1] if same else None
    began = str(reader.timing.get("started", ""))
    before = [each for each in writers if str(each.timing.get("ended", "")) <= began]
    return before[-1] if before else None


def _output_file(search: OutcomeSearch, outcome: Outcome, output: OutputRecord, etag: str = "") -> File:
    url = search.workspace.url_of(output.key)
    return File(WORKSPACE, output.key, output.size, etag, output.sha256, made_by=outcome.key, url=url)


def with_data_root(lineage: Lineage, url: str) -> None:
    """Say of raw files where they are.

    :param url: of the data root; empty if it is not known.
    """
    for id_, file in lineage.files.items():
        if file.root == DATA and url:
            lineage.files[id_] = replace(file, url=f"{url.rstrip('/')}/{file.key}")

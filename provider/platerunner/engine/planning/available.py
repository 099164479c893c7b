"""What a step may use as input: files of the dataset, of steps before it, of the workspace."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Any

from platerunner.engine.planning.branch import Branch
from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.files import Files
from platerunner.engine.planning.listing import folders_of, list_matching
from platerunner.engine.records.done import Current
from platerunner.spec.dataset import FileSet
from platerunner.spec.derived import deriving
from platerunner.spec.file_patterns import FolderPattern, with_planes
from platerunner.spec.file_patterns import pattern_of as spec_pattern_of
from platerunner.spec.steps import ALL, InputRef, Member, Output, Step
from platerunner_unit.contract.keys import PREFIX
from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.patterns import Pattern, PatternError
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.unit_keys import unit_id


@dataclass(frozen=True, slots=True)
class Excluded:
    """A file that is left out.

    :param values: its wildcards.
    :param because: the reason in the spec.
    """

    values: Mapping[str, Any]
    because: str


@dataclass(frozen=True, slots=True)
class Available:
    """The files of one input, before they are split among units.

    :param ref: as the spec names it, e.g. ``illum_calc.illum``.
    :param pattern: of the keys.
    :param files: those that may be used; without size if a step has still to write them.
    :param listed: objects that matched the pattern, with those that do not count.
    :param excluded: files that the spec leaves out.
    :param absent: files that should be there and are not.
    :param absent_from: the wildcards of what is incomplete without them, e.g. plate and well. A unit that gathers
        several of these takes the files that are there, so that one well without an image does not stop its plate.
    :param promised: keys that a step before this one has still to write, with the step's name.
    :param awaited: keys that it cannot write before its own inputs have come, with the step's name.
    :param notes: what a person should know, as sentences.
    :param nowhere: wildcard to values that `where` asks for and that no file has, as in the keys.
    :param renamed: wildcards whose values go by other names than in the keys, or are made of others, so that the values
        count beside the keys.
    :param dispensable: whether a unit that gathers it runs also where there is no file of it at all.
    """

    ref: str
    pattern: Pattern
    files: Files
    listed: int = 0
    excluded: tuple[Excluded, ...] = ()
    absent: tuple[InputFile, ...] = ()
    absent_from: tuple[str, ...] = ()
    promised: Mapping[str, str] = field(default_factory=dict)
    awaited: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    renamed: tuple[str, ...] = ()
    nowhere: Mapping[str, Set[str]] = field(default_factory=dict)
    dispensable: bool = False


def of_branch(available: Available, branch: Branch | None) -> Available:
    """What a branch has of an input; all of it if it has no wildcard that tells branches apart.

    :param branch: None for what is in no branch.
    """
    if branch is None or branch.wildcard not in available.pattern.wildcards:
        return available
    return replace(
        available,
        files=available.files.where(branch.has),
        absent=tuple(file for file in available.absent if branch.has(file.values)),
        excluded=tuple(each for each in available.excluded if branch.has(each.values)),
    )


def parse_pattern(text: str, what: str) -> Pattern:
    """Read a pattern of a spec.

    :param what: what it is, for the message.
    :raises PlanningError: if it cannot be read.
    """
    try:
        return Pattern.parse(text)
    except PatternError as error:
        raise PlanningError(f"{what}: `{text}`, column {error.column}: {error.message}") from error


def pattern_of(files: FileSet) -> Pattern:
    """The pattern of a file set, with the wildcards that are made of others.

    :raises PlanningError: if it cannot be read.
    """
    if files.table is None:
        pattern = parse_pattern(files.pattern, f"dataset.{files.name}")
        return with_planes(deriving(FolderPattern(pattern) if files.folder else pattern, files.derive), files.planes)
    return spec_pattern_of(files)


def from_step(
    upstream: Step, output: Output, workspace: Storage, current: Current | None, branch: Branch | None = None
) -> Available:
    """The files of a step's output that this run stands by.

    :param upstream: the step that writes them.
    :param output: of that step.
    :param workspace: holds them, and perhaps others of units that failed or that no longer exist.
    :param current: what the step recorded when it ended in this run; None if it did not run, which lets all files pass.
    :param branch: whose files alone matter; None for all. How many LISTs it takes depends on no other branch.
    :raises PlanningError: if the output's pattern does not tell the step's units apart.
    """
    ref = f"{upstream.name}.{output.name}"
    pattern = parse_pattern(output.key_pattern, f"output {ref}")
    missing = [name for name in upstream.foreach if name not in pattern.wildcards]
    if missing:
        message = f"output {ref}: `{output.pattern}` lacks {{{missing[0]}}}, so its units would overwrite it"
        raise PlanningError(message, "steps", upstream.name, "outputs", output.name)
    below = branch.beginnings(pattern, folders_of(workspace)) if branch else None
    listed = list_matching(workspace, "workspace", pattern, {}, below=below).files
    if current is None:
        note = f"{upstream.name} has not run in this run: all files of {ref} are taken for good."
        return Available(ref, pattern, listed, len(listed), notes=(note,))
    files = listed.where(lambda values: current.allows(unit_id(values, upstream.foreach), output.name, values))
    waiting = [InputFile(key, "workspace", values=dict(values)) for key, values in current.awaited.get(output.name, ())]
    awaited = dict.fromkeys((file.key for file in waiting), upstream.name)
    return Available(
        ref, pattern, files.plus(waiting), len(listed), awaited=awaited, dispensable=upstream.tolerate == ALL
    )


def together(ref: InputRef, parts: Iterable[tuple[Member, Available]]) -> Available:
    """The files of several steps of a matrix as one input, with the values that the steps stand for as wildcards.

    :param ref: names them.
    :param parts: the files of each.
    """
    found = list(parts)
    return Available(
        str(ref),
        parse_pattern(ref.pattern, f"input {ref}"),
        Files.of(
            replace(file, values={**file.values, **dict(member.values)})
            for member, each in found
            for file in each.files
        ),
        sum(each.listed for _, each in found),
        promised={key: step for _, each in found for key, step in each.promised.items()},
        awaited={key: step for _, each in found for key, step in each.awaited.items()},
        dispensable=bool(found) and all(each.dispensable for _, each in found),
        notes=tuple(note for _, each in found for note in each.notes),
    )


def from_workspace_pattern(text: str, workspace: Storage, branch: Branch | None = None) -> Available:
    """Files of the workspace by a pattern of their own, as a gate shows them.

    :param text: key pattern.
    :param branch: whose files alone matter; None for all.
    """
    pattern = parse_pattern(text, "pattern")
    only = {branch.wildcard: frozenset({branch.value})} if branch else {}
    listed = list_matching(workspace, "workspace", pattern, only).files
    files = Files.of(file for file in listed if not file.key.startswith(f"{PREFIX}/"))
    return Available(text, pattern, files, len(files))

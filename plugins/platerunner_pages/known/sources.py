"""Files that a step writes or reads, by name: its outputs, and inputs that one pattern tells."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from platerunner.spec.templates import render
from platerunner_pages.known.runs import SeenRun
from platerunner_pages.known.steps import SeenStep
from platerunner_pages.known.workspaces import context_of, hook, workspace_of
from platerunner_pages.pictures.thumbnails import SUFFIXES
from platerunner_pages.pictures.zarr_folders import ZarrFolder, folder_at
from platerunner_pages.requests.access import missing
from platerunner_pages.values.problems import ValuesError
from platerunner_pages.values.tables import TableFile, files_of, outputs_of
from platerunner_unit.contract.patterns import Pattern, Value
from platerunner_unit.contract.storage import NotFoundError, Storage
from platerunner_unit.contract.unit_keys import marker_of

INPUT = "input "
"""What the name of an input begins with, which no output's does."""
ZARR = ".zarr"
CHANNEL = "channel"
"""The wildcard that tells the images of one field apart."""
LISTED = 20_000
LAYERS = 24
"""Images of other outputs and inputs that are offered beside those of a field."""


@dataclass(frozen=True, slots=True)
class Source:
    """Files of one pattern.

    :param root: where they are (templated); empty for the workspace.
    :param folder: whether they are folders that are one thing each, which a step wrote.
    """

    pattern: Pattern
    root: str = ""
    folder: bool = False

    @property
    def images(self) -> bool:
        """Whether they are files that can be shown."""
        return not self.folder and self.pattern.text.lower().endswith(SUFFIXES)

    @property
    def zarr(self) -> bool:
        """Whether they are folders that can be shown."""
        return self.folder and self.pattern.text.lower().endswith(ZARR)

    def storage(self, run: SeenRun, step: SeenStep) -> Storage:
        """Where they are in a run."""
        if not self.root:
            return workspace_of(run, step)
        return hook().storage(str(render(self.root, context_of(run, step).templates())))


@dataclass(frozen=True, slots=True)
class Layer:
    """An image of the same field that another output or an input has.

    :param name: for a person.
    """

    name: str
    source: str
    key: str


def sources_of(step: SeenStep) -> dict[str, Source]:
    """Outputs by name, then inputs."""
    outputs = {name: Source(pattern) for name, pattern in outputs_of(step).items()}
    folders = step.values.get("folders") or {}
    outputs |= {name: Source(Pattern.parse(text), folder=True) for name, text in folders.items()}
    told = step.values.get("inputs") or {}
    return outputs | {
        f"{INPUT}{name}": Source(Pattern.parse(each["pattern"]), str(each["root"]), bool(each.get("folder")))
        for name, each in told.items()
    }


def listed_in(source: Source, storage: Storage, plate: str) -> list[TableFile]:
    """The files of a source, or its folders, each as its marker; in natural order.

    :param plate: of which they are wanted; empty for all.
    :raises platerunner_pages.values.problems.ValuesError: if there are too many.
    """
    pattern = Pattern.parse(marker_of(source.pattern.text)) if source.folder else source.pattern
    return files_of(storage, pattern, plate, LISTED)


def file_of(run: SeenRun, step: SeenStep, output: str, key: str) -> tuple[Storage, TableFile]:
    """A file of an output or an input; any other key is answered as not found."""
    source = sources_of(step).get(output)
    values = source.pattern.match(key) if source is not None and not source.folder else None
    if source is None or values is None:
        raise missing()
    workspace = source.storage(run, step)
    try:
        real = workspace.resolved(key)  # no link leads out of the workspace, or to another kind of file in it
        if source.pattern.match(real) is None:
            raise missing()
        found = workspace.head(real)
    except NotFoundError:
        raise missing() from None
    return workspace, TableFile(real, found.size, found.etag, values)


def folder_of(run: SeenRun, step: SeenStep, output: str, path: str) -> ZarrFolder:
    """A whole folder of an output or an input, by its path; any other path is answered as not found.

    :raises platerunner_pages.pictures.decoding.NoPictureError: if its marker cannot be read.
    """
    source = sources_of(step).get(output)
    if source is None or not source.zarr or source.pattern.match(path) is None:
        raise missing()
    try:
        return folder_at(source.storage(run, step), path)
    except NotFoundError:
        raise missing() from None


def layers_of(run: SeenRun, step: SeenStep, shown: str, values: Mapping[str, Value]) -> list[Layer]:
    """Images of a field in the step's other outputs and inputs, such as outlines of what was segmented.

    :param shown: the source that is shown.
    :param values: of one of its images; what both names tell, but the channel, must be the same.
    """
    return [
        layer
        for name, source in sources_of(step).items()
        if name != shown and source.images
        for layer in _layers(name, source, source.storage(run, step), values)
    ][:LAYERS]


def _layers(name: str, source: Source, storage: Storage, values: Mapping[str, Value]) -> Iterator[Layer]:
    both = [each for each in source.pattern.wildcards if each in values and each != CHANNEL]
    if not both:
        return  # nothing says that its images are of this field
    try:
        files: list[TableFile] = files_of(storage, source.pattern, str(values.get("plate", "")), LISTED)
    except ValuesError:
        return  # too many to look through
    for file in files:
        if all(file.values.get(each) == values[each] for each in both):
            yield Layer(f"{name} {file.values.get(CHANNEL, '')}".strip(), name, file.key)

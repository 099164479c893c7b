"""Files that a step writes or reads, by name: its outputs, and inputs that one pattern tells."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from platerunner.spec.templates import render
from platerunner_pages.known.runs import SeenRun
from platerunner_pages.known.steps import SeenStep
from platerunner_pages.known.workspaces import context_of, hook, workspace_of
from platerunner_pages.pictures.thumbnails import SUFFIXES
from platerunner_pages.values.problems import ValuesError
from platerunner_pages.values.tables import TableFile, files_of, outputs_of
from platerunner_unit.contract.patterns import Pattern, Value
from platerunner_unit.contract.storage import Storage

INPUT = "input "
"""What the name of an input begins with, which no output's does."""
CHANNEL = "channel"
"""The wildcard that tells the images of one field apart."""
LISTED = 20_000
LAYERS = 24
"""Images of other outputs and inputs that are offered beside those of a field."""


@dataclass(frozen=True, slots=True)
class Source:
    """Files of one pattern.

    :param root: where they are (templated); empty for the workspace.
    """

    pattern: Pattern
    root: str = ""

    @property
    def images(self) -> bool:
        """Whether they can be shown."""
        return self.pattern.text.lower().endswith(SUFFIXES)

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
    told = step.values.get("inputs") or {}
    return outputs | {
        f"{INPUT}{name}": Source(Pattern.parse(each["pattern"]), str(each["root"])) for name, each in told.items()
    }


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

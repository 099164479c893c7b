"""One unit as a tool sees it: manifest, work folder, environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from platerunner_unit.contract.manifest import StepTask, UnitTask
from platerunner_unit.tools.settings import Settings
from platerunner_unit.tools.workfolder import WorkFolder

# What belongs to the runner's interpreter would break the tool's own; macOS sets the last for every venv.
_NOT_FOR_THE_TOOL = frozenset({"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"})


@dataclass(frozen=True)
class Job:
    """What a tool needs to know.

    :param inputs: (root, key) of each input to where it is staged.
    """

    step: StepTask
    unit: UnitTask
    folder: WorkFolder
    settings: Settings

    @property
    def inputs(self) -> dict[tuple[str, str], Path]:
        """Where each input is staged, by (root, key)."""
        files = (file for files in self.unit.inputs.values() for file in files)
        return {(file.root, file.key): self.folder.path_of(file) for file in files}

    def tool_folder(self, param: str) -> Path:
        """Where the files of a parameter are staged."""
        return self.folder.tool / param

    def tool_files(self, param: str) -> list[Path]:
        """The files of a parameter as staged; none if the step does not give it."""
        return [self.tool_folder(param) / file.name for file in self.step.files.get(param, ())]

    def environment(self, own: Mapping[str, str]) -> dict[str, str]:
        """The tool's environment: ours, without what is only the runner's.

        :param own: what the tool adds.
        """
        given = self.settings.environ.items()
        kept = {name: v for name, v in given if name not in _NOT_FOR_THE_TOOL and not name.startswith("PLATERUNNER_")}
        return {**kept, "TMPDIR": str(self.folder.tmp), **own}

"""A module for CellProfiler itself: writes down the image sets that a pipeline's own rules made, before any is run.

CellProfiler finds a module by a file and a class of the same name, and runs it in its own Python, not in the runner's.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from cellprofiler_core.module import Module  # type: ignore[import-not-found]
from cellprofiler_core.utilities.pathname import url2pathname  # type: ignore[import-not-found]

_KINDS = {"URL_": "files", "ObjectsURL_": "files", "Metadata_": "metadata"}


class ListImageSets(Module):  # type: ignore[misc]
    """Stands last in the copy of a pipeline that the runner makes; it measures nothing."""

    module_name = "ListImageSets"
    category = "Other"
    variable_revision_number = 1

    def create_settings(self) -> None:
        """It has none."""

    def settings(self) -> list[Any]:
        """None."""
        return []

    def prepare_run(self, workspace: Any) -> bool:
        """Called after the modules that make image sets, also if they made none."""
        measurements = workspace.measurements
        numbers = [int(number) for number in measurements.get_image_numbers()]
        sets: list[dict[str, Any]] = [{"number": number, "files": {}, "metadata": {}} for number in numbers]
        for feature in measurements.get_feature_names("Image") if numbers else ():
            for prefix, kind in _KINDS.items():
                if feature.startswith(prefix):
                    values = measurements["Image", feature, numbers]
                    for one, value in zip(sets, values):  # noqa: B905  (Python 3.8)
                        if value is None or value != value:  # what a rule promised and no file had
                            continue
                        one[kind][feature[len(prefix) :]] = url2pathname(value) if kind == "files" else str(value)
        Path(os.environ["PLATERUNNER_IMAGE_SETS"]).write_text(json.dumps(sets), encoding="utf-8")
        return True

    def run(self, workspace: Any) -> None:
        """Nothing: the work was done before the first image set."""

"""Deletes what has been kept long enough, for all pipelines of a folder, as one Airflow task."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException

from platerunner.hooks.connection_id import CONN_ID


class RetentionOperator(BaseOperator):
    """Deletes what is due by the connection's `retention`, and records in the workspace what it deleted.

    :param specs: a folder of specs, or one.
    :param dry: only say what would go (templated).
    :param conn_id: connection of type ``platerunner``.
    """

    template_fields: Sequence[str] = ("dry",)

    def __init__(
        self,
        *,
        specs: str | os.PathLike[str],
        dry: bool | str = False,
        conn_id: str = CONN_ID,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.specs = str(specs)
        self.dry = dry
        self.conn_id = conn_id

    def execute(self, context: Context) -> list[str]:  # noqa: ARG002
        """Delete it; returns a sentence per place."""
        from platerunner.engine.retention.keeping import keep_no_more
        from platerunner.hooks.platerunner import PlaterunnerHook
        from platerunner.spec.loader import load_pipeline
        from platerunner.spec.problems import SpecError

        try:
            pipelines = [load_pipeline(path) for path in spec_files(Path(self.specs))]
        except SpecError as error:
            raise AirflowFailException(
                f"Nothing was taken away, for a spec that cannot be read may have a hold: {error}"
            ) from error
        dry_run = str(self.dry) == "True"
        said = []
        for kept in keep_no_more(PlaterunnerHook(self.conn_id), pipelines, datetime.now(UTC), dry_run=dry_run):
            said.append(kept.sentence(dry_run=dry_run))
            self.log.info("%s", said[-1])
        if not said:
            self.log.info("The connection %s has no `retention`: everything is kept.", self.conn_id)
        return said


def spec_files(place: Path) -> list[Path]:
    """The specs of a folder, without the parts that they include.

    :param place: a folder, or one spec.
    """
    if place.is_file():
        return [place]
    return sorted(path for path in place.glob("*.y*ml") if not path.name.startswith("_"))

"""Merges what ledgers got on days that are over, for all pipelines of a folder, as one Airflow task."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException

from platerunner.hooks.connection_id import CONN_ID
from platerunner.operators.retention import spec_files


class LedgerMergeOperator(BaseOperator):
    """Merges the small files of each day that is over into one of Parquet, which Athena and DuckDB read.

    :param specs: a folder of specs, or one.
    :param conn_id: connection of type ``platerunner``.
    """

    def __init__(self, *, specs: str | os.PathLike[str], conn_id: str = CONN_ID, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.specs = str(specs)
        self.conn_id = conn_id

    def execute(self, context: Context) -> list[str]:  # noqa: ARG002
        """Merge them; a sentence per ledger.

        :raises AirflowFailException: at the end, if one could not be merged, or a spec not be read.
        """
        from platerunner.engine.ledger.upkeep import merge_everywhere
        from platerunner.hooks.platerunner import PlaterunnerHook
        from platerunner.operators.common import plain_errors
        from platerunner.spec.loader import load_pipeline
        from platerunner.spec.problems import SpecError

        pipelines, problems = [], []
        for path in spec_files(Path(self.specs)):
            try:
                pipelines.append(load_pipeline(path))
            except SpecError as error:
                problems.append(f"the ledger of {path.name} was left alone: {error}")
        said = []
        with plain_errors():
            for each in merge_everywhere(PlaterunnerHook(self.conn_id), pipelines, datetime.now(UTC).date()):
                said.append(each.sentence)
                self.log.info("%s", each.sentence)
                problems += [each.sentence] if each.problem else []
        if problems:
            raise AirflowFailException("\n".join(problems))
        return said

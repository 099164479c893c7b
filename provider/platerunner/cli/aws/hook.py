"""The hook as commands have it: of the embedded cloud's connection, or of Airflow's own."""

import json
import os
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

from platerunner.cli.aws.connection import VARIABLE, Connection

if TYPE_CHECKING:
    from platerunner.hooks.platerunner import PlaterunnerHook


def hook_of(connection: Connection, *, local: bool) -> "PlaterunnerHook":
    """The hook of a connection; without the embedded cloud, that of Airflow's connection `platerunner`.

    :param local: whether the connection is the embedded cloud's, whose environment ends with it.
    """
    if local:
        os.environ[VARIABLE] = json.dumps({"conn_type": "platerunner", "extra": dict(connection.extras)})
    # Imports Airflow, which takes seconds; what only looks at specs and files has no use for it.
    # It says on stdout what it does, then and later; that is where a command's own lines go.
    with redirect_stdout(sys.stderr):
        from platerunner.hooks.platerunner import PlaterunnerHook

        return PlaterunnerHook()

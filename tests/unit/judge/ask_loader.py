"""Asks CellProfiler's own loader about pipeline files: CELLPROFILER/bin/python ask_loader.py < paths > answers.

An answer is a line of JSON: the names of the modules that it loaded, and why it could not load others or all.
"""

import contextlib
import json
import logging
import sys

from cellprofiler_core.preferences import set_awt_headless, set_headless

set_headless()
set_awt_headless(True)
logging.disable(logging.CRITICAL)

from cellprofiler_core.pipeline import LoadException, Pipeline  # noqa: E402
from cellprofiler_core.utilities.core.modules import fill_modules  # noqa: E402


def ask(path):
    """What the loader makes of a file; it prints header lines that it does not know."""
    pipeline, errors = Pipeline(), []
    pipeline.add_listener(
        lambda _, event: errors.append(repr(event.error)) if isinstance(event, LoadException) else None
    )
    try:
        with contextlib.redirect_stdout(sys.stderr):
            pipeline.load(path)
    except BaseException as error:  # whatever it raises is an answer
        errors.append(repr(error))
    return {"modules": [module.module_name for module in pipeline.modules(False)], "errors": errors}


fill_modules()
for line in sys.stdin.read().splitlines():
    print(json.dumps(ask(line)), flush=True)

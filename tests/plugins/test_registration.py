"""The pages are registered once, also where a checkout's own `plugins/` is the plugins folder of Airflow."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = """
from airflow import plugins_manager
plugins, errors = plugins_manager._get_plugins()
print([p.name for p in plugins if p.name == "platerunner"], dict(errors))
"""


@pytest.mark.slow
def test_a_checkout_as_airflows_home_registers_the_plugin_once(tmp_path):
    env = {**os.environ, "AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins")}
    env["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "ERROR"
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=env, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1:] == ["['platerunner'] {}"], done.stdout + done.stderr

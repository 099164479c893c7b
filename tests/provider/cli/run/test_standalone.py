"""An Airflow that does not come up: which component, what its log says last."""

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from platerunner.cli.run import standalone
from platerunner.cli.run.standalone import COMPONENTS, Standalone, StandaloneError


@pytest.fixture
def airflow(tmp_path, monkeypatch):
    """One whose process lives, whose triggerer is not healthy, and whose log has lines of several parts."""
    monkeypatch.setattr(standalone, "START_LIMIT_S", 1.0)
    health = {name: {"status": "unhealthy" if name == "triggerer" else "healthy"} for name in COMPONENTS}

    class Health(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(health).encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Health)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "up.log").write_text("triggerer  | no room left\nscheduler  | all is well\n")
    found = Standalone(tmp_path, server.server_port, tmp_path / "up.log")
    found.process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield found
    found.process.kill()
    found.process.wait()
    server.shutdown()
    server.server_close()


@pytest.mark.slow
def test_a_component_that_does_not_become_healthy_is_named_with_its_last_words(airflow):
    with pytest.raises(StandaloneError) as raised:
        airflow.wait_until_healthy(threading.Event())
    said = str(raised.value)
    assert said.startswith("Airflow's triggerer is not healthy after 1 s.")
    assert "triggerer  | no room left" in said
    assert "all is well" not in said
    assert str(airflow.log) in said


def test_an_airflow_that_ends_shows_what_its_log_ends_with(airflow):
    airflow.process.kill()
    airflow.process.wait()
    with pytest.raises(StandaloneError, match=r"ended by itself \(exit -9\)(.|\n)*all is well"):
        airflow.wait_until_healthy(threading.Event())


@pytest.mark.slow
def test_pages_that_do_not_answer_are_named_too(airflow):
    airflow.port = 1
    with pytest.raises(StandaloneError, match="Airflow's api server is not healthy"):
        airflow.wait_until_healthy(threading.Event())

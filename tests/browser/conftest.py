"""A real Airflow with the embedded cloud, as `platerunner up` starts it, and a real Chromium."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from tests import embedded
from tests.browser.failed_wells import write_wells
from tests.ports import free_port
from tests.smtp_receiver import Receiver, receiving

ROOT = Path(__file__).resolve().parents[2]
COMMAND = Path(sys.executable).with_name("platerunner")
USERS = {"admin": "admin", "ada": "user", "ben": "user", "eve": "viewer"}
"""Who may log in, with their roles."""
START_LIMIT_S = 600
PATIENCE = 3
"""Times that a test waits longer than a quiet machine would need: other tests share its cores."""
RUN_LIMIT_S = 300
WRONG_LINES = 40
"""Of Airflow's log, that the report of a failed test shows."""
# Debian's Chromium as root, without its calls home.
CHROMIUM_ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@dataclass(frozen=True)
class Site:
    """A running `platerunner up`."""

    address: str
    user: str
    password: str
    folder: Path
    cloud: str
    pid: int

    @property
    def data(self) -> Path:
        return self.folder / "demo-results" / "data"

    def password_of(self, user: str) -> str:
        made = self.folder / ".platerunner/airflow/simple_auth_manager_passwords.json.generated"
        return str(json.loads(made.read_text())[user])

    @property
    def said(self) -> str:
        """What it has said so far."""
        return (self.folder / "up.txt").read_text()

    @property
    def results(self) -> Path:
        return self.folder / "demo-results" / "workspace"


@pytest.fixture(scope="session")
def mails() -> Iterator[Receiver]:
    """The mail server that the site's Airflow sends to."""
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, mails: Receiver) -> Iterator[Site]:
    """`platerunner up` in a folder of its own, with the shipped specs and the tests' own, ended by Ctrl-C."""
    folder = tmp_path_factory.mktemp("up")
    port = free_port()
    shutil.copytree(ROOT / "dag_specs", folder / "specs")
    shutil.copytree(Path(__file__).with_name("specs"), folder / "specs", dirs_exist_ok=True)
    shutil.copytree(Path(__file__).with_name("dags"), folder / ".platerunner" / "airflow" / "dags")
    argv = [str(COMMAND), "up", "--specs", str(folder / "specs"), "--port", str(port)]
    smtp = {"AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(mails.connection)}
    users = ",".join(f"{name}:{role}" for name, role in USERS.items())
    settings = {
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": users,
        # Two Airflows on one machine would ask each other for their tasks' logs.
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
    }
    env = {**os.environ, "PYTHONUNBUFFERED": "1", **settings, **smtp}
    said = folder / "up.txt"
    with said.open("w") as out:
        process = subprocess.Popen(argv, cwd=folder, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=env)
    try:
        told = _announcement(process, said)
        login, cloud = re.search(r"Login: +(\S+) / (\S+)", told), re.search(r"Cloud: +(\S+)", told)
        assert login is not None, told
        assert cloud is not None, told
        yield Site(f"http://127.0.0.1:{port}", login[1], login[2], folder, cloud[1], process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(60)
    assert code == 0, said.read_text()
    assert "Ended: Airflow and the embedded cloud." in said.read_text()


def _announcement(process: subprocess.Popen[bytes], said: Path) -> str:
    """What `up` says once everything is there."""
    deadline = time.monotonic() + START_LIMIT_S
    while "Ctrl-C ends" not in said.read_text():
        assert process.poll() is None, said.read_text()
        assert time.monotonic() < deadline, said.read_text()
        time.sleep(0.5)
    return said.read_text()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds to a failure what Airflow's parts had to say: the browser sees only that a page does not come."""
    report = yield
    site = getattr(item, "funcargs", {}).get("site")
    if report.failed and site is not None:
        log = max((site.folder / ".platerunner/logs").glob("up-*.log")).read_text(errors="replace").splitlines()
        wrong = [line for line in log if re.search(r"error|exception|locked|timed out|killed|critical", line, re.I)]
        for title, lines in (("errors in Airflow's log", wrong), ("the end of Airflow's log", log)):
            report.sections.append((title, "\n".join(line[:400] for line in lines[-WRONG_LINES:])))
    return report


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests; each has a context of its own in it."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        if "CI" in os.environ:
            pytest.fail("Chromium is missing: apt-get install chromium")
        pytest.skip("Chromium is not installed")
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=program, args=CHROMIUM_ARGS) as browser,
    ):
        expect.set_options(timeout=60_000)
        yield browser


@contextmanager
def opened(chromium: Browser, site: Site, user: str = "", **options: Any) -> Iterator[Page]:
    """A page of somebody who has logged in (nobody, if empty), apart from all others' pages.

    The token comes from Airflow's API: its page for logging in takes longer than many a test.
    """
    with chromium.new_context(viewport={"width": 1400, "height": 900}, **options) as context:
        context.set_default_timeout(60_000)
        if user:
            token = token_of(site, user, site.password_of(user))
            context.add_cookies([{"name": "_token", "value": token, "url": site.address}])
        yield context.new_page()


def token_of(site: Site, user: str, password: str) -> str:
    """What Airflow's API gives for a password."""
    answer = httpx.post(f"{site.address}/auth/token", json={"username": user, "password": password}, timeout=60)
    return str(answer.raise_for_status().json()["access_token"])


@pytest.fixture
def page(chromium: Browser, site: Site, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A logged-in page; a screenshot of its end is kept in the folder that PLATERUNNER_SCREENSHOTS names."""
    with opened(chromium, site, site.user) as page:
        yield page
        if folder := os.environ.get("PLATERUNNER_SCREENSHOTS"):
            page.screenshot(path=str(Path(folder) / f"{request.node.name}.png"))


class _OnceMore(httpx.HTTPTransport):
    """Repeats a change that SQLite did not take.

    Of two that have read and now write, one is refused at once (`database is locked`), and Airflow says 500.
    A person would press the button again, too.
    """

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        if request.method != "PATCH" or response.status_code != httpx.codes.INTERNAL_SERVER_ERROR:
            return response
        response.close()
        return super().handle_request(request)


@pytest.fixture
def api(site: Site) -> Iterator[httpx.Client]:
    """Airflow's REST API, as somebody who is logged in."""
    with httpx.Client(base_url=site.address, timeout=60, transport=_OnceMore()) as client:
        client.headers["Authorization"] = f"Bearer {token_of(site, site.user, site.password)}"
        client.base_url = client.base_url.join("/api/v2/")
        yield client


def trigger(api: httpx.Client, dag: str) -> str:
    """Start a run; its address, relative to the API's."""
    api.patch(f"dags/{dag}", json={"is_paused": False}).raise_for_status()
    run = api.post(f"dags/{dag}/dagRuns", json={"logical_date": None}).raise_for_status().json()
    return f"dags/{dag}/dagRuns/{run['dag_run_id']}"


@pytest.fixture(scope="session")
def failed_run(site: Site) -> str:
    """A run in which four wells of a plate failed; its address below /dags/."""
    write_wells(site.data / "mapped")
    with httpx.Client(base_url=f"{site.address}/api/v2/", timeout=60) as client:
        client.headers["Authorization"] = f"Bearer {token_of(site, site.user, site.password)}"
        run = trigger(client, "mapped")
        wait_for(lambda: client.get(run).json()["state"] == "failed", 300)
    return run.replace("dagRuns", "runs").removeprefix("dags/")


class Hand:
    """Somebody's clicks, counted."""

    def __init__(self) -> None:
        self.clicks = 0

    def click(self, what: Locator, **options: Any) -> None:
        """Click, or tap where fingers do it."""
        self.clicks += 1
        what.click(**options)


def wait_for(condition: Callable[[], Any], timeout: float = embedded.TIMEOUT_S) -> Any:
    """The condition's first true value, without keeping the API server from its work by asking for it."""
    return embedded.wait_for(condition, PATIENCE * timeout, pause=0.3)


def until_seen(page: Page, address: str, wanted: Locator) -> None:
    """Load a page again and again, as a person does who waits, until something is on it."""
    deadline = time.monotonic() + RUN_LIMIT_S
    while True:
        page.goto(address)
        try:
            return expect(wanted.first).to_be_visible(timeout=10_000)
        except AssertionError:
            if time.monotonic() > deadline:
                raise

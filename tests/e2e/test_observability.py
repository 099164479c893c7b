"""Real runs, a real collector, a real Prometheus: every panel and every alert finds what it asks for."""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import airflow
import pytest
import yaml
from observability.__main__ import files
from observability.alerts import ALERTS
from observability.dashboards import WORDS
from observability.panels import BOARDS, RUNBOOK
from observability.preview import filled, render
from observability.promql import grown, name_of
from tests.e2e.conftest import ROOT, Result
from tests.e2e.test_telemetry import SPEC, write_wells
from tests.embedded import wait_for
from tests.otlp_bridge import shown
from tests.otlp_receiver import receiver
from tests.ports import free_port

from platerunner.engine.telemetry import Point, send
from platerunner_unit.contract.telemetry import signals
from platerunner_unit.contract.telemetry.signals import Metric

COLLECTOR = "rotel==0.0.1a15"
PARSERS = ("@grafana/lezer-logql@0.3.0", "@grafana/lezer-traceql@1.0.0")
FAULTS = """
const { parser: logs } = require("@grafana/lezer-logql"), { parser: spans } = require("@grafana/lezer-traceql");
const faults = ([kind, query]) => {
  let count = 0;
  ({ logs, spans })[kind].parse(query).iterate({ enter: (node) => { count += node.type.isError; } });
  return count;
};
console.log(JSON.stringify(JSON.parse(require("fs").readFileSync(0)).map(faults)));
"""
PROMETHEUS = """
global: {scrape_interval: 1s, evaluation_interval: 1s}
scrape_configs: [{job_name: platerunner, honor_labels: true, static_configs: [{targets: ["%s"]}]}]
"""
REGISTRY = "_shared/observability/metrics/metrics_template.yaml"
INSTALL = "on Debian: apt-get install prometheus prometheus-alertmanager npm"
NAMES = {
    name_of(metric, part)
    for metric in (*signals.UNIT, *signals.WORKER)
    for part in (("bucket", "sum", "count") if metric.kind == signals.HISTOGRAM else ("",))
}


def test_dashboards_and_alerts_are_fresh_and_every_alert_has_its_place_in_the_runbook() -> None:
    for path, text in files().items():
        assert path.read_text("utf-8") == text, f"{path.name} is stale: run `make docs`"
    headings = {
        line[4:].lower() for line in (ROOT / "docs/runbook.md").read_text().splitlines() if line.startswith("### ")
    }
    assert {alert.name.lower() for alert in ALERTS} == headings, "one `###` for each alert, and no other"


def test_alarms_of_cloudwatch_are_alerts_under_their_own_names() -> None:
    text = (ROOT / "terraform/modules/observability/telemetry_alarms.tf").read_text()
    named = {*re.findall(r"^    (\w+) = \{$", text, re.MULTILINE), *re.findall(r'-(\w+)"$', text, re.MULTILINE)}
    assert len(named) == 9
    assert named <= {alert.name for alert in ALERTS}
    told = {metric.name for metric in (*signals.UNIT, *signals.WORKER)}
    assert set(re.findall(r'SELECT \w+\(\\"([\w.]+)', text)) <= told


def test_panels_and_alerts_ask_for_metrics_that_airflow_has_and_lead_to_the_runbook() -> None:
    assert of_airflow(), "else nothing was looked at"
    assert None not in of_airflow().values(), "Airflow has no such metric"
    assert {panel.alert for board in BOARDS for panel in board.panels if panel.alert} <= {
        alert.name for alert in ALERTS
    }
    assert f"repository: {RUNBOOK.removesuffix('/blob/main/docs/runbook.md')}}}" in (ROOT / "mkdocs.yml").read_text()


def of_airflow() -> dict[str, Metric | None]:
    """What is asked of Airflow's own metrics, by Prometheus' names; None for one that is not in Airflow's registry."""
    asked = [
        *(alert.asks for alert in ALERTS),
        *(e for board in BOARDS for panel in board.panels for e, _ in panel.queries),
    ]
    registry = yaml.safe_load((Path(airflow.__file__).parent / REGISTRY).read_text())["metrics"]
    known = {
        name_of(found): found
        for each in registry
        for found in [Metric(f"airflow.{each['name']}", each["type"], "", "")]
    }
    return {name: known.get(name) for name in re.findall(r"airflow_\w+", " ".join(asked))}


def test_the_stack_listens_here_alone_pins_what_it_runs_and_mounts_what_there_is() -> None:
    folder = ROOT / "observability"
    services = yaml.safe_load((folder / "compose.yaml").read_text())["services"]
    for name, service in services.items():
        assert all(port.startswith("127.0.0.1:") for port in service["ports"]), name
        assert re.search(r":v?\d+\.\d+\.\d+@sha256:[0-9a-f]{64}$", service["image"]), name
        own = [mount.split(":")[0] for mount in service.get("volumes", []) if mount.startswith("./")]
        assert all((folder / path).exists() for path in own), name
    assert "${GRAFANA_PASSWORD:?" in services["grafana"]["environment"]["GF_SECURITY_ADMIN_PASSWORD"]
    checks = (["promtool", "check", "config", "prometheus.yaml"], ["amtool", "check-config", "../alertmanager.yaml"])
    for command in checks:
        argv = [program(command[0]), *command[1:]]
        ran = subprocess.run(argv, cwd=folder / "prometheus", capture_output=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    sources = yaml.safe_load((folder / "grafana/provisioning/datasources/datasources.yaml").read_text())
    known = {source["uid"] for source in sources["datasources"]}
    for path in (folder / "grafana/dashboards").iterdir():
        assert set(re.findall(r'"uid": "(\w+)"', path.read_text())) <= known, path.name


def test_the_words_of_loki_and_tempo_are_their_languages(tmp_path: Path) -> None:
    argv = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", tmp_path, *PARSERS]
    subprocess.run([program("npm"), *argv[1:]], check=True, timeout=300)
    queries = [(panel.kind, filled(query, 600)) for board in BOARDS for panel in board.panels if panel.kind in WORDS
               for query, _ in panel.queries]  # fmt: skip
    assert {kind for kind, _ in queries} == set(WORDS)
    broken = [(kind, query.replace("=~", "=~ =~", 1)) for kind, query in queries]
    asked = json.dumps([*queries, *broken])
    faults = json.loads(subprocess.check_output(["node", "-e", FAULTS], input=asked, cwd=tmp_path, text=True))
    assert faults[: len(queries)] == [0] * len(queries)
    assert 0 not in faults[len(queries) :], "the parsers find a fault where there is one"


def test_alerts_fire_and_stay_silent_as_their_stories_say() -> None:
    promtool = program("promtool")
    folder = ROOT / "observability" / "prometheus"
    for command in (
        ["check", "rules", "alerts.yaml"],
        ["test", "rules", "alerts_test.yaml", "alerts_of_days_test.yaml"],
    ):
        ran = subprocess.run([promtool, *command], cwd=folder, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr


def test_growth_is_counted_to_the_unit_and_a_collector_may_start_again(tmp_path: Path) -> None:
    stories = {"_x4 3x5": 3, "_x4 1 1 4 7 7": 7, "5x6 9 9 9": 4, "7x9": 0, "4 6 9 0 2 5 5 5 5 5": 10}
    name, asks = name_of(signals.ATTEMPTS), grown(signals.ATTEMPTS, "9m", "story")
    rules = {
        "rule_files": [],
        "tests": [{
            "interval": "1m",
            "input_series": [{"series": f'{name}{{story="{values[0]}"}}', "values": values}],
            "promql_expr_test": [{
                "expr": f"sum(round({asks}))" if values[0] == "4" else f"sum({asks})",
                "eval_time": "9m",
                "exp_samples": [{"labels": "{}", "value": value}],
            }],
        } for values, value in stories.items()],
    }  # fmt: skip
    (tmp_path / "stories.yaml").write_text(yaml.safe_dump(rules))
    ran = subprocess.run(
        [program("promtool"), "test", "rules", tmp_path / "stories.yaml"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_panel_and_alert_is_answered_after_a_run_with_failures(
    platerunner: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wells(tmp_path)
    slow = tmp_path / "data/P1/A02.sh"  # only a wait that outlasts the interval shows how late the event loop is
    slow.write_text(f"sleep 3; {slow.read_text()}")
    with receiver("http/protobuf") as (behind, received), collector(tmp_path, behind) as endpoint:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "1000")
        with shown(received) as target, prometheus(tmp_path, target) as url:
            ask = partial(answered, url)
            argv = (SPEC, "--data-root", tmp_path / "data", "--workspace-root", tmp_path / "results")
            ran = platerunner("run", *argv, "--local", "--approve", "look")
            assert ran.code == 0, ran.out + ran.err
            # Airflow's own, as a scheduler would: what is counted is that each panel's question is the right one.
            send([Point(metric, 1) for metric in of_airflow().values() if metric])
            wait_for(lambda: ask("platerunner_run_duration_seconds_count"), timeout=60)
            with contextlib.suppress(AssertionError):  # `increase` needs two more scrapes
                wait_for(lambda: not unanswered(url), timeout=30)
            assert unanswered(url) == []
            kept = os.environ.get("PLATERUNNER_SCREENSHOTS")
            (Path(kept) if kept else tmp_path).joinpath("dashboards.html").write_text(page := render(url, 600))
            assert "Nothing in this time" not in page
            asked = {name for alert in ALERTS for name in re.findall(r"\w+", alert.asks)} & NAMES
            assert [name for name in sorted(asked) if not ask(name)] == []
            for alert in ALERTS:
                ask(alert.asks)  # which fails the test where Prometheus cannot answer
            won = ask('sum(platerunner_unit_verdicts_total{platerunner_step="work", platerunner_verdict="succeeded"})')
            assert float(won[0]["value"][1]) == ran.step("work")["succeeded"]
            ledger = json.loads(platerunner("cost", *argv, "--by", "verdict", "--json").out)
            assert by_verdict(ask("sum by (platerunner_verdict) (platerunner_step_attempts_total)")) == {
                group["verdict"]: group["attempts"] for group in ledger["groups"]
            }, "what was sent is what the ledger has"
            spent = sum(float(each["value"][1]) for each in ask("platerunner_step_cost_total"))
            assert spent == pytest.approx(ledger["total"]["usd"], abs=1e-9) != 0  # which is rounded to that


def unanswered(url: str) -> list[str]:
    """Panels whose query finds nothing."""
    return [
        f"{board.title}: {panel.title}: {expr}"
        for board in BOARDS
        for panel in board.panels
        if panel.kind not in WORDS
        for expr, _ in panel.queries
        if not is_answered(answered(url, filled(expr, 600)))
    ]


def by_verdict(answer: list[Any]) -> dict[str, float]:
    return {each["metric"]["platerunner_verdict"]: float(each["value"][1]) for each in answer}


def is_answered(answer: list[Any]) -> bool:
    """Whether there is a number in it."""
    return any(each["value"][1] != "NaN" for each in answer)


def program(name: str) -> str:
    """A program that the tests need."""
    found = shutil.which(name)
    if found is None and not os.environ.get("CI"):
        pytest.skip(f"needs {name} ({INSTALL})")
    assert found, f"{name} is missing: {INSTALL}"
    return found


@contextlib.contextmanager
def collector(folder: Path, behind: str) -> Iterator[str]:
    """A collector that passes on what it gets; its address for OTLP by HTTP."""
    uv = subprocess.run([ROOT / "scripts/find_uv.sh"], capture_output=True, text=True, check=False).stdout.strip()
    uv = uv or str(ROOT / ".tools/bin/uv")
    target = folder / "rotel"
    subprocess.run([uv, "pip", "install", "--quiet", "--target", target, COLLECTOR], check=True)
    http, grpc = free_port(), free_port()
    argv = [
        target / "rotel" / "rotel-agent", "start", "--otlp-http-endpoint", f"127.0.0.1:{http}",
        "--otlp-grpc-endpoint", f"127.0.0.1:{grpc}", "--exporter", "otlp", "--otlp-exporter-protocol", "http",
        "--otlp-exporter-endpoint", behind, "--otlp-exporter-compression", "none",
    ]  # fmt: skip
    # It is linked against Python, for processors that nobody asks for here.
    libraries = os.pathsep.join([str(sysconfig.get_config_var("LIBDIR")), str(Path(sys.base_prefix) / "lib")])
    with running(argv, folder / "rotel.log", LD_LIBRARY_PATH=libraries):
        wait_for(lambda: is_open(http))
        yield f"http://127.0.0.1:{http}"


@contextlib.contextmanager
def prometheus(folder: Path, target: str) -> Iterator[str]:
    """A Prometheus that scrapes the target; its URL."""
    config, port = folder / "prometheus.yaml", free_port()
    config.write_text(PROMETHEUS % target)
    argv = [
        program("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip

    with running(argv, folder / "prometheus.log"):
        wait_for(lambda: is_open(port))
        yield f"http://127.0.0.1:{port}"


def answered(url: str, expr: str) -> list[Any]:
    """What Prometheus answers to a question."""
    try:
        query = urllib.parse.urlencode({"query": expr})
        with urllib.request.urlopen(f"{url}/api/v1/query?{query}", timeout=30) as answer:
            found: list[Any] = json.load(answer)["data"]["result"]
            return found
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{expr}: {error.read().decode()}") from error


@contextlib.contextmanager
def running(argv: list[Any], log: Path, **environ: str) -> Iterator[None]:
    with log.open("w") as out, subprocess.Popen(argv, stdout=out, stderr=out, env={**os.environ, **environ}) as process:
        try:
            yield
        finally:
            assert process.poll() is None, log.read_text()
            process.kill()


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0

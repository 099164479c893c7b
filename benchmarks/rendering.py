"""Making DAGs: 200 specs of 20 steps against equal DAGs written by hand, and against dag-factory 1.1.0.

    uv run --with dag-factory==1.1.0 python benchmarks/rendering.py [--dags 200] [--steps 20] [--rounds 5]

Every side runs in fresh processes, in turn. Imports come first and are not in the figures. By hand means a Python file
per DAG, compiled and run, with the amazon provider's BatchOperator; dag-factory gets a YAML file per DAG with the same
operator. `again` is the same once more in the same process, as a DAG processor that stays alive would have it.
`one` is a task's start: the folder of all specs, of which Airflow asks for one DAG. Last comes what importing
`platerunner.render` adds to Airflow's own import.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

IMPORT = """
import time
import airflow.dag_processing.importers, airflow.dag_processing.processor, airflow.sdk.bases.sensor
from airflow.sdk import DAG, BaseOperator, Param
began = time.process_time()
import platerunner.render
print(time.process_time() - began)
"""
SIDES = ("hand", "ours", "ours: one", "ours: one of one", "dag-factory")


def spec(number: int, steps: int) -> str:
    """A chain with a side branch at every fourth step, each step over plates and wells."""
    lines = [
        "version: 1",
        f"pipeline: bench_{number:03d}",
        f"title: Benchmark {number}",
        f'workspace: "{{{{ workspace_root }}}}/bench_{number:03d}"',
        "params:",
        "  threshold: {type: number, default: 0.2, description: of the objects}",
        'dataset: {root: "{{ data_root }}", files: {raw: "images/{plate}/{well}_s{site:int}_{channel}.tiff"}}',
        "steps:",
    ]
    for step in range(steps):
        source = "dataset.raw" if step == 0 else f"step_{before(step):02d}.out"
        lines += [
            f"  step_{step:02d}:",
            "    module: command",
            "    image: tool:1",
            "    foreach: [plate, well]",
            f"    inputs: {{images: {source}}}",
            '    with: {argv: [convert, "{params.threshold}", "{inputs.images}"], threshold: "{{ params.threshold }}"}',
            "    resources: {vcpus: 2, memory: 8 GiB, timeout: 2 h}",
            f'    outputs: {{out: "s{step:02d}/{{plate}}/{{well}}_{{site}}_{{channel}}.tiff"}}',
        ]
    return "\n".join(lines) + "\n"


def before(step: int) -> int:
    """The step that a step comes after."""
    return step - 2 if step % 4 == 0 else step - 1


def by_hand(number: int, steps: int) -> str:
    lines = [
        "from datetime import timedelta",
        "from airflow.providers.amazon.aws.operators.batch import BatchOperator",
        "from airflow.sdk import DAG, Param",
        'OVERRIDES = {"command": ["convert", "{{ params.threshold }}"], "resourceRequirements": [',
        '    {"type": "VCPU", "value": "2"}, {"type": "MEMORY", "value": "8192"}]}',
        f'with DAG("bench_{number:03d}", schedule=None, catchup=False, tags=["bench"], params={{"threshold":'
        ' Param(0.2, type="number", description="of the objects")}, default_args={"retries": 1, "retry_delay":'
        ' timedelta(seconds=10), "owner": "bench"}) as dag:',
    ]
    for step in range(steps):
        lines.append(
            f'    t{step} = BatchOperator(task_id="step_{step:02d}", job_name="step_{step:02d}", job_queue="q",'
            ' job_definition="d", deferrable=True, container_overrides=OVERRIDES)'
        )
        if step:
            lines.append(f"    t{before(step)} >> t{step}")
    return "\n".join(lines) + "\n"


def for_factory(number: int, steps: int) -> str:
    lines = [
        f"bench_{number:03d}:",
        '  schedule: "@daily"',
        "  catchup: false",
        "  tags: [bench]",
        "  default_args: {owner: bench, start_date: 2026-01-01, retries: 1, retry_delay_sec: 10}",
        "  tasks:",
    ]
    for step in range(steps):
        lines += [
            f"    - task_id: step_{step:02d}",
            "      operator: airflow.providers.amazon.aws.operators.batch.BatchOperator",
            f"      job_name: step_{step:02d}",
            "      job_queue: q",
            "      job_definition: d",
            "      deferrable: true",
            "      container_overrides:",
            '        command: [convert, "{{ params.threshold }}"]',
            "        resourceRequirements: [{type: VCPU, value: '2'}, {type: MEMORY, value: '8192'}]",
        ]
        if step:
            lines.append(f"      dependencies: [step_{before(step):02d}]")
    return "\n".join(lines) + "\n"


def write(folder: Path, dags: int, steps: int) -> None:
    for name, ending, make in (("hand", "py", by_hand), ("ours", "yaml", spec), ("dag-factory", "yml", for_factory)):
        (folder / name).mkdir()
        for number in range(dags):
            (folder / name / f"bench_{number:03d}.{ending}").write_text(make(number, steps))
    (folder / "one").mkdir()
    (folder / "one/bench_000.yaml").write_text(spec(0, steps))


def _hand(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in sorted((folder / "hand").iterdir()):
        namespace: dict[str, Any] = {}
        exec(compile(path.read_text(), str(path), "exec"), namespace)
        found[path.stem] = namespace["dag"]
    return found


def _ours(folder: Path) -> dict[str, Any]:
    from platerunner.render import load_dags

    found: dict[str, Any] = {}
    load_dags(folder, found)
    return found


def _factory(folder: Path) -> dict[str, Any]:
    from dagfactory import load_yaml_dags

    found: dict[str, Any] = {}
    load_yaml_dags(found, dags_folder=str(folder / "dag-factory"))
    return {name: dag for name, dag in found.items() if name.startswith("bench_")}


def side(name: str, folder: Path) -> Callable[[], dict[str, Any]]:
    """What one side does, with its imports done."""

    if name == "hand":
        return lambda: _hand(folder)
    if name == "dag-factory":
        import dagfactory  # noqa: F401

        return lambda: _factory(folder)
    import platerunner.render  # noqa: F401

    return lambda: _ours(folder / ("one" if name == "ours: one of one" else "ours"))


def measure(name: str, folder: Path) -> dict[str, Any]:
    build = side(name, folder)
    if name.startswith("ours: one"):
        os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = "bench_000"
    figures: dict[str, Any] = {}
    for when in ("cold", "again"):
        wall, cpu = time.perf_counter(), time.process_time()
        dags = build()
        figures[when] = (time.perf_counter() - wall, time.process_time() - cpu)
    figures["dags"] = len(dags)
    figures["tasks"] = sum(len(dag.tasks) for dag in dags.values())
    figures["edges"] = sum(len(task.downstream_task_ids) for dag in dags.values() for task in dag.tasks)
    return figures


def rounds(folder: Path, count: int) -> Iterator[dict[str, dict[str, Any]]]:
    for _ in range(count):
        found = {}
        for name in SIDES:
            argv = [sys.executable, __file__, "--side", name, str(folder)]
            ran = subprocess.run(argv, check=False, capture_output=True, text=True)
            if ran.returncode:
                sys.exit(f"{name}:\n{ran.stderr[-3000:]}")
            found[name] = json.loads(ran.stdout.splitlines()[-1])
        yield found


def imports(count: int) -> None:
    argv = [sys.executable, "-c", IMPORT]
    ran = [float(subprocess.run(argv, check=True, capture_output=True, text=True).stdout) for _ in range(count)]
    print(f"import platerunner.render: CPU {statistics.median(ran) * 1000:.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--dags", type=int, default=200)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--side", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        print(json.dumps(measure(arguments.side[0], Path(arguments.side[1]))))
        return
    # A machine that forbids bytecode would compile every module in each process, and measure that.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as name:
        os.environ.update(
            AIRFLOW_HOME=name, AIRFLOW__CORE__LOAD_EXAMPLES="False", AIRFLOW__LOGGING__LOGGING_LEVEL="ERROR"
        )
        folder = Path(name) / "dags"
        folder.mkdir()
        write(folder, arguments.dags, arguments.steps)
        found = list(rounds(folder, arguments.rounds))
        imports(arguments.rounds)
    hand = {when: statistics.median(each["hand"][when][1] for each in found) for when in ("cold", "again")}
    for name in SIDES:
        first = found[0][name]
        print(f"{name:17} {first['dags']:4} DAGs {first['tasks']:5} tasks {first['edges']:5} edges", end="")
        for when in ("cold", "again"):
            wall, cpu = (statistics.median(each[name][when][i] for each in found) * 1000 for i in (0, 1))
            a_dag = cpu / first["dags"]
            print(f" | {when} {wall:7.0f} ms, CPU {cpu:6.0f} ms, {a_dag:5.2f} ms a DAG", end="")
            print(f", {cpu / 1000 / hand[when]:4.2f} x hand" if first["dags"] > 1 else "", end="")
        print(flush=True)


if __name__ == "__main__":
    main()

"""What a pipeline with `split` costs Airflow: rows by table, sizes, time, and how it looks with a hundred plates.

    python benchmarks/split_plates.py [--plates 100] [--wells 2] [--screenshots FOLDER]

A real Airflow of `platerunner up`, whose database itself is asked what a run has added to it. Two steps in each branch,
one that gathers. The steps copy a small file. Screenshots need playwright and a Chromium.
"""

import argparse
import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from airflow_site import Site, serving, until

from platerunner.render import build_dag
from platerunner.spec.loader import load_pipeline

SPEC = """
version: 1
pipeline: bench
title: A hundred plates
workspace: "{{ workspace_root }}"
split: plate
dataset: {root: "{{ data_root }}", files: {raw: "{plate}/{well}.dat"}}
defaults: {image: base:latest, resources: {vcpus: 1, memory: 100 MiB}}
steps:
  measure:
    module: command
    foreach: [plate, well]
    inputs: {raw: dataset.raw}
    with: {argv: [cp, "{inputs.raw}", "{outputs.out}"]}
    outputs: {out: "measure/{plate}/{well}.dat"}
  plate:
    module: command
    foreach: [plate]
    inputs: {all: measure.out}
    with: {argv: [sh, -c, 'cat "$@" > "$0"', "{outputs.out}", "{inputs.all}"]}
    outputs: {out: "plate/{plate}.dat"}
  screen:
    module: command
    inputs: {all: plate.out}
    with: {argv: [sh, -c, 'cat "$@" > "$0"', "{outputs.out}", "{inputs.all}"]}
    outputs: {out: "screen.dat"}
"""
LIMIT_S = 3600.0


def rows(database: Path) -> Counter[str]:
    """Rows by table."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=60)) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return Counter({name: db.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables})


def told(database: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=60)) as db:
        return list(db.execute(query))


def play(site: Site, limit: float) -> str:
    """A run to its end, or as far as it comes; says how long it took.

    The database is asked: a page of the API that waits would be a part of what is measured.
    """
    used, began = site.cpu(), time.monotonic()
    run = site.api.post("dags/bench/dagRuns", json={"logical_date": None}).raise_for_status().json()["dag_run_id"]
    mapped = "SELECT count(*) FROM task_instance WHERE task_id = 'measure' AND map_index >= 0"
    until(lambda: told(site.database, mapped)[0][0], LIMIT_S, 1)
    print(f"branches scheduled after {time.monotonic() - began:.1f} s", flush=True)
    state: object = "running"
    while state not in ("success", "failed") and time.monotonic() < began + limit:
        time.sleep(2)
        ((state,),) = told(site.database, "SELECT state FROM dag_run")
    wall, cpu = time.monotonic() - began, site.cpu() - used
    print(f"{state} after {wall:.0f} s, {cpu:.0f} s of CPU", flush=True)
    return str(run)


def report(site: Site, before: Counter[str], plates: int) -> None:
    """The table of rows, of the whole run and of a step of a plate."""
    added = rows(site.database) - before
    of_mapped = dict(told(site.database, "SELECT task_id, count(*) FROM task_instance GROUP BY task_id"))
    states = told(site.database, "SELECT task_id, state, count(*) FROM task_instance GROUP BY task_id, state")
    xcoms = dict(told(site.database, "SELECT task_id, count(*) FROM xcom GROUP BY task_id"))
    logs = dict(told(site.database, "SELECT task_id, count(*) FROM log WHERE task_id IS NOT NULL GROUP BY task_id"))
    print(*states, sep="\n")
    print("\n| table | rows added | a plate |\n|---|---|---|")
    for name, count in added.most_common():
        print(f"| {name} | {count} | {count / plates:.2f} |")
    print("\n| task | task_instance | xcom | log |\n|---|---|---|---|")
    for task, count in of_mapped.items():
        print(f"| {task} | {count} | {xcoms.get(task, 0)} | {logs.get(task, 0)} |")
    kept = told(site.database, "SELECT task_id, map_index, length(value) FROM xcom ORDER BY 3 DESC LIMIT 3")
    serialized = told(site.database, "SELECT length(data), length(data_compressed) FROM serialized_dag")
    print(f"\nlargest XComs: {kept}; serialised DAG: {serialized} bytes", flush=True)


def look(site: Site, run: str, folder: Path) -> None:
    """Airflow's graph and grid of the run, and our pages, as pictures, with the time until they are drawn."""
    from playwright.sync_api import sync_playwright

    address, token = str(site.api.base_url).removesuffix("/api/v2/"), site.api.headers["Authorization"].split()[1]
    pages = {
        "graph": f"{address}/dags/bench/runs/{run}", "run": f"{address}/platerunner/dags/bench/runs/{run}/",
        "step": f"{address}/platerunner/dags/bench/runs/{run}/tasks/measure/",
        "pipeline": f"{address}/platerunner/dags/bench/pipeline",
    }  # fmt: skip
    program = shutil.which("chromium") or shutil.which("google-chrome")
    options = ["--no-sandbox", "--disable-gpu"]
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=program, args=options) as browser:
        context = browser.new_context(viewport={"width": 1400, "height": 900})
        context.add_cookies([{"name": "_token", "value": token, "url": address}])
        context.set_default_timeout(180_000)
        page = context.new_page()
        for name, url in pages.items():
            began = time.monotonic()
            page.goto(url, wait_until="networkidle" if name != "graph" else "load")
            print(f"{name}: {time.monotonic() - began:.1f} s, {len(page.content()):,} characters", flush=True)
            if name == "graph":
                page.wait_for_timeout(8000)
                page.screenshot(path=str(folder / "grid.png"))
                page.keyboard.press("g")
                page.wait_for_timeout(8000)
            page.screenshot(path=str(folder / f"{name}.png"), full_page=name != "graph")


def render(spec: Path) -> None:
    """CPU that a DAG file takes for it."""
    build_dag(load_pipeline(spec))
    began = time.process_time()
    build_dag(load_pipeline(spec))
    print(f"rendered in {(time.process_time() - began) * 1000:.1f} ms of CPU", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plates", type=int, default=100)
    parser.add_argument("--wells", type=int, default=2)
    parser.add_argument("--limit", type=float, default=LIMIT_S, help="seconds after which it reports what there is")
    parser.add_argument("--screenshots", type=Path)
    args = parser.parse_args()
    files = {f"P{p:03}/A{w + 1:02}.dat": b"x" * 1000 for p in range(args.plates) for w in range(args.wells)}
    with tempfile.TemporaryDirectory(prefix="split-") as name, serving(Path(name), SPEC, files) as site:
        render(Path(name) / "specs/bench.yaml")
        until(lambda: site.api.get("dags/bench").is_success, LIMIT_S)
        before = rows(site.database)
        run = play(site, args.limit)
        report(site, before, args.plates)
        if args.screenshots:
            args.screenshots.mkdir(parents=True, exist_ok=True)
            look(site, run, args.screenshots)


if __name__ == "__main__":
    main()

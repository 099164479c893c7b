"""A small screen from end to end on this machine: a plain loop, Snakemake, redun, and ours with and without Airflow.

    uv venv /tmp/rivals && uv pip install --python /tmp/rivals/bin/python snakemake redun
    python benchmarks/end_to_end.py /tmp/rivals/bin [--rounds 5] [--wells 96] [--only ours,snakemake] >> table.md

4 plates of 96 wells of 4 small files; a step per plate, one per well, one that gathers a plate: 392 units of a tool of
some 50 ms, two at a time. Three runs each: the first, one with nothing to do, one after a file was changed. Whole
processes with all that they started; the rounds go through all sides in turn, so that a busy moment meets all.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

PLATES, SITES, CORES = 4, 4, 2
RUNS = ("first", "nothing", "changed")
Runs = dict[str, tuple[float, float, float]]
"""Wall and CPU seconds, and MiB, of a side's runs."""
TITLES = {
    "loop": "plain loop", "redun": "redun", "snakemake": "Snakemake",
    "ours": "`platerunner run --local`", "ours --airflow": "the same with `--airflow`",
}  # fmt: skip
TOOL = """
import hashlib, sys, time
out, *names = sys.argv[1:]
hashed, until = hashlib.sha256(), time.process_time() + 0.03
for name in names:
    hashed.update(open(name, "rb").read())
digest = hashed.hexdigest()
while time.process_time() < until:
    hashed.update(b"work")
open(out, "w").write(digest + "\\n")
"""
SPEC = """
version: 1
pipeline: bench
workspace: "{{ workspace_root }}"
dataset: {root: "{{ data_root }}", files: {raw: "{plate}/{well}_{site}.dat"}}
defaults: {image: base:latest, resources: {vcpus: 1, memory: 100 MiB}}
steps:
  calc:
    module: command
    foreach: [plate]
    inputs: {images: dataset.raw}
    with: {argv: [PYTHON, -I, -S, TOOL, "{outputs.illum}", "{inputs.images}"]}
    outputs: {illum: "illum/{plate}.txt"}
  measure:
    module: command
    foreach: [plate, well]
    inputs: {illum: calc.illum, images: dataset.raw}
    with: {argv: [PYTHON, -I, -S, TOOL, "{outputs.table}", "{inputs.illum}", "{inputs.images}"]}
    outputs: {table: "tables/{plate}/{well}.txt"}
  whole:
    module: command
    foreach: [plate]
    inputs: {tables: measure.table}
    with: {argv: [PYTHON, -I, -S, TOOL, "{outputs.all}", "{inputs.tables}"]}
    outputs: {all: "whole/{plate}.txt"}
"""
SNAKEFILE = """
PLATES, WELLS, SITES = glob_wildcards("data/{plate}/{well}_{site}.dat")
P, W, S = sorted(set(PLATES)), sorted(set(WELLS)), sorted(set(SITES))
RUN = "PYTHON -I -S TOOL {output} {input}"
rule all:
    input: expand("work/whole/{plate}.txt", plate=P)
rule calc:
    input: expand("data/{{plate}}/{well}_{site}.dat", well=W, site=S)
    output: "work/illum/{plate}.txt"
    shell: RUN
rule measure:
    input: "work/illum/{plate}.txt", expand("data/{{plate}}/{{well}}_{site}.dat", site=S)
    output: "work/tables/{plate}/{well}.txt"
    shell: RUN
rule whole:
    input: expand("work/tables/{{plate}}/{well}.txt", well=W)
    output: "work/whole/{plate}.txt"
    shell: RUN
"""
REDUN = """
import subprocess
from glob import glob
from redun import File, task
redun_namespace = "bench"

@task(version="1")
def tool(out: str, names: list, *files: File) -> File:
    import os
    os.makedirs(os.path.dirname(out), exist_ok=True)
    subprocess.run(["PYTHON", "-I", "-S", "TOOL", out, *names], check=True)
    return File(out)

@task(version="1")
def joined(out: str, files: list) -> File:
    return tool(out, [each.path for each in files])

@task(version="1")
def main() -> list:
    done = []
    for plate in sorted(glob("data/*")):
        name = plate.split("/")[1]
        images = sorted(glob(plate + "/*.dat"))
        illum = tool(f"work/illum/{name}.txt", images, *map(File, images))
        wells = sorted({each.rsplit("_", 1)[0] for each in images})
        tables = []
        for well in wells:
            own = [each for each in images if each.startswith(well + "_")]
            table = f"work/tables/{name}/{well.split('/')[2]}.txt"
            tables.append(tool(table, [f"work/illum/{name}.txt", *own], illum, *map(File, own)))
        done.append(joined(f"work/whole/{name}.txt", tables))
    return done
"""


def prepare(folder: Path, wells: int) -> None:
    for plate in range(PLATES):
        (folder / f"data/P{plate}").mkdir(parents=True)
        for well in range(wells):
            for site in range(SITES):
                (folder / f"data/P{plate}/W{well:03}_{site}.dat").write_bytes(os.urandom(4000))
    texts = {"tool.py": TOOL, "bench.yaml": SPEC, "Snakefile": SNAKEFILE, "bench.py": REDUN}
    for name, text in texts.items():
        made = text.replace("PYTHON", sys.executable).replace("TOOL", str(folder / "tool.py"))
        (folder / name).write_text(made)
    (folder / ".redun").mkdir()
    (folder / ".redun/redun.ini").write_text(
        f"[backend]\ndb_uri = sqlite:///redun.db\n[executors.default]\ntype = local\nmax_workers = {CORES}\n"
    )


def loop(folder: Path, wells: int) -> Sequence[str]:
    """The work itself, two at a time, and nothing else."""
    run = f"xargs -P{CORES} -I% sh -c '%'"
    tool = f"{sys.executable} -I -S {folder}/tool.py"
    plates = [f"P{number}" for number in range(PLATES)]
    names = [f"W{number:03}" for number in range(wells)]
    lines = [
        "mkdir -p work/illum work/whole " + " ".join(f"work/tables/{plate}" for plate in plates),
        *_piped((f"{tool} work/illum/{p}.txt data/{p}/*.dat" for p in plates), run),
        *_piped(
            (f"{tool} work/tables/{p}/{w}.txt work/illum/{p}.txt data/{p}/{w}_*.dat" for p in plates for w in names),
            run,
        ),
        *_piped((f"{tool} work/whole/{p}.txt work/tables/{p}/*.txt" for p in plates), run),
    ]
    (folder / "loop.sh").write_text("\n".join(lines))
    return ["sh", "loop.sh"]


def _piped(commands: "Sequence[str] | object", run: str) -> list[str]:
    return ["cat <<'END' | " + run, *commands, "END"]  # type: ignore[misc]


def sides(rivals: Path, folder: Path, wells: int) -> dict[str, Callable[[], Sequence[str]]]:
    here = Path(sys.executable).parent
    ours = [
        str(here / "platerunner"),
        "run",
        "bench.yaml",
        "--local",
        "--data-root",
        "data",
        "--workspace-root",
        "work",
    ]
    return {
        "loop": lambda: loop(folder, wells),
        "redun": lambda: [str(rivals / "redun"), "run", "bench.py", "main"],
        "snakemake": lambda: [str(rivals / "snakemake"), "--cores", str(CORES), "--quiet", "all"],
        "ours": lambda: ours,
        "ours --airflow": lambda: [*ours, "--airflow"],
    }


def run(argv: Sequence[str], folder: Path) -> tuple[float, float, float]:
    """Wall and CPU seconds with all children, and MiB at the peak of the largest process."""
    environ = {**os.environ, "PATH": f"{Path(argv[0]).parent}:{os.environ['PATH']}"}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryFile("w+") as said:
        began = time.perf_counter()
        process = subprocess.Popen(argv, cwd=folder, env=environ, stdout=said, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        said.seek(0)
        text = said.read()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(argv)} ended with {process.returncode}:\n{text[-2000:]}")
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def play(name: str, rivals: Path, wells: int) -> Runs:
    """One side's three runs in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="end-to-end-"))
    try:
        prepare(folder, wells)
        argv = sides(rivals, folder, wells)[name]()
        found = {"first": run(argv, folder)}
        if name != "loop":
            found["nothing"] = run(argv, folder)
            (folder / "data/P0/W000_0.dat").write_bytes(os.urandom(4000))
            found["changed"] = run(argv, folder)
        assert len(list((folder / "work/whole").iterdir())) == PLATES
        return found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rivals", type=Path, help="folder with the programs snakemake and redun")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--wells", type=int, default=96)
    parser.add_argument("--only", default="loop,redun,snakemake,ours,ours --airflow")
    args = parser.parse_args()
    names = args.only.split(",")
    rounds = []
    for number in range(args.rounds):
        print(f"round {number + 1} of {args.rounds}", file=sys.stderr, flush=True)
        rounds.append({name: play(name, args.rivals, args.wells) for name in names})
    print(table(names, rounds, args.wells))


def table(names: Sequence[str], rounds: Sequence[dict[str, Runs]], wells: int) -> str:
    """For README: medians of wall and CPU seconds, all values of wall time behind, and the highest peak."""
    heads = ["", "first run", "nothing to do", f"one file changed ({wells + 2} units)", "peak memory"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for name in names:
        cells = [cell([each[name][which] for each in rounds if which in each[name]]) for which in RUNS]
        peak = max(peak for each in rounds for _, _, peak in each[name].values())
        lines.append(f"| {TITLES[name]} | {' | '.join(cells)} | {peak:.0f} MiB |")
    return "\n".join(lines)


def cell(values: Sequence[tuple[float, float, float]]) -> str:
    """One side's figures of one run."""
    if not values:
        return ""
    wall, cpu, _ = (statistics.median(column) for column in zip(*values, strict=True))
    return f"{wall:.1f} / {cpu:.1f} ({' '.join(f'{each[0]:.1f}' for each in values)})"


if __name__ == "__main__":
    main()

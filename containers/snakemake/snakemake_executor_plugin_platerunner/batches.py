"""A batch of like jobs: a spec with one step, made of the jobs, and a `platerunner run` of it."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from snakemake_interface_executor_plugins.utils import encode_target_jobs_cli_args

DATA, FILES, JOBS = "data", "files", "jobs"
"""Folders of the workspace: what all batches read, the workflow's files within it, and what each job has to do."""
_STOP_S = 60
SPEC = """\
version: 1
pipeline: snakemake_{step}
title: Jobs of the rule {step}
workspace: "{{{{ workspace_root }}}}"
dataset:
  root: "{{{{ data_root }}}}"
  files:
    files: {{table: jobs.csv, path: path, columns: {{job: job, number: number}}}}
steps:
  {step}:
    module: command
    image: "{image}"
    foreach: [job]
    inputs: {{files: dataset.files}}
    with:
      files: {sources}
      argv: [platerunner-snakemake-rule, "{{unit}}"]
    outputs: {{made: {{folder: "made/{{job}}"}}}}
    resources: {resources}
    retry: {{attempts: 3, on_demand_after: 1}}
    tolerate: all
"""


@dataclass(frozen=True)
class Place:
    """Where the batches of one run of Snakemake go.

    :param workspace: a folder or ``s3://``.
    :param image: of the jobs.
    :param command: Platerunner's program.
    :param local: whether it is to run on the embedded cloud.
    """

    workspace: str
    image: str
    command: str
    local: bool = False
    run: str = field(default_factory=lambda: f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}")

    @property
    def url(self) -> str:
        """The workspace, as Platerunner takes it."""
        return self.workspace.rstrip("/") if "://" in self.workspace else str(Path(self.workspace).resolve())


def alike(jobs: Iterable[Any]) -> list[list[Any]]:
    """The jobs, by rule and by what they ask for: each group can be an array job."""
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for job in jobs:
        groups.setdefault((tuple(job.rules), job.attempt, json.dumps(asked(job))), []).append(job)
    return list(groups.values())


def asked(job: Any) -> dict[str, Any]:
    """What a job asks for, in the words of a spec."""
    found = job.resources
    numbers = {name: found.get(name) for name in ("mem_mb", "disk_mb", "runtime")}
    known = {name: int(value) for name, value in numbers.items() if isinstance(value, (int, float)) and value > 0}
    names = {"mem_mb": ("memory", "MB"), "disk_mb": ("disk", "MB"), "runtime": ("timeout", "min")}
    told = {names[name][0]: f"{value} {names[name][1]}" for name, value in known.items()}
    capacity = found.get("capacity")
    return {"vcpus": int(job.threads), **told, **({"capacity": capacity} if isinstance(capacity, str) else {})}


class Batch:
    """Like jobs that are run together.

    :param number: of the batch, from 1.
    :param sources: the workflow's own files, relative to the folder that Snakemake works in.
    :param config: the workflow's configuration, as it is now.
    """

    def __init__(
        self,
        place: Place,
        number: int,
        jobs: Sequence[Any],
        snakefile: Path,
        sources: Sequence[str],
        config: dict[str, Any],
    ) -> None:
        self._place, self._sources, self._config = place, sources, config
        self._snakefile = os.path.relpath(snakefile)
        self.step = _step_name(jobs[0])
        self.name = f"{number:04}-{self.step}"
        self.jobs = _named(jobs)
        self._folder = Path(".snakemake/platerunner", place.run, self.name).absolute()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def told(self) -> str:
        """Where its log is."""
        return str(self._folder / "run.log")

    def start(self) -> None:
        """Write the spec, upload what the jobs read, and run it.

        :raises ValueError: if a file lies outside of the folder that Snakemake works in.
        """
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        for source in (*self._sources, self._snakefile):
            target = self._folder / "sources" / _inside(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        self._write_table()
        (self._folder / "spec.yaml").write_text(self._spec())
        place = self._place
        roots = ["--workspace-root", f"{place.url}/{place.run}/{self.name}", "--data-root", f"{place.url}/{DATA}"]
        argv = [place.command, "run", "spec.yaml", *roots, *(["--local"] if place.local else [])]
        with (self._folder / "run.log").open("wb") as log:
            self._process = subprocess.Popen(
                argv, cwd=self._folder, env=_environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def _spec(self) -> str:
        sources = sorted(
            path.relative_to(self._folder).as_posix() for path in self._folder.glob("sources/**/*") if path.is_file()
        )
        resources = asked(next(iter(self.jobs.values())))
        return SPEC.format(
            step=self.step, image=self._place.image, sources=json.dumps(sources), resources=json.dumps(resources)
        )

    def _write_table(self) -> None:
        """A row for each file of each job: first what it is to do, then what it reads."""
        from platerunner_unit.contract.storage import Storage  # which a job's container does not have
        from platerunner_unit.runner.stage import store

        storage = Storage(f"{self._place.url}/{DATA}")
        stored: set[str] = set()
        with (self._folder / "jobs.csv").open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["job", "number", "path"])
            for name, job in self.jobs.items():
                described = self._folder / f"{name}.json"
                described.write_text(json.dumps(self._described(job)))
                keys = {f"{JOBS}/{self._place.run}/{self.name}/{name}.json": described}
                keys |= {f"{FILES}/{_inside(file)}": Path(file) for file in _files(job.input)}
                for number, (key, path) in enumerate(keys.items()):
                    if key not in stored:
                        store(storage, "", key, path)
                        stored.add(key)
                    writer.writerow([name, number, key])

    def _described(self, job: Any) -> dict[str, Any]:
        made = [*job.output, *job.log, *([job.benchmark] if getattr(job, "benchmark", None) else [])]
        return {
            "snakefile": _inside(self._snakefile),
            "targets": encode_target_jobs_cli_args(job.get_target_spec()),
            "rules": list(job.rules),
            "threads": int(job.threads),
            "attempt": int(job.attempt),
            "config": self._config,
            "made": [_inside(str(file)) for file in made],
        }

    def ended(self) -> bool:
        """Whether its run has come to its end."""
        return self._process is not None and self._process.poll() is not None

    def fetch(self, name: str) -> str:
        """Fetch what a job made.

        :param name: of the job, in :attr:`jobs`.
        :returns: why it made nothing, for people; empty if it succeeded.
        """
        from platerunner_unit.contract.storage import Storage
        from platerunner_unit.contract.unit_keys import marker_of

        storage = Storage(f"{self._place.url}/{self._place.run}/{self.name}")
        if not storage.exists(marker_of(f"made/{name}")):
            return self._why(storage, name)
        folder = f"made/{name}/"
        for file in list(storage.list(folder)):
            target = Path(_inside(file.key.removeprefix(folder)))
            target.parent.mkdir(parents=True, exist_ok=True)
            storage.download(file.key, target)
        return ""

    def _why(self, storage: Any, name: str) -> str:
        from platerunner_unit.contract.outcome import Outcome
        from platerunner_unit.contract.unit_keys import outcomes_prefix

        prefix = f"{outcomes_prefix(self.step)}job={name}/"
        outcomes = [Outcome.from_json(storage.get(stored.key)) for stored in storage.list(prefix)]
        if not outcomes:
            said = (self._folder / "run.log").read_text(errors="replace").strip().splitlines()
            return f"its run left no outcome of it: {said[-1] if said else 'it said nothing'} ({self.told})"
        last = max(outcomes, key=lambda outcome: outcome.timing["ended"])
        return f"{last.verdict.category}: {last.verdict.sentence}"

    def stop(self) -> None:
        """End its run, and its jobs with it."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()


def _environment() -> dict[str, str]:
    """The embedded cloud runs jobs with the programs beside this Snakemake, where nothing else is said."""
    program = Path(sys.executable).with_name("platerunner-snakemake")
    return {"PLATERUNNER_SNAKEMAKE": str(program), **os.environ}


def _step_name(job: Any) -> str:
    name = re.sub(r"[^a-z0-9_]", "_", str(job.name).lower())
    return name if name[:1].isalpha() else f"rule_{name}"


def _named(jobs: Sequence[Any]) -> dict[str, Any]:
    """A name for each job that tells its wildcards."""
    found: dict[str, Any] = {}
    for number, job in enumerate(jobs, 1):
        values = job.wildcards_dict.values() if not job.is_group() else ()
        told = re.sub(r"[^A-Za-z0-9.-]", "-", "_".join(map(str, values)))[:60].strip(".-")
        found[f"{number:05}_{told}" if told else f"{number:05}"] = job
    return found


def _files(names: Iterable[Any]) -> list[str]:
    """All files that a job reads, those of folders each."""
    found = []
    for name in map(str, names):
        path = Path(name)
        found += [str(each) for each in sorted(path.rglob("*")) if each.is_file()] if path.is_dir() else [name]
    return list(dict.fromkeys(found))


def _inside(name: str) -> str:
    """A path within the folder that Snakemake works in.

    :raises ValueError: if it lies outside.
    """
    path = os.path.relpath(name)
    if path.startswith(".."):
        raise ValueError(f"{name} lies outside of {Path.cwd()}, where Snakemake works: link it in, or use --directory")
    return Path(path).as_posix()

"""Real Snakemake: the spec of docs/how-to/snakemake.md on a hundred small texts, and jobs of rules on Batch."""

import gzip
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.e2e.conftest import COMMAND, ROOT, Result
from tests.embedded import Account, embedded

RAN = re.compile(r"^localrule (\w+):", re.MULTILINE)
EMPTY = "a b\n"
"""No word is long enough, so that the job of this text fails."""

pytestmark = pytest.mark.timeout(900)


class Lab:
    """Texts, a workspace, and the log of each attempt."""

    def __init__(self, folder: Path, platerunner: Callable[..., Result]) -> None:
        self.texts, self.results, self._command = folder / "data/texts", folder / "results", platerunner
        self.texts.mkdir(parents=True)

    def write(self, numbers: range, text: str) -> None:
        for number in numbers:
            (self.texts / f"t{number:03}.txt").write_text(text)

    def run(self, *options: str) -> tuple[Result, dict[str, int]]:
        """Run the spec; the result, and how many jobs of each rule its attempts ran."""
        before = set(self.results.rglob("*.log.gz"))
        spec = ROOT / "dag_specs/snakemake.yaml"
        roots = ("--data-root", self.texts.parent, "--workspace-root", self.results)
        result = self._command("run", spec, "--local", *roots, *options)
        logs = [gzip.decompress(log.read_bytes()).decode() for log in set(self.results.rglob("*.log.gz")) - before]
        ran = [rule for log in logs for rule in RAN.findall(log)]
        return result, {rule: ran.count(rule) for rule in sorted(set(ran))}


def test_of_a_hundred_jobs_the_ten_that_failed_run_again_and_then_none(
    platerunner: Callable[..., Result], snakemake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLATERUNNER_SNAKEMAKE", str(snakemake))
    lab = Lab(tmp_path, platerunner)
    lab.write(range(100), "three words repeated, repeated\n")
    lab.write(range(0, 100, 10), EMPTY)

    failed, ran = lab.run()
    assert failed.code == 1, failed.out + failed.err
    assert ran == {"count": 90, "words": 100}
    assert "10 jobs failed: words for words/t" in failed.out + failed.err
    assert not list((lab.results / "snakemake").glob("counts/*")), "no file of a failed attempt has its final name"

    lab.write(range(0, 100, 10), "words at last\n")
    repaired, ran = lab.run()
    assert repaired.code == 0, repaired.out + repaired.err
    assert ran == {"all": 1, "count": 10, "total": 1, "words": 10}
    total = dict(line.split("\t") for line in (lab.results / "snakemake/total.tsv").read_text().splitlines())
    assert total == {"three": "90", "words": "100", "repeated": "180", "last": "10"}
    assert "201 of 201" not in (lab.results / "snakemake/graph.svg").read_text()
    assert "100 of 100 files" in (lab.results / "snakemake/graph.svg").read_text()

    again, ran = lab.run()
    assert (again.step("count")["done_before"], ran) == (1, {})

    (lab.texts / "t007.txt").unlink()
    fewer, ran = lab.run()
    assert fewer.code == 0, fewer.out + fewer.err
    assert ran == {"all": 1, "total": 1}, "what the others count is still right"


SNAKEFILE = """
rule all:
    input: "total.txt"

rule words:
    input: "texts/{text}.txt"
    output: "words/{text}.txt"
    log: "logs/{text}.log"
    resources: mem_mb=300, runtime=10
    shell: "grep -o '[a-z]*s' {input} > {output} 2> {log}"

rule total:
    input: expand("words/{text}.txt", text=["t1", "t2", "t3", "t4"])
    output: "total.txt"
    resources: mem_mb=300, runtime=10
    shell: "cat {input} | sort | uniq -c > {output}"
"""


def submitted(workspace: Path, seen: set[Path]) -> dict[str, int]:
    """Step to units of each submission that is new: one call of SubmitJob, an array job if it has several."""
    new = set(workspace.glob("*/*/_platerunner/runs/*/*/*.units.jsonl")) - seen
    seen |= new
    found = [(path.parent.name, len([line for line in path.read_text().splitlines() if line.strip()])) for path in new]
    assert len(dict(found)) == len(found), "one submission for each rule"
    return dict(found)


def test_jobs_of_a_rule_are_one_array_job_and_what_failed_is_the_next_one(snakemake: Path, tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    for name in ("t1", "t2", "t3", "t4"):
        (tmp_path / f"texts/{name}.txt").write_text("words and words\n" if name != "t3" else "none\n")
    argv = [snakemake.with_name("snakemake"), "--executor", "platerunner", "--jobs", "100", "--keep-going"]
    own = ["--platerunner-workspace", "ws", "--platerunner-local", "--platerunner-command", COMMAND]
    seen: set[Path] = set()

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run([*argv, *own], cwd=tmp_path, capture_output=True, text=True, timeout=400)

    failed = run()
    assert failed.returncode == 1, failed.stderr
    assert submitted(tmp_path / "ws", seen) == {"words": 4}
    assert "tool_error: " in failed.stderr, "the judge's own sentence"
    assert sorted(path.stem for path in (tmp_path / "words").iterdir()) == ["t1", "t2", "t4"]

    (tmp_path / "texts/t3.txt").write_text("words\n")
    repaired = run()
    assert repaired.returncode == 0, repaired.stderr
    assert submitted(tmp_path / "ws", seen) == {"words": 1, "total": 1}
    assert (tmp_path / "total.txt").read_text().split() == ["7", "words"]
    ledgers = (tmp_path / "ws").rglob("ledger/attempts/**/*.jsonl.gz")
    attempts = [line for file in ledgers for line in gzip.decompress(file.read_bytes()).splitlines()]
    assert len(attempts) == 6, "each job has its row in the ledger"

    assert run().returncode == 0
    assert submitted(tmp_path / "ws", seen) == {}


@pytest.fixture
def aws(snakemake: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """The embedded cloud with a bucket for the workspace; its jobs run the real Snakemake."""
    monkeypatch.setenv("PLATERUNNER_SNAKEMAKE", str(snakemake))
    with embedded() as account:
        account.client("s3").create_bucket(Bucket=BUCKET)
        yield account


BUCKET = "lab-flow"
ALL_WORDS = SNAKEFILE.partition("rule total:")[0].replace(
    '"total.txt"', 'expand("words/{text}.txt", text=["t1", "t2", "t3"])'
)


def test_a_workspace_on_s3_holds_what_jobs_read_and_made_and_each_rule_is_one_call(
    aws: Account, snakemake: Path, tmp_path: Path
) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "Snakefile").write_text(ALL_WORDS)
    for name in ("t1", "t2", "t3"):
        (tmp_path / f"texts/{name}.txt").write_text("words\n" if name != "t3" else "none\n")
    connection = json.dumps({"conn_type": "platerunner", "extra": aws.cloud.connection()})
    env = {**os.environ, **aws.cloud.environment(), "AIRFLOW_CONN_PLATERUNNER": connection}
    argv = [snakemake.with_name("snakemake"), "--executor", "platerunner", "--jobs", "100", "--keep-going"]
    own = ["--platerunner-workspace", f"s3://{BUCKET}/flow", "--platerunner-command", COMMAND]

    def run() -> tuple[subprocess.CompletedProcess[str], int]:
        before = aws.cloud.calls["batch.submitjob"]
        done = subprocess.run([*argv, *own], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=400)
        return done, aws.cloud.calls["batch.submitjob"] - before

    failed, calls = run()
    assert (failed.returncode, calls) == (1, 1), failed.stderr
    assert "tool_error: " in failed.stderr, "the judge's own sentence"
    assert sorted(path.name for path in (tmp_path / "words").iterdir()) == ["t1.txt", "t2.txt"]
    assert not (tmp_path / "flow").exists(), "nothing but S3 holds the workspace"

    (tmp_path / "texts/t3.txt").write_text("words too\n")
    repaired, calls = run()
    assert (repaired.returncode, calls) == (0, 1), repaired.stderr
    assert (tmp_path / "words/t3.txt").read_text() == "words\n"
    keys = [each["Key"] for each in aws.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]]
    read = [key.removeprefix("flow/data/files/") for key in keys if key.startswith("flow/data/files/")]
    assert sorted(read) == ["texts/t1.txt", "texts/t2.txt", "texts/t3.txt"]
    assert sum(key.endswith("words/t1.txt") for key in keys) == 1, "what was made is not made again"
    assert run()[1] == 0, "all is there"

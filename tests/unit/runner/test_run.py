"""The runner as a whole, as a process, on folders."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.bench import PATIENCE_S, RUN, Bench, data_file, folder_bench

from platerunner_unit.contract.category import CATEGORIES, Category
from platerunner_unit.contract.manifest import InputFile, OpenOutput, OutputFile, ToolFile
from platerunner_unit.contract.outcome import digest
from platerunner_unit.contract.storage import Storage

COPY = ("sh", "-c", 'cat "$1" >"$2"; echo out; echo err >&2; printf last', "sh", "{inputs.i}", "{outputs.o}")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return folder_bench(tmp_path)


def exit_code(category: Category) -> int:
    return CATEGORIES[category].exit_code


def test_a_unit_is_run_recorded_and_its_outputs_put_in_place(bench: Bench) -> None:
    ran = bench.run(bench.step(COPY), bench.unit(["res/P1/A01.txt"], [data_file(bench, "P1/A01.txt")]))
    assert (ran.code, ran.category) == (0, "succeeded"), ran.stderr
    assert bench.store.get("res/P1/A01.txt") == b"hello"
    lines = ran.stdout.decode().splitlines()
    assert lines[:3] == ["out", "err", "last"]
    assert lines[3].startswith("platerunner: plate=P1/well=A01 succeeded in ")
    assert ran.outcome is not None
    assert bench.log(ran.outcome) == ran.stdout
    assert [record.key for record in ran.outcome.outputs] == ["res/P1/A01.txt"]
    assert ran.outcome.usage["peak_memory"] > 1_000_000
    assert {"started", "ended", "stage_in_s", "tool_s", "stage_out_s"} <= set(ran.outcome.timing)


def test_the_work_folder_goes_unless_it_is_to_stay(bench: Bench) -> None:
    step, unit = bench.step(COPY), bench.unit(["a.txt"], [data_file(bench, "x")])
    bench.run(step, unit)
    assert not bench.work.exists()
    bench.environ["PLATERUNNER_KEEP_WORK"] = "1"
    bench.run(step, unit)
    assert (bench.work / "in" / "data" / "x").is_symlink()


def test_the_array_index_chooses_the_line(bench: Bench) -> None:
    units = [bench.unit([f"{n}.txt"], [data_file(bench, "x")], fingerprint=f"f{n}") for n in range(3)]
    bench.environ["AWS_BATCH_JOB_ARRAY_INDEX"] = "2"
    ran = bench.run(bench.step(COPY), *units)
    assert ran.outcome is not None
    assert ran.outcome.fingerprint == "f2"
    assert bench.store.exists("2.txt")
    assert not bench.store.exists("0.txt")


def test_attempts_count_over_submissions(bench: Bench) -> None:
    bench.environ.update(AWS_BATCH_JOB_ATTEMPT="2", AWS_BATCH_JOB_ID="job-1")
    ran = bench.run(bench.step(("true",)), bench.unit(attempts_before=3))
    assert ran.outcome is not None
    assert (ran.outcome.attempt, ran.outcome.job_id) == (5, "job-1")
    assert ran.outcome.log.endswith("/5.log.gz")


def test_a_failed_tool_leaves_its_log_and_no_output(bench: Bench) -> None:
    argv = ("sh", "-c", 'echo half >"$1"; echo "boom: it broke" >&2; exit 3', "sh", "{outputs.o}")
    ran = bench.run(bench.step(argv), bench.unit(["a.txt"]))
    assert ran.code == exit_code(Category.TOOL_ERROR)
    assert ran.category == "tool_error"
    assert not bench.store.exists("a.txt")
    assert ran.outcome is not None
    assert ran.outcome.evidence["exit_code"] == 3
    assert b"boom: it broke" in bench.log(ran.outcome)
    assert ran.stdout.decode().splitlines()[-1].startswith("platerunner: plate=P1/well=A01 failed: tool_error - ")


def test_an_output_that_was_not_written_is_named(bench: Bench) -> None:
    ran = bench.run(bench.step(("true",)), bench.unit(["res/a.txt"]))
    assert ran.category == "output_missing"
    assert "res/a.txt" in ran.sentence


def test_a_tool_that_is_not_installed_is_misconfigured(bench: Bench) -> None:
    ran = bench.run(bench.step(("no-such-program-anywhere",)), bench.unit())
    assert ran.code == exit_code(Category.MISCONFIGURED)
    assert "`no-such-program-anywhere` is not installed in this image" in ran.sentence


def test_an_unknown_placeholder_is_explained(bench: Bench) -> None:
    ran = bench.run(bench.step(("echo", "{inputs.image}")), bench.unit(inputs={"images": ()}))
    assert ran.category == "pipeline_invalid"
    assert "did you mean `{inputs.images}`?" in ran.sentence


def test_a_tool_that_the_runner_does_not_know(bench: Bench) -> None:
    ran = bench.run(bench.step(tool="fiji"), bench.unit())
    assert ran.category == "misconfigured"
    assert "`fiji`" in ran.sentence


@pytest.mark.parametrize("size", [None, 5])
def test_a_missing_input_is_named_by_its_address(bench: Bench, size: int | None) -> None:
    ran = bench.run(
        bench.step(("touch", "{outputs.o}")), bench.unit(["a"], [InputFile("P1/x.tif", "data", size, None)])
    )
    assert ran.code == exit_code(Category.INPUT_MISSING)
    assert f"{bench.data}/P1/x.tif" in ran.sentence
    assert ran.outcome is not None
    assert ran.outcome.evidence["started"] is False


def test_an_input_that_planning_missed_may_have_come_meanwhile(bench: Bench) -> None:
    Storage(bench.data).put("late", b"hello")
    ran = bench.run(bench.step(COPY), bench.unit(["a"], [InputFile("late", "data", None, None)]))
    assert ran.category == "succeeded"


def test_an_input_that_changed_since_planning_is_not_used(bench: Bench) -> None:
    file = data_file(bench, "x")
    Storage(bench.data).put("x", b"longer than before")
    ran = bench.run(bench.step(COPY), bench.unit(["a"], [file]))
    assert ran.category == "transfer_failed"
    assert "changed while the run was going on" in ran.sentence


def test_a_damaged_image_stops_the_unit_before_the_tool(bench: Bench) -> None:
    ran = bench.run(bench.step(("touch", "{outputs.o}")), bench.unit(["a"], [data_file(bench, "x.tif", b"")]))
    assert ran.category == "input_unreadable"
    assert "x.tif" in ran.sentence


def test_tool_files_are_checked_by_their_digest(bench: Bench) -> None:
    bench.store.put("files/a.txt", b"content")
    good = ToolFile("files/a.txt", "a.txt", "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73")
    argv = ("cp", "{params.table}", "{outputs.o}")
    ran = bench.run(bench.step(argv, files={"table": (good,)}), bench.unit(["t.txt"]))
    assert bench.store.get("t.txt") == b"content", ran.sentence
    bad = ToolFile("files/a.txt", "a.txt", "0" * 64)
    ran = bench.run(bench.step(argv, files={"table": (bad,)}), bench.unit(["t.txt"]))
    assert ran.category == "transfer_failed"


@pytest.mark.parametrize("names", [(), ("a.txt",), ("a.txt", "sub/a.txt")], ids=["empty", "one file", "two files"])
def test_a_folder_is_passed_as_a_folder_however_many_files_it_has(bench: Bench, names: tuple[str, ...]) -> None:
    bench.store.put("files/a.txt", b"content")
    sha256 = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
    files = {"table": tuple(ToolFile("files/a.txt", name, sha256) for name in names)}
    argv = ("sh", "-c", '(cd "$1" && find . ! -name sub) >"$2"', "sh", "{params.table}", "{outputs.o}")
    ran = bench.run(bench.step(argv, files=files, folders=("table",)), bench.unit(["found.txt"]))
    assert ran.category == "succeeded", ran.sentence
    assert sorted(bench.store.get("found.txt").decode().split()) == [".", *(f"./{name}" for name in names)]


def test_an_output_with_the_same_content_is_left_alone(bench: Bench) -> None:
    step, unit = bench.step(COPY), bench.unit(["a.txt"], [data_file(bench, "x")])
    bench.run(step, unit)
    before = bench.store.head("a.txt")
    assert bench.run(step, unit).category == "succeeded"
    assert bench.store.head("a.txt") == before


def test_open_outputs_are_found_by_their_pattern(bench: Bench) -> None:
    argv = (
        "sh",
        "-c",
        'cd "$1"; mkdir t; touch t/1.csv t/2.csv; for n in 1 2; do printf "a,b\n1,2\n" >t/$n.csv; done',
        "sh",
        "{out}",
    )
    unit = bench.unit(open_outputs={"tiles": OpenOutput("tiles/P1/t/{tile}.csv", at_least=2)})
    ran = bench.run(bench.step(argv), unit)
    assert ran.category == "succeeded", ran.sentence
    assert sorted(stored.key for stored in bench.store.list("tiles")) == ["tiles/P1/t/1.csv", "tiles/P1/t/2.csv"]
    few = bench.unit(open_outputs={"tiles": OpenOutput("tiles/P1/t/{tile}.csv", at_least=3)})
    assert bench.run(bench.step(argv), few).category == "output_missing"


def test_what_is_the_runners_does_not_reach_the_tool(bench: Bench) -> None:
    bench.environ.update(VIRTUAL_ENV="/venv", MY_OWN="1")
    ran = bench.run(bench.step(("env",)), bench.unit())
    names = {line.partition(b"=")[0] for line in ran.stdout.splitlines()}
    assert {b"MY_OWN", b"TMPDIR", b"PATH"} <= names
    assert not [name for name in names if name.startswith((b"PLATERUNNER_", b"PYTHONPATH", b"VIRTUAL_ENV"))]


def test_unit_json_says_everything(bench: Bench) -> None:
    file = data_file(bench, "x", values={"site": 1})
    outputs = {"o": (OutputFile("res/a.json", {"channel": "DNA"}),)}
    ran = bench.run(
        bench.step(("cp", "{unit}", "{outputs.o}"), params={"t": 0.5}),
        bench.unit(inputs={"i": (file,)}, outputs=outputs),
    )
    assert ran.category == "succeeded", ran.sentence
    said = json.loads(bench.store.get("res/a.json"))
    assert said["inputs"]["i"] == [{"path": str(bench.work / "in/data/x"), "values": {"site": 1}}]
    assert said["outputs"]["o"][0]["key"] == "res/a.json"
    assert (said["params"], said["values"]["well"], said["step"]) == ({"t": 0.5}, "A01", "s")


@pytest.mark.parametrize("missing", ["_platerunner/runs/r1/other/1", "no/manifest"])
def test_a_manifest_that_is_not_there(bench: Bench, missing: str, capfd: pytest.CaptureFixture[str]) -> None:
    bench.store.put("x", b"")
    done = subprocess.run(
        [sys.executable, "-m", "platerunner_unit", "run", f"{bench.workspace}/{missing}"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == exit_code(Category.MISCONFIGURED)
    assert done.stderr.startswith("platerunner: cannot start: misconfigured - ")


def test_a_workspace_that_cannot_be_written(bench: Bench) -> None:
    if os.geteuid() == 0:
        # Root may write anywhere; a file where a folder has to be refuses root too.
        Storage(bench.workspace).put("_platerunner/logs", b"")
    else:
        Path(bench.workspace).chmod(0o500)
    ran = bench.run(bench.step(("true",)), bench.unit())
    assert ran.code in {exit_code(Category.ACCESS_DENIED), exit_code(Category.TRANSFER_FAILED)}
    assert "the outcome cannot be written" in ran.stderr


def test_an_output_that_cannot_be_put_in_place_fails_the_unit(bench: Bench) -> None:
    bench.store.put("res", b"a file where a folder has to be")
    ran = bench.run(bench.step(("sh", "-c", 'echo x >"$1"', "sh", "{outputs.o}")), bench.unit(["res/a.txt"]))
    assert ran.category in {"transfer_failed", "access_denied"}
    assert "res/a.txt" in ran.sentence
    assert ran.outcome is not None
    assert ran.outcome.outputs == ()


def test_term_while_inputs_come_in(bench: Bench) -> None:
    """The data root answers no request: staging alone would wait forever."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        bench.environ.update(
            AWS_ENDPOINT_URL=f"http://127.0.0.1:{silent.getsockname()[1]}",
            AWS_ACCESS_KEY_ID="x",
            AWS_SECRET_ACCESS_KEY="x",
            AWS_DEFAULT_REGION="us-east-1",
        )
        step = bench.step(("true",), roots={"data": "s3://silent", "workspace": bench.workspace})
        process = bench.start(step, bench.unit(["a"], [InputFile("x", "data", 1, "e")]))
        connection, _ = silent.accept()
        process.terminate()
        stdout, stderr = process.communicate(timeout=PATIENCE_S)
        connection.close()
    outcome = bench.outcome()
    assert outcome is not None, stderr
    assert outcome.verdict.category == "stopped_by_user", outcome.verdict
    assert outcome.evidence["started"] is False
    assert stdout.startswith(b"platerunner: plate=P1/well=A01 failed: stopped_by_user")


def started(bench: Bench, script: str, **environ: str) -> object:
    """Start a tool that says ``ready``, and wait until it has."""
    bench.environ.update(environ)
    process = bench.start(bench.step(("sh", "-c", script), timeout_s=None), bench.unit())
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def test_term_reaches_the_tool_and_an_outcome_is_written(bench: Bench) -> None:
    process = started(bench, "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.1; done")
    process.terminate()
    stdout, stderr = process.communicate(timeout=PATIENCE_S)
    outcome = bench.outcome()
    assert outcome is not None, stderr
    assert (process.returncode, outcome.verdict.category) == (exit_code(Category.STOPPED_BY_USER), "stopped_by_user")
    assert b"bye\n" in stdout
    assert outcome.evidence["exit_code"] == 7


def test_a_tool_that_ignores_term_is_killed_after_the_grace(bench: Bench) -> None:
    process = started(bench, "trap '' TERM; echo ready; while :; do sleep 0.1; done", PLATERUNNER_GRACE="0.5")
    process.terminate()
    process.communicate(timeout=PATIENCE_S)
    outcome = bench.outcome()
    assert outcome is not None
    assert outcome.evidence["exit_code"] == -signal.SIGKILL
    assert outcome.verdict.category == "stopped_by_user"


def test_term_near_the_time_limit_is_a_timeout(bench: Bench) -> None:
    step = bench.step(("sh", "-c", "echo ready; exec sleep 600"), timeout_s=1.0)
    process = bench.start(step, bench.unit())
    assert process.stdout is not None
    process.stdout.readline()
    process.terminate()
    process.communicate(timeout=PATIENCE_S)
    outcome = bench.outcome()
    assert outcome is not None
    assert outcome.verdict.category == "timed_out"


def test_what_the_tool_left_running_is_ended(bench: Bench) -> None:
    """A child in a session of its own outlives the tool, holds its output open, and is no child of ours at first."""
    script = (
        "import os, subprocess, sys\n"
        "p = subprocess.Popen(['sleep', '300'], start_new_session=True)\n"
        "print('left', p.pid, flush=True)\n"
        "open(sys.argv[1], 'w').write('x')\n"
    )
    ran = bench.run(bench.step((sys.executable, "-c", script, "{outputs.o}")), bench.unit(["a"]))
    left = int(ran.stdout.split()[1])
    assert ran.category == "succeeded"
    assert not Path(f"/proc/{left}").exists()


def test_orphans_are_reaped_while_the_tool_runs(bench: Bench) -> None:
    alone = "[ $(ps -o pid= --ppid $PPID | wc -l) = 1 ]"  # with its parent, which inherits the orphans
    script = f"for n in 1 2 3 4 5; do sh -c 'sleep 0 & exit 0'; done; until {alone}; do sleep 0.1; done; echo none left"
    ran = bench.run(bench.step(("sh", "-c", script)), bench.unit())
    assert ran.stdout.decode().startswith("none left\n")


def test_the_end_of_the_launcher_ends_the_unit(bench: Bench) -> None:
    launcher = subprocess.Popen(["sleep", "300"])
    process = started(bench, "echo ready; exec sleep 300", PLATERUNNER_PARENT=str(launcher.pid))
    launcher.kill()  # a zombie until it is waited for: gone all the same
    process.communicate(timeout=PATIENCE_S)
    launcher.wait()
    outcome = bench.outcome()
    assert outcome is not None
    assert outcome.verdict.category == "stopped_by_user"


@pytest.mark.slow
def test_a_stalled_tool_is_ended_with_its_stacks_in_the_log(bench: Bench) -> None:
    script = "import time\ndef hang_here():\n    time.sleep(300)\nprint('x', flush=True)\nhang_here()\n"
    ran = bench.run(bench.step((sys.executable, "-c", script), stall_s=2.0), bench.unit())
    assert (ran.code, ran.category) == (exit_code(Category.STALLED), "stalled")
    assert ran.outcome is not None
    log = bench.log(ran.outcome).decode()
    assert "in hang_here" in log  # Python's own stack
    assert "State" not in log.splitlines()[0]
    assert "thread " in log
    assert "clock_nanosleep" in log or "sleep" in log


@pytest.mark.slow
def test_a_tool_that_works_without_a_word_does_not_stall(bench: Bench) -> None:
    script = (
        "import sys, time\nend = time.monotonic() + 4\n"
        "while time.monotonic() < end: pass\n"
        "open(sys.argv[1], 'w').write('x')\n"
    )
    step = bench.step((sys.executable, "-c", script, "{outputs.o}"), stall_s=2.0)
    assert bench.run(step, bench.unit(["a"])).category == "succeeded"


def test_a_fault_of_the_runner_is_recorded_too(bench: Bench) -> None:
    unit = bench.unit(inputs={"i": (InputFile("x", "nowhere", 1, None),)})
    ran = bench.run(bench.step(("echo", "{inputs.i}")), unit)
    assert ran.outcome is not None
    assert ran.code == exit_code(Category.UNKNOWN)
    assert "the runner itself failed" in ran.sentence
    assert b"Traceback" in bench.log(ran.outcome)


def test_settings_that_cannot_be(bench: Bench) -> None:
    bench.environ["AWS_BATCH_JOB_ARRAY_INDEX"] = "first"
    ran = bench.run(bench.step(("true",)), bench.unit())
    assert ran.code == exit_code(Category.MISCONFIGURED)
    assert "AWS_BATCH_JOB_ARRAY_INDEX='first'" in ran.stderr


def test_the_digest_is_that_of_the_output(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "same").write_bytes(b"hello")
    ran = bench.run(bench.step(COPY), bench.unit(["a"], [data_file(bench, "x")]))
    assert ran.outcome is not None
    assert ran.outcome.outputs[0].sha256 == digest(tmp_path / "same")
    assert RUN in str(next(iter(bench.store.list(RUN))).key)


def test_term_after_the_tools_end_is_no_success_without_its_outputs(bench: Bench) -> None:
    argv = ("sh", "-c", 'echo x >"$1"; kill -TERM $PPID; exit 0', "sh", "{outputs.o}")
    ran = bench.run(bench.step(argv), bench.unit(["a.txt"]))
    assert (ran.code, ran.category) == (exit_code(Category.STOPPED_BY_USER), "stopped_by_user")
    assert not bench.store.exists("a.txt")


def test_a_command_line_that_is_too_long_is_told_the_way_out(bench: Bench) -> None:
    argv = ("sh", "-c", "true", "{inputs.i}")
    step = bench.step((*argv, *("x" * 100_000 for _ in range(60))))
    ran = bench.run(step, bench.unit(["a.txt"], [data_file(bench, "x")]))
    assert ran.category == "pipeline_invalid"
    assert "longer than the system takes" in ran.sentence
    assert ran.outcome is not None
    assert "`{unit}`" in ran.outcome.verdict.hint


def test_files_of_no_output_are_in_the_outcome(bench: Bench) -> None:
    argv = ("sh", "-c", 'echo a >"$1"; echo bb >other.txt', "sh", "{outputs.o}")
    ran = bench.run(bench.step(argv), bench.unit(["a.txt"]))
    assert ran.category == "succeeded"
    assert ran.outcome is not None
    (note,) = ran.outcome.verdict.notes
    assert "other.txt (3 bytes)" in note
    assert ran.outcome.evidence["unclaimed"] == [{"path": "other.txt", "size": 3}]

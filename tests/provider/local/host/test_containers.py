"""What the embedded cloud says when containers are asked for and cannot be had; real ones are in tests/containers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.embedded import TIMEOUT_S, wait_for

from platerunner.local.cloud import Cloud, CloudError
from platerunner.local.host.containers import VARIABLE, command, wanted
from platerunner.local.host.limits import group_of


def test_nothing_is_wanted_unless_it_is_asked_for() -> None:
    assert not wanted({})
    assert not wanted({VARIABLE: ""})


def test_a_runtime_that_is_unknown_or_missing_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, "docker")
    with pytest.raises(CloudError, match="'docker' is no runtime known here: set it to podman, or unset it"):
        Cloud()
    monkeypatch.setenv(VARIABLE, "podman")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CloudError, match="there is no podman: install it, or unset the variable"):
        Cloud()


def podman(folder: Path, script: str) -> None:
    program = folder / "podman"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo '[]'", "podman has no image: build ours, localhost/platerunner/\\*, with `make images`, or pull yours"),
        ("echo 'cannot open storage' >&2; exit 125", "podman does not list its images: cannot open storage"),
    ],
)
def test_a_podman_without_our_images_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, said: str
) -> None:
    podman(tmp_path, script)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv(VARIABLE, "podman")
    with pytest.raises(CloudError, match=said):
        Cloud()


def test_a_container_gets_limits_a_read_only_root_and_only_the_jobs_variables(tmp_path: Path) -> None:
    argv = command("img", ["run", "x"], {"A": "1 2"}, vcpus=0.25, memory=1024, folder=tmp_path / "id#1")
    options = argv[argv.index("run") :]
    assert options[-3:] == ["img", "run", "x"]
    assert {"--read-only", "--memory=1024", "--memory-swap=1024", "--cpu-shares=256", "--env=A=1 2"} <= set(options)
    assert [option for option in options if option.startswith("--env")] == ["--env=A=1 2"]


def shim(folder: Path, *argv: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "platerunner.local.host.shim", str(folder), *argv], start_new_session=True
    )


def test_the_shim_ends_as_its_container_does(tmp_path: Path) -> None:
    assert shim(tmp_path, "sh", "-c", "exit 7").wait(TIMEOUT_S) == 7
    assert shim(tmp_path, "sh", "-c", "kill -SEGV $$").wait(TIMEOUT_S) == 139


def test_the_shim_lets_podman_hand_on_a_signal(tmp_path: Path) -> None:
    process = shim(tmp_path, "sh", "-c", f"trap 'exit 5' TERM; touch {tmp_path}/up; while :; do sleep 0.1; done")
    wait_for((tmp_path / "up").exists)
    os.killpg(process.pid, 15)
    assert process.wait(TIMEOUT_S) == 5


@pytest.mark.parametrize(
    ("line", "place"),
    [("4:memory:/libpod_parent/x", "memory/libpod_parent/x"), ("0::/machine.slice/x", "machine.slice/x")],
)
def test_a_containers_memory_group_is_found_by_its_process(tmp_path: Path, line: str, place: str) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "cgroup").write_text(f"9:cpuset:/\n{line}\n")
    group = group_of(7, tmp_path, tmp_path)
    assert group is not None
    assert group.path == tmp_path / place


def test_a_process_that_is_gone_has_no_group(tmp_path: Path) -> None:
    assert group_of(8, tmp_path, tmp_path) is None

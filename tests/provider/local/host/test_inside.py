"""The words that lead a shell in a container into its unit's work folder."""

import subprocess

from platerunner.local.host.inside import ENTER


def test_a_shell_in_a_container_begins_in_the_folder_of_its_unit(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "fingerprint").write_text(f"f-{name}")
    env = {"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)}
    argv = ["sh", "-c", ENTER, "f-two"]
    done = subprocess.run(argv, input="pwd", env=env, capture_output=True, text=True, check=True)
    assert done.stdout == f"{tmp_path}/two\n"

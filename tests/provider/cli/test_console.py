"""What the command does beside printing: it opens a picture only where somebody can look at it."""

import json
import re
from pathlib import Path

import pytest

from platerunner.cli import console

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("platform", "terminal", "variables", "opened"),
    [
        ("linux", True, {"DISPLAY": ":0"}, True),
        ("linux", True, {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("darwin", True, {}, True),
        ("linux", True, {}, False),
        ("linux", False, {"DISPLAY": ":0"}, False),
        ("linux", True, {"DISPLAY": ":0", "SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}, False),
    ],
)
def test_a_picture_is_opened_where_there_is_a_desktop(monkeypatch, platform, terminal, variables, opened):
    seen = []
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(console.sys, "platform", platform)
    monkeypatch.setattr(console.out, "_force_terminal", terminal)
    monkeypatch.setattr(console.typer, "launch", seen.append)
    console.open_picture(Path("heatmap.png"))
    assert seen == (["heatmap.png"] if opened else [])


def test_the_machine_for_codespaces_prepares_what_make_knows():
    text = (ROOT / ".devcontainer/devcontainer.json").read_text()
    described = json.loads(re.sub(r"^//.*$", "", text, flags=re.MULTILINE))
    command, _, target = described["postCreateCommand"].partition(" ")
    assert command == "make"
    assert "SYNCED := .venv/.synced\n" in (ROOT / "Makefile").read_text()
    assert target == ".venv/.synced"

"""A unit file as the runner writes it, and the program run on it as the runner runs it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from platerunner_unit.imaging.__main__ import main

Files = Sequence[tuple[Path, Mapping[str, Any]]]


class Bench:
    """One folder with images; programs run in it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def image(self, name: str, pixels: np.ndarray, **values: Any) -> tuple[Path, dict[str, Any]]:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".npy":
            np.save(path, pixels)
        else:
            tifffile.imwrite(path, pixels)
        return path, values

    def table(self, name: str, text: str, **values: Any) -> tuple[Path, dict[str, Any]]:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path, values

    def out(self, name: str, **values: Any) -> tuple[Path, dict[str, Any]]:
        return self.folder / "out" / name, values

    def run(
        self,
        program: str,
        inputs: Mapping[str, Files],
        outputs: Mapping[str, Files],
        params: Mapping[str, Any] | None = None,
    ) -> int:
        unit = {
            "unit": "plate=P1",
            "values": {"plate": "P1"},
            "step": "step",
            "params": params or {},
            "inputs": {name: [{"path": str(p), "values": v} for p, v in files] for name, files in inputs.items()},
            "outputs": {
                name: [{"path": str(p), "values": v, "key": p.name} for p, v in files]
                for name, files in outputs.items()
            },
            "out": str(self.folder / "out"),
        }
        file = self.folder / "unit.json"
        file.write_text(json.dumps(unit), encoding="utf-8")
        return main([program, str(file)])

    def refusal(
        self,
        program: str,
        inputs: Mapping[str, Files],
        outputs: Mapping[str, Files],
        params: Mapping[str, Any] | None = None,
    ) -> str:
        """The one sentence with which a program refuses."""
        self._capsys.readouterr()
        assert self.run(program, inputs, outputs, params) == 1
        printed = self._capsys.readouterr()
        assert printed.out == ""
        assert printed.err.count("\n") == 1
        assert "Traceback" not in printed.err
        return printed.err


@pytest.fixture
def bench(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Bench:
    return Bench(tmp_path, capsys)

"""How many of our files a newcomer enters to follow a story, and how often the story switches between files.

    .venv/bin/python scripts/follow_story.py [--files]

Three stories: the demo's spec from file to model, the plan of its five steps, and one unit from manifest to outcome.
Each is run once before it is counted, so that imports and caches do not count. To measure another checkout, run this
file with that checkout's own Python, in its root; it knows the module names of before the engine had a folder, too.
"""

import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path.cwd()
SPEC = ROOT / "dag_specs/demo.yaml"
_OWN = ("platerunner", "platerunner_unit")


class Story:
    """What was entered while a story ran."""

    def __init__(self) -> None:
        self.files: set[str] = set()
        self.switches = 0
        self._here = threading.local()

    @contextmanager
    def told(self) -> Iterator[None]:
        """Count what runs within, in all threads."""
        threading.setprofile(self._look)
        sys.setprofile(self._look)
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)  # type: ignore[arg-type]

    def _look(self, frame: FrameType, event: str, _: Any) -> None:
        file = _own_file(frame)
        if file is None or frame.f_code.co_name == "<module>":
            return
        if event == "call":
            self.files.add(file)
            if file != getattr(self._here, "file", None):
                self.switches += 1
            self._here.file = file
        elif event == "return" and frame.f_back and (caller := _own_file(frame.f_back)):
            self._here.file = caller


def _own_file(frame: FrameType) -> str | None:
    path = Path(frame.f_code.co_filename)
    is_ours = path.is_relative_to(ROOT) and ".venv" not in path.parts and "tests" not in path.parts
    return str(path.relative_to(ROOT)) if is_ours and set(_OWN) & set(path.parts) else None


def _either(*names: str) -> Any:
    """The first module of these that there is: names changed when the engine moved."""
    for name in names:
        try:
            return import_module(name)
        except ModuleNotFoundError:
            continue
    raise SystemExit(f"no module is called {names[0]}; run this in a checkout, with its own Python")


def _spec() -> Callable[[], object]:
    loader = import_module("platerunner.spec.loader")
    return lambda: loader.load_pipeline(SPEC)


def _planning(folder: Path) -> Callable[[], object]:
    pipeline = import_module("platerunner.spec.loader").load_pipeline(SPEC)
    modules = import_module("platerunner.catalog.loader").load_catalog()
    prepare = _either("platerunner.engine.planning.prepare", "platerunner.units.prepare")
    context = _either("platerunner.engine.planning.context", "platerunner.units.context").RunContext
    storage = _either("platerunner_unit.contract.storage", "platerunner_unit.storage").Storage
    (folder / "work").mkdir(parents=True)
    for name in (f"P1/A0{well}_s{site}_{dye}.tif" for well in (1, 2) for site in (1, 2) for dye in ("DNA", "ER")):
        path = folder / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"pixels")
    params = {name: param.get("default") for name, param in pipeline.params.items()}
    run = context(params, str(folder / "data"), str(folder / "work"))
    return lambda: prepare.plan_pipeline(pipeline, modules, run, storage, {})


def _unit(folder: Path) -> Callable[[], object]:
    sys.path.insert(0, str(ROOT))
    bench_module = import_module("tests.unit.bench")
    settings = _either("platerunner_unit.tools.job", "platerunner_unit.settings").Settings
    run = _either("platerunner_unit.runner.run", "platerunner_unit.run").run
    manifest = _either("platerunner_unit.contract.manifest", "platerunner_unit.manifest")
    folder.mkdir()
    bench = bench_module.folder_bench(folder)
    argv = ("sh", "-c", 'cat "$1" >"$2"; echo done', "sh", "{inputs.i}", "{outputs.o}")
    unit = bench.unit(["res/A01.txt"], [bench_module.data_file(bench, "P1/A01.txt")])
    manifest.write(bench.store, f"{bench_module.RUN}/s/1", bench.step(argv), [unit])

    def once() -> None:
        environ = {"PATH": os.environ["PATH"], "PLATERUNNER_WORK": str(bench.work)}
        code = run(f"{bench.store.url}/{bench_module.RUN}/s/1", settings.from_environ(environ))
        if code:
            raise SystemExit(f"the unit ended with {code}")

    return once


def main() -> None:
    """Tell the three stories, and print a row for each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stories = {
            "a spec, from file to model": _spec(),
            "planning five steps": _planning(folder / "plan"),
            "a unit, from manifest to outcome": _unit(folder / "unit"),
        }
        print("| story | files entered | switches |\n|---|---|---|")
        for title, tell in stories.items():
            tell()
            story = Story()
            with story.told():
                tell()
            print(f"| {title} | {len(story.files)} | {story.switches:,} |", flush=True)
            if "--files" in sys.argv:
                print(*sorted(story.files), sep="\n")


if __name__ == "__main__":
    main()

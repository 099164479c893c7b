"""What the wheel has of `dag_specs`: every file that a spec in it names is in it, too, and in the source archive."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
HATCH = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]
PUT = {source: target for source, target in HATCH["wheel"]["force-include"].items() if source.startswith("dag_specs/")}


def test_what_a_spec_of_the_wheel_names_is_beside_it() -> None:
    there = {path.relative_to(ROOT) for source in PUT for path in ((ROOT / source), *(ROOT / source).rglob("*"))}
    specs = [path for path in there if path.suffix == ".yaml"]
    named = {Path("dag_specs", name) for spec in specs
             for name in re.findall(r"\bpipelines/[\w./-]+\.cppipe", (ROOT / spec).read_text())}  # fmt: skip
    assert len(named) >= 3
    assert named - there == set()
    assert [
        target for source, target in PUT.items() if target != source.replace("dag_specs", "platerunner/shipped")
    ] == []


def test_the_source_archive_has_what_the_wheel_takes() -> None:
    packed = {path for pattern in HATCH["sdist"]["include"] for path in ROOT.glob(pattern)}
    assert [source for source in PUT if ROOT / source not in packed] == []

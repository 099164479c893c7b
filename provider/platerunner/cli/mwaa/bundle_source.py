"""The checkout that a bundle is made from: our two wheels, MWAA's constraints, and uv to build and resolve with."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

OURS = ("airflow-provider-platerunner", "airflow-plugin-platerunner", "platerunner-unit")
# What hatchling takes if it is unset: no machine's own date gets into the wheels.
EPOCH = "1580601600"


class BundleError(Exception):
    """Why there can be no bundle: one sentence with its remedy."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """Platerunner's sources and a uv.

    :param root: the folder with `pyproject.toml`, `uv.lock` and `constraints/`.
    :param uv: the program.
    """

    root: Path
    uv: str

    @classmethod
    def find(cls) -> "Checkout":
        """The checkout that this code runs from, else the one that is the current folder."""
        here = Path(__file__).resolve()
        root = next(filter(_is_checkout, (*here.parents[4:5], Path.cwd())), None)
        if root is None:
            raise BundleError(
                "A bundle holds wheels built from Platerunner's sources, and this is an installed copy without them: "
                "run the command in a checkout of the repository, with --specs naming your own folder."
            )
        uv = shutil.which("uv") or shutil.which("uv", path=str(root / ".tools" / "bin"))
        if uv is None:
            raise BundleError("Wheels are built with uv, which is not here: run `make bundle`, which fetches it.")
        return cls(root, uv)

    def constraints(self, airflow: str) -> Path:
        """The file of MWAA's constraints for a version of Airflow."""
        path = self.root / "constraints" / f"mwaa-{airflow}.txt"
        if not path.is_file():
            known = " and ".join(sorted(file.stem.removeprefix("mwaa-") for file in path.parent.glob("mwaa-*.txt")))
            raise BundleError(f"--airflow {airflow}: MWAA's constraints are here for {known}; name one of them.")
        return path

    def run(self, *args: str | Path, stdin: str | None = None) -> str:
        """What uv prints.

        :raises BundleError: with uv's own last words if it fails.
        """
        env = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH}
        words = [self.uv, *map(str, args)]
        done = subprocess.run(words, cwd=self.root, env=env, input=stdin, capture_output=True, text=True, check=False)
        if done.returncode:
            last = "\n".join(done.stderr.strip().splitlines()[-8:])
            what = " ".join(words[1:3])
            raise BundleError(f"`uv {what}` failed; if it cannot reach PyPI, set UV_DEFAULT_INDEX to a mirror:\n{last}")
        return done.stdout

    def build(self, folder: Path) -> None:
        """Put our own wheels into a folder; the same sources make the same bytes."""
        tools = self.root / "constraints" / "build.txt"
        for name in OURS:
            self.run("build", "--wheel", "--package", name, "--build-constraints", tools, "--out-dir", folder)


def _is_checkout(folder: Path) -> bool:
    return all((folder / part).exists() for part in ("uv.lock", "constraints", "containers/unit", "dags"))

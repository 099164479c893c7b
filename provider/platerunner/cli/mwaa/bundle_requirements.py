"""What MWAA's image lacks and Platerunner needs, pinned, and the `requirements.txt` that installs it."""

import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from platerunner.cli.mwaa.bundle_source import OURS, Checkout

PLUGINS = "/usr/local/airflow/plugins"
NO_INDEX = "--no-index"
# What AWS names when it builds the image; pip has then installed all that these require, too.
IMAGE = (
    "apache-airflow[celery,statsd]=={airflow}",
    "apache-airflow-providers-amazon[aiobotocore]",
    "apache-airflow-providers-fab",
    "celery[sqs]",
    "fluent-logger",
    "watchtower",
)
EXTRA = "ledger"
"""What the DAG file that merges ledgers needs on top."""
# The image's Python and its machines: Amazon Linux 2023 on x86-64.
TARGET = ("--python-version", "3.12", "--python-platform", "x86_64-manylinux_2_28")
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")


def missing(checkout: Checkout, airflow: str) -> list[str]:
    """Pins of all that is not in MWAA's image.

    Versions are those of MWAA's constraints; what they do not name has the version of our lock, so that a bundle made
    next month is the same.

    :raises BundleError: if what we need does not go with the constraints.
    """
    constraints = checkout.constraints(airflow)
    known = {name_of(line) for line in pins(constraints.read_text())}
    locked = [line for line in _locked(checkout) if name_of(line) not in known]
    ours = [checkout.root / folder / "pyproject.toml" for folder in (".", "plugins", "containers/unit")]
    own = [word for name in OURS for word in ("--no-emit-package", name)]
    with tempfile.TemporaryDirectory() as folder:
        more, image, extra = Path(folder, "more.txt"), Path(folder, "image.in"), Path(folder, "extra.in")
        extra.write_text("\n".join(_extra(checkout)))
        more.write_text("\n".join([f"apache-airflow=={airflow}", *locked]))
        image.write_text("\n".join(IMAGE).format(airflow=airflow))
        there = _resolve(checkout, constraints, image)
        needed = _resolve(checkout, constraints, *ours, extra, "--constraints", more, *own)
    return sorted(set(needed) - set(there))


def _extra(checkout: Checkout) -> list[str]:
    project = tomllib.loads((checkout.root / "pyproject.toml").read_text())["project"]
    return list(project["optional-dependencies"][EXTRA])


def _locked(checkout: Checkout) -> list[str]:
    """Pins of our lock for what we need apart from Airflow."""
    prune = ("apache-airflow", "apache-airflow-providers-amazon", "apache-airflow-providers-standard")
    without = [word for name in prune for word in ("--prune", name)]
    plain = ("--no-dev", "--no-hashes", "--no-annotate", "--no-header", "--no-emit-workspace")
    return pins(checkout.run("export", "--frozen", "--package", OURS[0], *plain, *without))


def _resolve(checkout: Checkout, constraints: Path, *what: str | Path) -> list[str]:
    plain = ("--no-annotate", "--no-header", "--constraints", constraints)
    return pins(checkout.run("pip", "compile", *TARGET, *plain, *what))


def pins(text: str) -> list[str]:
    """Lines `name==version` without markers and comments."""
    lines = (line.partition(";")[0].partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if "==" in line]


def name_of(pin: str) -> str:
    """The one spelling of a pinned package's name."""
    return canonicalize_name(Requirement(pin).name)


def download(checkout: Checkout, lines: Sequence[str], folder: Path) -> None:
    """Put the wheels of pins into a folder, for MWAA's machines and not for this one."""
    if not lines:
        return
    platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
    only = ("--quiet", "--no-deps", "--only-binary=:all:", "--python-version", "3.12", "--implementation", "cp")
    checkout.run("tool", "run", "pip", "download", *only, *platforms, "--dest", folder, *lines)


def text(airflow: str, lines: Sequence[str], wheels: Sequence[str], *, offline: bool) -> str:
    """The `requirements.txt`.

    :param wheels: file names of our own, named by path: an index could have others of their name.
    :param offline: whether everything is in the plugins folder, so that pip asks no index.
    """
    nowhere = [NO_INDEX, f"--find-links {PLUGINS}"] if offline else []
    return "\n".join(
        [
            f"# Made by `platerunner bundle` for Airflow {airflow}. MWAA unpacks plugins.zip, then gives this to pip.",
            f"--constraint {PLUGINS}/constraints.txt",
            *nowhere,
            "# In the image already; says so at once if the environment has another.",
            f"apache-airflow=={airflow}",
            *lines,
            *(f"{PLUGINS}/{wheel}" for wheel in wheels),
            "",
        ]
    )


def is_offline(requirements: str) -> bool:
    """Whether a `requirements.txt` of :func:`text` asks no index."""
    return NO_INDEX in requirements.splitlines()

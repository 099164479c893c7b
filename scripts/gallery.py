"""The gallery of pipelines: titles, drawings and pictures of results, from the specs.   gallery.py > docs/gallery.md"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from platerunner.spec.loader import is_shared, load_pipeline
from platerunner.spec.mermaid import flowchart

ROOT = Path(__file__).parents[1]
RESULTS: Mapping[str, Mapping[str, str]] = {
    "demo": {"demo_heatmap.png": "How many nuclei each well of the demo's plate has"},
    "illumination": {
        "illumination_montage.png": "Sites of real images, corrected for illumination, as the gate shows them",
        "illumination_heatmap.png": "What was measured of each well, as a plate",
    },
    "regenie": {
        "gwas_manhattan.png": "Tests of a trait along the genome, as a gate shows them (made-up genotypes)",
    },
    "snakemake": {"snakemake_rules.svg": "The rules of the workflow, each with how many of its files are there"},
}
"""Pipeline to pictures that a run of it made, with what they show."""
HEAD = """# Gallery

<!-- Made by `scripts/gallery.py`; change the specs instead. -->

The pipelines of this repository, as `platerunner graph` draws them, and pictures that runs of them made.
More, of less than 60 lines each: [examples](examples/README.md).
"""


def page() -> Iterator[str]:
    """The page's lines."""
    yield HEAD
    for spec in sorted((ROOT / "dag_specs").glob("*.yaml")):
        if not is_shared(spec):
            yield from _part(spec)


def _part(spec: Path) -> Iterator[str]:
    pipeline = load_pipeline(spec)
    yield from (f"## {pipeline.title}", "", f"[`dag_specs/{spec.name}`](../dag_specs/{spec.name})")
    if pipeline.description:
        yield from ("", re.sub(r"\s+", " ", pipeline.description).strip())
    for picture, shown in RESULTS.get(pipeline.name, {}).items():
        yield from ("", f"![{shown}](images/{picture})")
    yield from ("", "```mermaid", flowchart(pipeline), "```", "")


if __name__ == "__main__":
    print("\n".join(page()).rstrip())

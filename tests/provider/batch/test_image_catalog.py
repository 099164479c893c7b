"""The images catalog: what names stand for, and that it fits the modules and the Dockerfiles."""

from pathlib import Path

import pytest
from tests.embedded import Account

from platerunner.batch import image_catalog as catalog
from platerunner.batch.image_catalog import CatalogImage, catalogued, image_catalog
from platerunner.batch.images import Reference, resolve
from platerunner.batch.model import BatchError
from platerunner.catalog.loader import load_catalog

ROOT = Path(__file__).parents[3]
DIGEST = "sha256:" + "ab" * 32


def test_every_module_runs_an_image_that_is_catalogued_with_its_tag() -> None:
    known = image_catalog()
    for module in load_catalog().values():
        if not module.image:
            continue
        image = Reference.parse(module.image)
        assert image.repository in known, module.name
        assert image.tag == known[image.repository].tag, module.name


def test_every_image_has_a_dockerfile() -> None:
    for name in image_catalog():
        assert (ROOT / "containers" / name / "Dockerfile").is_file(), name


def test_a_name_without_a_tag_is_the_catalogs() -> None:
    assert catalogued("cellprofiler", None) == f"cellprofiler:{image_catalog()['cellprofiler'].tag}"
    assert catalogued("cellprofiler", "4.2.6") == "cellprofiler:4.2.6"
    assert catalogued("lab/own", None) == "lab/own"
    assert catalogued("lab/own", "1") == "lab/own:1"


def test_a_pinned_tag_is_its_digest_wherever_the_tag_has_gone(aws: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = aws.cloud.connection()["registry"]
    tag = image_catalog()["imaging"].tag
    pinned = {"imaging": CatalogImage("imaging", tag, DIGEST)}
    monkeypatch.setattr(catalog, "image_catalog", lambda: pinned)
    monkeypatch.setattr("platerunner.local.aws.images.image_catalog", lambda: pinned)
    full, digest = resolve(f"imaging:{tag}", registry, aws.ecr)
    assert (full, digest) == (f"{registry}/imaging@{DIGEST}", DIGEST)
    assert resolve("imaging:latest", registry, aws.ecr)[1] != DIGEST
    assert aws.run(jobDefinition=aws.define("pinned", image=full))["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("images: {a: {repository: a, tag: 1, digest: abc}}", "a: the digest must be sha256: and 64"),
        ("images: {a: {tag: 1}}", "is no images catalog: 'repository'"),
        ("version: 1", "is no images catalog"),
        ("images: [", "is no images catalog"),
    ],
)
def test_a_wrong_catalog_says_where(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "images.yaml"
    path.write_text(text)
    with pytest.raises(BatchError, match=said) as caught:
        image_catalog(path)
    assert str(path) in str(caught.value)

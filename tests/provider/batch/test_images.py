import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.embedded import Account

from platerunner.batch.images import ImageNotFoundError, Reference, resolve
from platerunner.batch.model import BatchError

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.fixture(scope="module")
def registry(aws: Account) -> str:
    return aws.cloud.connection()["registry"]


def test_a_name_and_tag_become_a_digest_that_a_job_can_run(aws: Account, registry: str) -> None:
    full, digest = resolve("base:latest", registry, aws.ecr)
    assert full == f"{registry}/base@{digest}"
    assert digest is not None
    assert digest.startswith("sha256:")
    assert aws.run(jobDefinition=aws.define("digested", image=full))["status"] == "SUCCEEDED"
    assert resolve(full, registry, aws.ecr) == (full, digest)
    assert resolve(f"{registry}/base:latest", "", aws.ecr) == (full, digest)
    assert resolve("base", registry, aws.ecr) == (full, digest)


def test_a_digest_that_is_gone_cannot_be_pulled(aws: Account, registry: str) -> None:
    job = aws.run(jobDefinition=aws.define("gone", image=f"{registry}/base@{DIGEST}"))
    assert job["container"]["reason"].startswith("CannotPullContainerError")


def test_a_missing_tag_is_named_with_those_that_are_there(aws: Account, registry: str) -> None:
    with pytest.raises(ImageNotFoundError, match=r"has no tag 9\.9 \(it has latest, .*\); push it, or correct"):
        resolve("base:9.9", registry, aws.ecr)


def test_a_missing_repository_is_named(aws: Account, registry: str) -> None:
    with pytest.raises(ImageNotFoundError, match=r"no repository .*/platerunner/nothing; push the image"):
        resolve("nothing:1", registry, aws.ecr)


@pytest.mark.parametrize(
    ("reference", "registry", "full", "digest"),
    [
        ("docker.io/library/python:3.12", "", "docker.io/library/python:3.12", None),
        ("localhost:5000/a/b:1", "quay.io/x", "localhost:5000/a/b:1", None),
        ("a:1", "", "a:1", None),
        ("a:1", "quay.io/x", "quay.io/x/a:1", None),
        (f"a@{DIGEST}", "quay.io/x/", f"quay.io/x/a@{DIGEST}", DIGEST),
        (f"quay.io/a@{DIGEST}", "", f"quay.io/a@{DIGEST}", DIGEST),
    ],
)
def test_what_ecr_does_not_hold_is_left_alone(
    aws: Account, reference: str, registry: str, full: str, digest: str | None
) -> None:
    before = aws.cloud.calls["ecr.DescribeImages"]
    assert resolve(reference, registry, aws.ecr) == (full, digest)
    assert aws.cloud.calls["ecr.DescribeImages"] == before


@pytest.mark.parametrize("text", ["", ":1", "a@sha256:12", "a@md5:1", "quay.io/"])
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(BatchError, match="is no image"):
        Reference.parse(text)


letters = st.text("abcxyz019", min_size=1, max_size=4)
names = st.builds("".join, st.tuples(letters, st.sampled_from(["", "-", "_", "."]), letters))


@given(st.sampled_from(["", "quay.io", "localhost:5000"]), st.lists(names, min_size=1, max_size=3), names)
def test_references_are_read_as_they_were_written(host: str, path: list[str], tag: str) -> None:
    repository = "/".join(path)
    if not host and len(path) > 1 and ("." in path[0] or path[0] == "localhost"):
        return  # docker, too, takes that for a host
    text = "/".join(filter(None, [host, f"{repository}:{tag}"]))
    assert Reference.parse(text) == Reference(host, repository, tag, "")

"""Inputs through a file system that jobs share: a folder here, as a container sees one."""

from pathlib import Path

import pytest

from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.mounted import LINKED, Mounted
from platerunner_unit.runner.shared import fetch
from platerunner_unit.runner.stage import StagingError


class Bucket:
    """Stands for S3, and counts what is fetched."""

    def __init__(self, **objects: bytes) -> None:
        self.objects, self.fetched = objects, list[str]()

    def url_of(self, key: str) -> str:
        return f"s3://lab/geno/{key}"

    def download(self, key: str, target: Path) -> int:
        self.fetched.append(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(self.objects[key])
        return len(self.objects[key])


def test_lustre_shows_the_objects_and_what_is_not_there_as_planned_is_fetched(tmp_path: Path) -> None:
    mounted, bucket = Mounted("fsx", "s3://lab/geno", str(tmp_path / "fs")), Bucket(a=b"12345", b=b"12345", c=b"1")
    folder = tmp_path / "fs" / LINKED
    folder.mkdir(parents=True)
    (folder / "a").write_bytes(b"12345")
    (folder / "b").write_bytes(b"old")
    for key in ("a", "b", "c"):
        file = InputFile(key, size=len(bucket.objects[key]), etag="e")
        fetch(mounted, bucket, file, tmp_path / "in" / key)  # type: ignore[arg-type]
        assert (tmp_path / "in" / key).read_bytes() == bucket.objects[key]
    assert (tmp_path / "in/a").readlink() == folder / "a"
    assert bucket.fetched == ["b", "c"]


def test_on_efs_the_first_job_leaves_a_file_for_all_and_another_content_is_another_file(tmp_path: Path) -> None:
    mounted = Mounted("efs", "s3://lab/geno", str(tmp_path / "fs"))
    bucket = Bucket(a=b"12345")
    for job in ("one", "two"):
        fetch(mounted, bucket, InputFile("a", size=5, etag="e1"), tmp_path / job / "a")  # type: ignore[arg-type]
        assert (tmp_path / job / "a").read_bytes() == b"12345"
    assert bucket.fetched == ["a"]
    bucket.objects["a"] = b"67890"
    fetch(mounted, bucket, InputFile("a", size=5, etag="e2"), tmp_path / "three/a")  # type: ignore[arg-type]
    assert (tmp_path / "three/a").read_bytes() == b"67890"
    assert (tmp_path / "one/a").read_bytes() == b"12345"
    with pytest.raises(StagingError, match="9 when planned"):
        fetch(mounted, bucket, InputFile("a", size=9, etag="e3"), tmp_path / "four/a")  # type: ignore[arg-type]
    assert len(list((tmp_path / "fs").iterdir())) == 2, "nothing that is not whole stays there"


@pytest.mark.parametrize(("url", "etag"), [("s3://lab/genome/a", "e"), ("s3://lab/geno", "e"), ("/lab/geno/a", "e")])
def test_what_lies_elsewhere_does_not_come_through_it(url: str, etag: str) -> None:
    mounted = Mounted.from_environ(Mounted("efs", "s3://lab/geno").variables())
    assert mounted is not None
    assert mounted.path_of(url, etag) is None

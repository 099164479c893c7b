"""Folders that stand for images: a lab's own programs in the embedded cloud."""

from pathlib import Path

import pytest

from platerunner.local.aws.images import ImageMissingError, LocalImages
from platerunner.local.aws.stand_ins import VARIABLE, stand_ins


def test_a_folder_stands_for_an_image_by_its_full_name(tmp_path: Path) -> None:
    told = f"example.org:5000/lab/track:3={tmp_path} fiji:2.16.0={tmp_path}"
    images = LocalImages("1.ecr/platerunner", stand_ins({VARIABLE: told}))
    found = images.find("example.org:5000/lab/track:3")
    assert str(tmp_path) in found.environment({"PATH": "/bin"})["PATH"].split(":")
    assert images.find("1.ecr/platerunner/fiji:2.16.0").digest != found.digest
    assert images.find(f"1.ecr/platerunner/fiji@{images.all[1].digest}") is images.all[1]


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ("fiji:2.16.0", "names no image and folder: PLATERUNNER_STAND_INS takes image=folder"),
        ("fiji=", "names no image and folder"),
        ("fiji=/none/here", "/none/here, which is to stand for fiji, is no folder"),
    ],
)
def test_one_that_is_written_otherwise_is_said(told: str, sentence: str) -> None:
    with pytest.raises(ImageMissingError, match=sentence):
        list(stand_ins({VARIABLE: told}))


def test_an_image_that_nothing_stands_for_names_both_ways_out() -> None:
    with pytest.raises(ImageMissingError, match=r"example.org/lab:1: not found.*STAND_INS=.*CONTAINERS=podman"):
        LocalImages("r", ()).find("example.org/lab:1")

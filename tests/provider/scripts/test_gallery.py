"""The gallery draws the specs as they are, and shows pictures that are there, of pipelines that are there."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[3]
GALLERY = importlib.util.spec_from_file_location("gallery", ROOT / "scripts/gallery.py")
gallery = importlib.util.module_from_spec(GALLERY)
GALLERY.loader.exec_module(gallery)


def test_the_gallery_is_of_the_specs_as_they_are():
    made = "\n".join(gallery.page()).rstrip() + "\n"
    assert (ROOT / "docs/gallery.md").read_text() == made, "stale: run `make docs`"
    pictures = {picture for each in gallery.RESULTS.values() for picture in each}
    assert [picture for picture in pictures if f"images/{picture})" not in made] == []

"""The page of public listings: what is printed is what is found, and nothing differs from what is known of them."""

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LISTINGS = ROOT.parent / "shared" / "microscopes"
PAGE = ROOT / "docs" / "reference" / "microscopes.md"


@pytest.mark.slow
@pytest.mark.skipif(not LISTINGS.is_dir(), reason="the listings are not beside the checkout")
def test_the_page_is_what_the_listings_give():
    script = runpy.run_path(str(ROOT / "scripts" / "microscope_table.py"))
    remedy = "run: python scripts/microscope_table.py ../shared/microscopes > docs/reference/microscopes.md"
    assert PAGE.read_text() == script["HEAD"] + "\n".join(script["rows"](LISTINGS)) + "\n", remedy


def test_no_count_differs_from_what_is_known():
    lines = PAGE.read_text().splitlines()
    assert len([line for line in lines if line.startswith("| ")]) > 20
    assert not [line for line in lines if ";" in line and line.startswith("| ")]

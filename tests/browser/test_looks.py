"""How pictures of pages are compared: another run is the same page, a page that lost something is another."""

from pathlib import Path

import pytest
from PIL import Image, ImageChops
from tests.browser.looks import MOST, SHOWN, difference

NAMES = sorted(path.name for path in SHOWN.glob("*.png"))


@pytest.mark.parametrize("name", NAMES)
def test_a_page_in_the_other_theme_is_another(name: str, tmp_path: Path) -> None:
    shown = Image.open(SHOWN / name).convert("RGB")
    ImageChops.invert(shown).save(tmp_path / "inverted.png")
    assert difference(SHOWN / name, SHOWN / name) == 0
    assert difference(tmp_path / "inverted.png", SHOWN / name) > MOST


def test_a_plate_that_is_missing_is_noticed_and_other_times_are_not(tmp_path: Path) -> None:
    shown = Image.open(SHOWN / "plate_map_rerun.png").convert("RGB")
    without = shown.copy()
    without.paste((255, 255, 255), (360, 260, shown.width, shown.height))
    without.save(tmp_path / "without.png")
    later = shown.copy()
    later.paste(shown.crop((620, 130, 780, 160)), (865, 130))
    later.save(tmp_path / "later.png")
    assert difference(tmp_path / "without.png", SHOWN / "plate_map_rerun.png") > MOST
    assert difference(tmp_path / "later.png", SHOWN / "plate_map_rerun.png") < 0.05

"""Two plates of 24 wells, four of which fail until somebody fixes the cause."""

from pathlib import Path

from playwright.sync_api import Locator, Position

EVIL = "<img src=x onerror=alert(1)>"
"""The name of the other plate."""
WELLS = [f"{row}{column:02}" for row in "ABCD" for column in range(1, 7)]
SAYS = "echo '{}'; exit 1"
BROKEN = {
    "B02": SAYS.format("ValueError: the threshold is <b>negative</b>"),
    "C04": "kill -KILL $$",
    "D06": SAYS.format('FileNotFoundError: [Errno 2] The file, "/data/P1_A02.tif", does not exist.'),
    "A05": SAYS.format("OSError: [Errno 28] No space left on device"),
}


def write_wells(data: Path) -> None:
    """Each notes its start.

    :param data: what the pipeline `mapped` reads.
    """
    for plate in ("P1", EVIL):
        folder = data / plate
        folder.mkdir(parents=True)
        for well in WELLS:
            fails = f"if [ ! -e {data}/fixed ]; then {BROKEN[well]}; fi\n" if well in BROKEN else ""
            only_here = fails if plate == "P1" else ""
            note = f"echo '{plate} {well}' >> {data}/started\n"
            (folder / f"{well}.sh").write_text(f'{note}{only_here}echo done > "$1"\n')


def place_of(canvas: Locator, well: str) -> Position:
    """Where a well of a plate of 96 is drawn."""
    box = canvas.bounding_box()
    assert box is not None
    side = (box["width"] - 31) / 12
    return {"x": 30 + (int(well[1:]) - 0.5) * side, "y": 20 + (ord(well[0]) - ord("A") + 0.5) * side}

"""File names as instruments write them: a pattern, perhaps with `derive`, reads of each what the instrument meant."""

import csv
from pathlib import Path
from typing import Any

import pytest

from platerunner.spec.derived import deriving
from platerunner.spec.loader import load_text
from platerunner_unit.contract.patterns import Pattern

FOLDER = Path(__file__).parents[4] / "shared" / "microscopes"
BY_NUMBERS, BY_LETTER = {"well": "{row:letter}{col:02}"}, {"well": "{row}{col:02}"}
PHENIX = "r{row:2}c{col:2}f{site:2}p{z:2}-ch{channel:digit}sk{t:int}fk1fl1.tiff"
METAXPRESS = "_{well:well384}(_s{site:int=1})?_w{channel:digit}"
# Of each listing: the pattern, what is derived, and how many names are no images.
NAMES = {
    "perkinelmer/pyroptosis-wave2": (PHENIX, BY_NUMBERS, 0),
    "public/cpg0016-BR00117035": (f"**/{{plate}}__*-Measurement1/Images/{PHENIX}", BY_NUMBERS, 0),
    "public/BBBC021-Week10_40111": (f"{{plate}}/{{week:6}}_*{METAXPRESS}{{:36}}.tif", {}, 0),
    "public/BBBC022-20585": (f"{{plate:5 digits}}-{{stain}}/IXMtest{METAXPRESS}{{:guid}}.tif", {}, 0),
    "public/idr0033-taoe005-41744": (f"{{plate}}/{{assay}}{METAXPRESS}{{:guid}}.tif", {}, 0),
    "molecular_devices/celegans": (f"**/{{plate}}{METAXPRESS}.TIF", {}, None),
    "molecular_devices/9987_Plate_3435": (f"{{plate}}/TimePoint_{{t:digit}}/9987{METAXPRESS}.TIF", {}, 0),
    "molecular_devices/Projection-Mix": (f"**/{{plate}}{METAXPRESS}{{:guid}}.tif", {}, 96),
    "yokogawa/cv8000-minimal": (
        "{plate}_{well:well384}_T{t:04}F{site:03}L01A{:2}Z{z:02}C{channel:02}.tif", {}, 0,
    ),
    "cytiva_incell/IC6000": ("{row:1 alpha} - {col:2}(fld {site:int} wv {channel}).tif", BY_LETTER, 0),
    "thermo_cellomics/arrayscan": ("{plate}_{well:well384}f{site:2}d{channel:digit}.{:tif|TIF}", {}, 0),
    "agilent_cytation/plate5": ("{well:well96}_{:01|02}_{channel:digit}_{site:int}_{dye}_{t:03}.tif", {}, 0),
    "nikon/pooled-fix-s1": ("**/{plate}/20X_*/Well{well:well96}_Point*_{:4 digits}_Channel*_Seq*.ome.tiff", {}, 0),
}  # fmt: skip


def plain(value: Any) -> str:
    """A number without its zeros; other text as it is."""
    return str(int(value)) if str(value).isdigit() else str(value)


@pytest.mark.skipif(not FOLDER.exists(), reason="the listings are not there")
@pytest.mark.parametrize("listing", NAMES)
def test_a_pattern_reads_what_the_instrument_meant(listing):
    text, derive, others = NAMES[listing]
    pattern = deriving(Pattern.parse(text), derive)
    with (FOLDER / f"{listing}-names" / "expected.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    found = [(row, values) for row in rows if (values := pattern.match(row["file"].removeprefix("s3://"))) is not None]
    assert found
    assert others is None or len(rows) - len(found) == others
    for row, values in found:
        assert "THUMBNAIL" not in row["channel_name"]
        for name in {"plate", "well", "site", "channel", "z", "t"} & set(values):
            assert plain(values[name]) == plain(row[name] or "1"), (row["file"], name)


@pytest.mark.parametrize(("text", "derive", "_"), NAMES.values(), ids=NAMES)
def test_validate_finds_them_clear(text, derive, _, tmp_path):
    made = ", ".join(f'{name}: "{formula}"' for name, formula in derive.items())
    (tmp_path / "p.yaml").write_text("")
    pipeline = load_text(
        f"""\
version: 1
pipeline: names
workspace: "{{{{ workspace_root }}}}/names"
dataset:
  root: "{{{{ data_root }}}}"
  files: {{raw: {{path: "{text}", derive: {{{made}}}}}}}
steps:
  copy:
    module: command
    image: base:0.1
    foreach: [well]
    inputs: {{images: dataset.raw}}
    with: {{argv: [sh, -c, 'cat "$@" > "$0"', "{{outputs.all}}", "{{inputs.images}}"]}}
    outputs: {{all: "all/{{well}}.txt"}}
""",
        tmp_path / "p.yaml",
    )
    assert pipeline.warnings == ()

"""Kinds of mistakes, as somebody made them or might: what is wrong, in its line, and nothing that only follows."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from platerunner.spec.loader import load_pipeline, load_text
from platerunner.spec.model import Pipeline
from platerunner.spec.problems import SpecError
from platerunner.spec.schema import pipeline_schema

BASE = """\
version: 1
pipeline: base
workspace: "{{ workspace_root }}/base"
params: {t: {type: number, default: 1}}
dataset:
  root: "{{ data_root }}"
  files:
    raw: {path: "{plate}/{well}_s{site:int}_{channel}.tif", complete: [site, channel]}
steps:
  count:
    module: command
    image: base:latest
    foreach: [plate, well]
    inputs: {images: dataset.raw}
    with: {argv: [sh, -c, 'cat "$@" > "$0"', "{outputs.table}", "{inputs.images}"]}
    outputs: {table: "count/{plate}/{well}.csv"}
  gather:
    module: command
    image: base:0.1
    foreach: [plate]
    inputs: {tables: count.table}
    with: {argv: [sh, -c, 'cat "$@" > "$0"', "{outputs.all}", "{inputs.tables}"]}
    outputs: {all: "gather/{plate}.csv"}
"""
ROOT, OUTPUT, IMAGE = '"{{ data_root }}"', '"gather/{plate}.csv"', "base:0.1"
# What is replaced in the spec by what, and the message; the line is the first that differs, or as many after it.
LOOK_ALIKES = [
    ("pipeline: base", "pipeline: “base”", 0, "`“` (U+201C, left double quotation mark) is no quotation mark of YAML"),
    ("pipeline: base", "pipeline: \u2018base\u2019", 0, 'is no quotation mark of YAML: write `"'),
    ("module: command", "module: „command“", 0, "no module is called `„command“`. `„` (U+201E"),
    ("    image: base:0.1", "    \xa0image: base:0.1", 0, "nobody sees (U+00A0, no-break space)"),
    ("pipeline: base", "pipeline: ba\u200bse", 0, "nobody sees (U+200B, zero width space)"),
    ("count.table", "count.table\u2060", 0, "nobody sees (U+2060, word joiner)"),
    ("pipeline: base", "pipeline: my screen \u2013 2", 0, "(U+2013, en dash) is no hyphen: write `-`"),
]
QUOTES = [
    ("version: 1", 'version: "1"', 0, "`version` is the text `1`. This Platerunner reads `1`, without quotes"),
    ("base:0.1\n", 'base:0.1\n    resources: {vcpus: "2"}\n', 1, "should be a number, not the text `2`"),
    ("[plate]", "[{plate}]", 0, 'Put quotes around it: `"{plate}"`'),
    (
        '"{outputs.all}"',
        "{outputs.all}",
        0,
        "`argv[3]` should be text, not keys with values. Put quotes around it",
    ),
    ('"{inputs.tables}"]', "null]", 0, "`argv[4]` should be text, not nothing"),
    ("complete: [site, channel]", "complete: true", 0, "should be a list or keys with values, not `true`"),
]
CONSTANTS = [
    (ROOT, '"{{ 9**9**9**9 }}"', 0, "this power is too large"),
    (ROOT, "\"{{ data_root.replace('a', 'b' * 100000) }}\"", 0, "only numbers can be multiplied"),
    (ROOT, '"{{ data_root ~ (1 / 0) }}"', 0, "division by zero"),
    (ROOT, '"{{ [1, 2][5] }}"', 0, "has no element 5"),
    (ROOT, "\"{{ '%s' % 1 }}\"", 0, "formatting with `%` is not allowed"),
    (ROOT, '"{ data_root }/x"', 0, "has `{ data_root }`, which is taken as it is written. Write `{{ data_root }}`"),
]
FOREIGN = [
    (OUTPUT, '"gather/{plate}(_x)?.csv"', 0, "has a `(_x)?`, but the names of outputs must be known beforehand"),
    (OUTPUT, '"gather/{plate}{:36}.csv"', 0, "has a `{:36}`, but the names of outputs must be known beforehand"),
    ("{plate}/{well}_s", "{plate}/{well}(/a)?_s", 0, "ends no part that may be missing"),
    ("{plate}/{well}_s", "{plate}/{well}?_s", 0, "a question mark itself is `{?}`"),
    ("{plate}/{well}_s", "{plate}/{well}(_z{z:int})?_s", 0, "what is `{z}` where its part is missing?"),
    (OUTPUT, '"~/{plate}.csv"', 0, "is no home folder here"),
    ("{plate}/{well}_s", "{plate}/<well>_s", 0, "`<well>` is taken as it is written, not as a wildcard"),
    ("{plate}/{well}_s", "$plate/{well}_s", 0, "`$plate` is taken as it is written"),
    ("{plate}/{well}_s", "%plate%/{well}_s", 0, "`%plate%` is taken as it is written"),
]
IMAGES = [
    (IMAGE, image, 0, f"`{image}` is not usable as `steps.gather.image`")
    for image in ("docker://base", "base:a:b", "lab//base:1", "registry.example.org/", "Base:1", f"base:{'x' * 129}")
]
FOLLOWING = [
    ('outputs: {all: "gather/{plate}.csv"}', 'outputs: "gather/{plate}.csv"', 0, "should be keys with values"),
    ("inputs: {tables: count.table}", "inputs: count.table", 0, "should be keys with values"),
    (OUTPUT, '"gather/{matrix.a}/{plate}.csv"', 0, "no matrix has `a`"),
]


NEW_PATH = "{plate}/{well}_s{site:int}_{channel}.tif"
UNCLEAR = [
    ("{plate}{well}_s{site:int}_{channel}.tif", "`{well:3}`"),
    ("{plate}/{well}_s{site:int}{channel}.tif", "`{channel:3}`"),
    ("{plate}/{well}_{channel}_s{site:int}{guid}.tif", "`{guid:36}`"),
    ("{plate}/{well}_{channel}_s{site:int}*.tif", "`{:36}`"),
    ("{plate}/{well}_{channel}_s{site:int}{x:digit}{y:digits}.tif", "`{y:3}`"),
    ("{plate}/{well}_{channel}{x:4}*s{site:int}.tif", "`{:36}`"),
    ("{plate}/{well}_{channel}_s{site:02}{col:02}.tif", "`{col:3}`"),
]
DERIVED = [
    ('{well: "{site:letter}"}', "already"),
    ('{pos: "{row:letter}"}', "the path has no `{row}` to make it of"),
    ('{pos: "{site:latter}"}', "Did you mean `letter`?"),
    ('{pos: "{site:number}"}', "Write `{site}`"),
    ('{pos: "A01"}', "made of no wildcard"),
    ('{pos: "{site:letter}/x"}', "`/` has no place"),
    ('{pos: ""}', "derive"),
]


TABLE = "table: load_data.csv, columns: {plate: Metadata_Plate, well: Metadata_Well, site: Metadata_Site}"
LISTED = [
    ("table: load_data.csv", "table: load_data.xlsx", "`load_data.xlsx` is no table that can be read"),
    ("table: load_data.csv", "table: ../load_data.csv", "Write its path from the spec's folder"),
    ("table: load_data.csv", "table: s3://bucket/load_data.csv", "Write its path from the spec's folder"),
    ("table: load_data.csv, ", "", "Add `table: load_data.csv`, or delete `columns`"),
    ("FileName_{channel}", "FileName_{well}", "is in the columns' names and has a column of its own"),
    ("FileName_{channel}", "FileName_{channel", "a lone `{`"),
    ("site: Metadata_Site", "site: Metadata_Site, 1x: y", "1x"),
    ("columns: {", "prefix: [a], columns: {", "prefix"),
]


def problems(old: str, new: str) -> tuple[int, list[tuple[int, str]]]:
    """The first line that differs, and every problem of the spec; the last occurrence is replaced."""
    assert old in BASE
    before, after = BASE.rsplit(old, 1)
    with pytest.raises(SpecError) as raised:
        load_text(f"{before}{new}{after}", Path("specs/base.yaml"))
    found = [(each.line, f"{each.message}. {each.remedy}") for each in raised.value.problems if each.is_error]
    return before.count("\n") + 1, found


@pytest.mark.parametrize(
    ("old", "new", "lines", "said"),
    [case if len(case[3]) < 75 else (*case[:3], case[3][:60]) for case in (*LOOK_ALIKES, *QUOTES, *CONSTANTS)],
)
def test_what_looks_right_and_is_not(old, new, lines, said):
    line, found = problems(old, new)
    assert any(at == line + lines and said in text for at, text in found), found


@pytest.mark.parametrize(("old", "new", "lines", "said"), [*FOREIGN, *IMAGES])
def test_what_other_programs_would_take(old, new, lines, said):
    line, found = problems(old, new)
    shown = said if len(new) < 40 else said[:20]
    assert any(at == line + lines and shown in text for at, text in found), found


def habits() -> list[tuple[str, str, str]]:
    """Where a word is written by the habit of another language, the word, and the remedy."""
    root = pipeline_schema().root
    places = {"": root, "dataset": root["properties"]["dataset"], "step": pipeline_schema().raw["$defs"]["step"]}
    return [
        (place, word, remedy)
        for place, schema in places.items()
        for words, remedy in schema["x-elsewhere"].items()
        for word in words.split()
    ]


@pytest.mark.parametrize(("place", "word", "remedy"), habits())
def test_a_word_of_another_language_leads_to_ours(place, word, remedy):
    spec = yaml.safe_load(BASE)
    within = spec["steps"]["gather"] if place == "step" else spec["dataset"] if place else spec
    within[word] = "x"
    [text] = unknown(spec)
    assert text.startswith(f"unknown key `{word}`")
    assert text.endswith(f". {remedy}")

    del within[word]
    ours = yaml.safe_load(re.findall(r"`([^`]+: [^`]+)`", remedy)[-1])
    if "with" in ours:
        spec["steps"]["gather"]["with"].update(ours["with"])
    else:
        within.update(ours)
    assert unknown(spec) == [], "the remedy itself"


@pytest.mark.parametrize(
    ("place", "key", "below"),
    [
        ("step", "vcpus", "resources"),
        ("step", "timeout", "resources"),
        ("step", "on_demand_after", "retry"),
        ("", "resources", "defaults"),
    ],
)
def test_a_key_that_another_one_takes_is_led_below_it(place, key, below):
    spec = yaml.safe_load(BASE)
    (spec["steps"]["gather"] if place else spec)[key] = 1
    [text] = unknown(spec)
    assert f". Write it below `{below}`: `{below}: {{{key}: ...}}`." in text


def unknown(spec: dict[str, Any]) -> list[str]:
    """What is said of keys that are not known, and of values that are none of their keys'."""
    try:
        load_text(yaml.safe_dump(spec, sort_keys=False), Path("specs/base.yaml"))
    except SpecError as error:
        found = [
            each for each in error.problems if each.code in {"unknown-key", "wrong-type", "missing-key", "bad-name"}
        ]
        return [f"{each.message}. {each.remedy}" for each in found]
    return []


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        ("{plate}", "{values.plate}"),
        ("{wildcards.plate}", "{values.plate}"),
        ("{tables}", "{inputs.tables}"),
        ("{in.tables}", "{inputs.tables}"),
        ("{all}", "{outputs.all}"),
    ],
)
def test_a_placeholder_without_its_kind_is_told_with_it(written, ours):
    line, [(at, text)] = problems('"{inputs.tables}"]', f'"{{inputs.tables}}", "{written}"]')
    assert (at, f". Write `{ours}`." in text) == (line, True), text
    load_text(BASE.replace('"{inputs.tables}"]', f'"{{inputs.tables}}", "{ours}"]'), Path("specs/base.yaml"))


@pytest.mark.parametrize(("path", "width"), UNCLEAR)
def test_the_width_that_is_named_makes_a_pattern_clear(path, width):
    line, [(at, text)] = problems(NEW_PATH, path)
    assert (at, f"like {width}," in text) == (line, True), text
    name = width.strip("`{}").partition(":")[0]
    piece = next(each for each in re.findall(r"\*|\{[^}]*\}", path) if each.strip("{}*").partition(":")[0] == name)
    load_text(BASE.replace(NEW_PATH, path.replace(piece, width.strip("`"))), Path("specs/base.yaml"))


@pytest.mark.parametrize(("derive", "said"), DERIVED)
def test_what_cannot_be_made_of_other_wildcards(derive, said):
    line, found = problems("complete: [site, channel]", f"derive: {derive}")
    assert [(at, said in text) for at, text in found] == [(line, True)], found


def test_what_is_made_is_known_to_all_rules():
    derive = 'derive: {well: "{row:letter}{col:02}"}'
    spec = BASE.replace("{well}_s", "r{row:02}c{col:02}_s").replace("complete:", f"{derive}, complete:")
    pipeline = load_text(f"split: plate\n{spec}", Path("specs/base.yaml"))
    assert pipeline.dataset.files["raw"].derive == {"well": "{row:letter}{col:02}"}


@pytest.mark.parametrize(("old", "new", "said"), LISTED)
def test_what_is_wrong_with_a_table_is_said_in_its_line(old, new, said):
    raw = f'path: "FileName_{{channel}}", {TABLE}'
    load_text(BASE.replace(f'path: "{NEW_PATH}"', raw), Path("specs/base.yaml"))
    line, found = problems(f'path: "{NEW_PATH}"', raw.replace(old, new))
    assert any(at == line and said in text for at, text in found), found


@pytest.mark.parametrize(("old", "new", "lines", "said"), FOLLOWING)
def test_what_only_follows_is_not_said(old, new, lines, said):
    line, [(at, text)] = problems(old, new)
    assert (at, said in text) == (line + lines, True), text


@pytest.mark.parametrize(
    ("checks", "said"),
    [
        ("    show: {t: gather.all}\n    checks: {p9999: {min: 1}}", "no report counts `p9999`"),
        ("    show: {t: gather.all}\n    checks: {columns.Count.P1.mean: {min: 1}}", "no report counts `columns.Count"),
        ("    needs: [gather]\n    checks: {p99: {min: 1}}", "shows nothing, so that there is no report"),
    ],
)
def test_a_check_of_a_number_that_no_report_has_is_warned_of(checks, said):
    warnings = load_text(f"{BASE}  qc:\n    gate: ok?\n{checks}\n", Path("specs/base.yaml")).warnings
    assert [each.line for each in warnings if said in each.message] == [27]


@pytest.mark.parametrize(
    ("output", "warned"),
    {
        "count/{plate}/A01.csv": True,
        "count/{plate}/{plate}.csv": True,
        "count/{plate}/all/x.csv": False,
        "count_all/{plate}.csv": False,
        "count/{plate}/{plate}_x.csv": False,
        "counts/{plate}/A01.csv": False,
    }.items(),
)
def test_two_outputs_that_may_be_one_file_are_warned_of(output, warned, tmp_path):
    warnings = committed(BASE.replace("gather/{plate}.csv", output), tmp_path).warnings
    told = [each.line for each in warnings if "`gather.all` and `count.table`" in each.message]
    assert told == ([BASE[: BASE.index(OUTPUT)].count("\n") + 1] if warned else [])


def test_types_tell_outputs_apart(tmp_path):
    typed = BASE.replace("{well}_s{site:int}", "{well:well96}_s{site:int}")
    for name, warned in (("all", False), ("A13", False), ("B07", True)):
        text = typed.replace("gather/{plate}.csv", f"count/{{plate}}/{name}.csv")
        assert bool(committed(text, tmp_path).warnings) == warned


def test_two_file_sets_with_one_meaning_are_one_too_many(tmp_path):
    raw = BASE[BASE.index("    raw:") : BASE.index("steps:")]
    with pytest.raises(SpecError) as raised:
        committed(BASE.replace(raw, raw + raw.replace("raw", "again")), tmp_path)
    assert [(each.line, each.message) for each in raised.value.problems] == [
        (9, "`dataset.again` and `dataset.raw` are the same files")
    ]


def committed(text: str, folder: Path) -> Pipeline:
    """A spec as `validate` looks at it."""
    path = folder / "base.yaml"
    path.write_text(text)
    return load_pipeline(path, look_into_files=True)


def test_a_check_of_a_number_that_reports_have_is_not():
    checks = "{p99: {min: 1}, columns.Count.P1.min: {min: 1}, misaligned_sites: {max: 0}, channels.DNA.p99: {max: 9}}"
    text = f"{BASE}  qc:\n    gate: ok?\n    show: {{t: dataset.raw}}\n    checks: {checks}\n"
    assert load_text(text, Path("specs/base.yaml")).warnings == ()

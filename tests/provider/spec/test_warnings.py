"""What can be used as it is, but is probably not meant: the spec loads, and `validate` says so with its line."""

from pathlib import Path

import pytest

from platerunner.spec.loader import load_text

HERE = Path(__file__).parent
VALID = (HERE / "valid.yaml").read_text()
WORKSPACE = '"{{ workspace_root }}/cells"'
THRESHOLD = "threshold: {type: number, default: 0.2, minimum: 0}"


def warnings(*changes: tuple[str, str]) -> list[str]:
    text = VALID
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return [f"{each.line}:{each.column} {each.message}. {each.remedy}" for each in _load(text)]


def _load(text: str):
    found = load_text(text, HERE / "valid.yaml").warnings
    assert {each.severity for each in found} <= {"warning"}
    return found


def test_a_good_spec_has_none():
    assert warnings() == []
    assert warnings(("title: Cells\n", "title: \u201cCells\u201d \u2013 all\n")) == []
    assert warnings(("because: out of focus", "because: \u201eunscharf\u201c")) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            [(WORKSPACE, '"{{ data_root }}/results"')],
            "7:12 results are written among the raw files, where a pattern may take them for raw files. Choose",
        ),
        (
            [(WORKSPACE, "\u201c{{ workspace_root }}/cells\u201d")],
            "7:12 these quotes become a part of the text. `\u201c` (U+201C, left double quotation",
        ),
        (
            [('argv: [crop, "{inputs.images}"', 'argv: [crop, \u2013i, "{inputs.images}"')],
            "60:25 `\u2013i` begins with a dash that programs take for no option. `\u2013` (U+2013, en dash)",
        ),
        (
            [(WORKSPACE, '"{{ workspace_root }}/{{ run_id }}"')],
            "7:12 each run has a workspace of its own (`run_id`), so every run computes everything again. Take it out",
        ),
        (
            [
                (WORKSPACE, '"{{ workspace_root }}/{{ params.place }}"'),
                (THRESHOLD, f'{THRESHOLD}\n  place: {{type: string, default: "a/../../b"}}'),
            ],
            "7:12 the default of `place`, `a/../../b`, leads out of the folder that `workspace` begins with. Give",
        ),
        (
            [("timeout: 10 min, capacity", "timeout: 15 d, capacity")],
            "21:49 on Fargate a job is ended after 14 d, whatever `defaults.resources.timeout` says. Let units do less",
        ),
        (
            [('"{plate}/{well}_s{site:int}_{channel}.tif"', '"{plate}/{well}_s{site:digits}{channel}.tif"'),
             (", complete: [site, channel]", "")],
            "15:47 `{site:digits}` takes all digits, also those that `{channel}` begins with. ",
        ),
    ],
    ids=["among the raw files", "quotes", "dash", "a workspace per run", "out of the root", "long", "digits"],
)  # fmt: skip
def test_it_is_said_with_its_place_and_a_remedy(changes, said):
    [found] = warnings(*changes)
    assert found.startswith(said)


def test_as_many_combinations_as_there_must_be_tell_a_wrong_cut():
    assert (
        warnings(('"{plate}/{well}_s{site:int}_{channel}.tif"', '"{plate}/{well}_s{site:digits}{channel}.tif"')) == []
    )

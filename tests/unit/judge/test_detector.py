"""The detector: the same whatever way the bytes are cut, bounded, and afraid of nothing."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platerunner_unit.log import line_rules
from platerunner_unit.log.causes import CAUSES, LAST_RESORT
from platerunner_unit.log.detector import MAX_LINE, Detector
from platerunner_unit.log.marks import MARKS
from platerunner_unit.log.rules import LINE_RULES

STAMP = "Sat Nov 21 09:33:47 2026: "
FAILURE = f"""MySQL could not be loaded.
Times reported are CPU and Wall-clock times for each module
{STAMP}Image # 1, module LoadData # 1: CPU_time = 0.59 secs, Wall_time = 0.39 secs
{STAMP}Image # 1, module SaveImages # 2: CPU_time = 0.10 secs, Wall_time = 0.07 secs
Error detected during run of module LoadData
Traceback (most recent call last):
  File "/opt/cellprofiler_core/pipeline/_pipeline.py", line 1016, in run_with_yield
    self.run_module(module, workspace)
  File "/opt/bioformats/formatreader.py", line 619, in __init__
    raise IOError(
FileNotFoundError: [Errno 2] The file, "/data/P1_A02_s2_DNA.tif", does not exist.: '/data/P1_A02_s2_DNA.tif'
{STAMP}Image # 2, module LoadData # 1: CPU_time = 0.01 secs, Wall_time = 0.02 secs
{STAMP}Image # 3, module LoadData # 1: CPU_time = 0.16 secs, Wall_time = 0.09 secs
{STAMP}Image # 3, module SaveImages # 2: CPU_time = 0.10 secs, Wall_time = 0.07 secs
""".encode()


def fed(*chunks, **options):
    detector = Detector(**options)
    for chunk in chunks:
        detector.feed(chunk)
    detector.close()
    return detector


def seen(detector):
    return (
        detector.matches,
        detector.progress,
        detector.sets_finished(),
        detector.lines,
        detector.modules,
        detector.tail,
    )


def test_failed_image_set_is_started_and_not_finished():
    detector = fed(FAILURE)
    assert detector.sets_started == (1, 2, 3)
    assert detector.sets_finished() == (1, 3)
    assert detector.modules_seen == (("LoadData", 1), ("SaveImages", 2))
    assert detector.modules["LoadData", 1].runs == 3
    assert detector.modules["LoadData", 1].cpu_s == pytest.approx(0.76)


def test_set_that_fails_in_the_last_module_is_not_finished():
    log = FAILURE.replace(b"run of module LoadData", b"run of module SaveImages").replace(
        b"Image # 2, module LoadData # 1", b"Image # 2, module SaveImages # 2"
    )
    assert fed(log).sets_finished(2) == (1, 3)


def test_exception_knows_its_traceback_and_image_set():
    exception = next(m for m in fed(FAILURE).matches if m.rule == "exception")
    assert exception.frames == "run_with_yield>__init__"
    assert exception.number == 11
    assert exception.image_set == 2


@settings(max_examples=50)
@given(st.lists(st.integers(0, len(FAILURE)), max_size=8))
def test_cut_anywhere(cuts):
    places = [0, *sorted(cuts), len(FAILURE)]
    pieces = [FAILURE[a:b] for a, b in zip(places, places[1:])]  # noqa: B905, RUF007 (Python 3.9 has neither)
    assert seen(fed(*pieces)) == seen(fed(FAILURE))


PIECES = [rule.learnt_from.encode() for rule in LINE_RULES] + [
    b"Traceback (most recent call last):", b'  File "x.py", line 1, in run', b"KeyError: 'x'", b"\n", b"\r\n",
    b"\xff\x00\xfe", FAILURE, b" ",
]  # fmt: skip


@settings(max_examples=50)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=60)), max_size=30))
def test_any_bytes_in_any_pieces(chunks):
    whole = b"".join(chunks)
    assert seen(fed(*chunks)) == seen(fed(whole))


@settings(max_examples=50)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=60)), max_size=30))
def test_without_aho_corasick_the_same(chunks):
    whole = b"".join(chunks)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "ahocorasick_rs", None)
        plain = fed(whole)
    assert seen(plain) == seen(fed(whole))


@given(st.binary(max_size=300), st.lists(st.binary(min_size=1, max_size=4), min_size=1, max_size=5, unique=True))
def test_both_prefilters_find_every_place(block, literals):
    expected = {(i, at) for i, word in enumerate(literals) for at in range(len(block)) if block.startswith(word, at)}
    assert set(line_rules.make_finder(literals)(block)) == expected
    assert set(line_rules.plain_finder(literals)(block)) == expected


@pytest.mark.parametrize("rule", LINE_RULES, ids=lambda rule: rule.name)
def test_every_rule_knows_the_line_that_it_was_learnt_from(rule):
    assert any(literal in rule.learnt_from for literal in rule.texts)
    assert rule.search(rule.learnt_from)


def test_rule_names_are_unique():
    names = [rule.name for rule in LINE_RULES]
    assert len(names) == len(set(names))
    assert all(rule.category is not None and rule.clause for rule in CAUSES + LAST_RESORT)
    assert {rule.name for rule in MARKS if rule.clause} <= set(names)


def test_a_line_of_a_megabyte_and_no_newline():
    line = b"x" * (1 << 20) + b" OSError: [Errno 28] No space left on device " + b"y" * (1 << 20)
    detector = fed(*(line[i : i + 65536] for i in range(0, len(line), 65536)))
    assert any(m.rule == "disk" for m in detector.matches)
    assert all(len(m.line) <= MAX_LINE for m in detector.matches)


def test_a_flood_is_bounded_and_keeps_both_ends():
    lines = b"".join(b"OSError: [Errno 28] No space left on device #%d\n" % i for i in range(50_000))
    matches = [m for m in fed(lines, keep=5).matches if m.rule == "disk"]
    assert [m.number for m in matches] == [1, 2, 3, 4, 5, 49_996, 49_997, 49_998, 49_999, 50_000]


def test_progress_through_a_logging_prefix():
    assert fed(b"CPLOG|INFO|root|" + FAILURE.splitlines(keepends=True)[2]).sets_started == (1,)


def test_chatter_is_no_mark():
    line = b"Error: this is only chatter, Traceback (most recent call last): Failed\n"
    assert fed(line * 3).matches == ()

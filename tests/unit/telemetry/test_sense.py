"""What belongs together, how grave it is, and what is secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platerunner_unit.telemetry.lines import Line
from platerunner_unit.telemetry.sense import MASK, Joiner, masked, severity_of

PYTHON = [
    "Traceback (most recent call last):",
    '  File "run.py", line 3, in <module>',
    "    main()",
    "    ~~~~^^",
    "",
    "ValueError: no such channel",
]
JAVA = [
    "java.io.IOException: cannot read",
    "\tat loci.formats.Reader.open(Reader.java:12)",
    "Caused by: java.lang.Error: deep",
    "\t... 3 more",
]
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLE"


@pytest.mark.parametrize("parts", [1, 2, 3, 20])
def test_a_traceback_is_one_record_wherever_it_was_cut(parts: int) -> None:
    texts = ["before", *PYTHON, "between", *JAVA, "after", *PYTHON]
    assert joined(texts, parts) == ["before", "\n".join(PYTHON), "between", "\n".join(JAVA), "after", "\n".join(PYTHON)]


@given(st.lists(st.sampled_from([*PYTHON, *JAVA, "x", " y"]), max_size=40), st.integers(min_value=1, max_value=50))
def test_no_line_is_lost_or_doubled_whatever_comes(texts: list[str], parts: int) -> None:
    assert "\n".join(joined(texts, parts)).split("\n") == (texts or [""])
    made = Joiner()
    lines = [*made.join(Line(n, text) for n, text in enumerate(texts)), *made.flush()]
    assert sum(line.count for line in lines) == len(texts)


def joined(texts: list[str], parts: int) -> list[str]:
    joiner, lines = Joiner(), [Line(n, text) for n, text in enumerate(texts)]
    size = max(1, len(lines) // parts)
    portions = [lines[first : first + size] for first in range(0, len(lines), size)]
    return [line.text for portion in portions for line in joiner.join(portion)] + [line.text for line in joiner.flush()]


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("2026-11-21 09:37:26 - cellprofiler - ERROR - no image", "ERROR"),
        ("[WARN] low memory", "WARN"),
        ("WARNING: 3 sites left out", "WARN"),
        ("Warning: 3 sites left out", "WARN"),
        ("Error detected during run of module Smooth", "ERROR"),
        ("INFO  pipeline loaded", "INFO"),
        ("CRITICAL disk", "FATAL"),
        ("ValueError: no such channel", "ERROR"),
        ("\n".join(PYTHON), "ERROR"),
        ("\n".join(JAVA), "ERROR"),
        ("0 errors, 0 warnings", None),
        ("wrote /data/ERROR/P1.tif", None),
        ("Times reported are CPU times", None),
        ("", None),
    ],
)
def test_a_line_is_as_grave_as_it_says(text: str, severity: str | None) -> None:
    assert severity_of(text) == severity


@pytest.mark.parametrize(
    "text",
    [
        f"AWS_SECRET_ACCESS_KEY={SECRET}",
        f'{{"aws_session_token": "{SECRET}"}}',
        f"password: {SECRET}",
        f"OMERO_PASSWD={SECRET} host=omero",
        f"GET https://u:{SECRET.replace('/', '')}@omero.example/api",
        f"Authorization: Bearer {SECRET}",
        f"authorization: Basic {SECRET}",
        f"--api-key={SECRET}",
        f"https://b.s3.amazonaws.com/k?X-Amz-Security-Token={SECRET}&X-Amz-Signature={SECRET}",
        f"client_secret = '{SECRET}'",
    ],
)
def test_secrets_are_masked_and_the_rest_is_kept(text: str) -> None:
    told = masked(text)
    assert SECRET not in told
    assert SECRET.replace("/", "") not in told
    assert MASK in told
    assert told.split("=")[0].split(":")[0] == text.split("=")[0].split(":")[0]


def test_the_id_of_a_key_is_masked_too() -> None:
    assert masked("using AKIAIOSFODNN7EXAMPLE now") == f"using {MASK} now"


@pytest.mark.parametrize(
    "text",
    ["Unexpected token: x", "asiatic cells", "s3://bucket/key:1@2", "api version 3", "secretory pathway", "a://b"],
)
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert masked(text) == text

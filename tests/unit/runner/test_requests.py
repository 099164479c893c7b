"""What a unit costs in requests to S3: its own files, and what makes its verdict certain."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from tests.unit.bench import Bench, data_file
from tests.unit.runner.test_stage import COPY
from werkzeug.serving import WSGIRequestHandler

from platerunner_unit.contract.manifest import LINE_VARIABLE
from platerunner_unit.runner.stage import SMALL

_REQUEST = re.compile(r"(\w+) /[^/]+/(\S*?)(?:\?\S*)? HTTP")
KINDS = {"data/": "input", "ws/out/": "output", "step.json": "step", "units.idx": "place", "units.jsonl": "line"}


def kind_of(key: str) -> str:
    """What a request is about."""
    known = {**KINDS, "/logs/": "log", "/outcomes/": "outcome"}
    return next((kind for part, kind in known.items() if part in key), key)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The requests that S3 gets, as ``PUT log``."""
    requests: list[str] = []

    def note(handler: WSGIRequestHandler, *_answer: object) -> None:
        method, key = _REQUEST.match(handler.requestline).groups()  # type: ignore[union-attr]
        requests.append(f"{method} {kind_of(key)}")

    monkeypatch.setattr(WSGIRequestHandler, "log_request", note)
    return requests


OWN = ["GET input", "PUT output"]
CERTAIN = ["GET line", "PUT log", "PUT outcome"]
"""What to do, with what all units share; what became of it."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("environ", "params", "content", "more"),
    [
        ({}, {}, b"hello", []),
        # As a provider of before submits: the place of the line is looked up.
        ({LINE_VARIABLE: ""}, {}, b"hello", ["GET step", "GET place"]),
        # More than S3 keeps as an attribute.
        ({}, {"numbers": [n * n for n in range(1500)]}, b"hello", ["GET step"]),
        # Too large to be sent where it may be there already.
        ({}, {}, bytes(SMALL + 1), ["HEAD output"]),
    ],
)
def test_certainty_costs_a_unit_three_requests(
    s3: Bench,
    sent: list[str],
    environ: dict[str, str],
    params: dict[str, Any],
    content: bytes,
    more: list[str],
) -> None:
    s3.environ |= environ
    unit = s3.unit(["out/a.txt"], [data_file(s3, "a.txt", content)])
    process = s3.start(s3.step(COPY, params=params), unit)
    sent.clear()
    process.communicate(timeout=120)
    assert Counter(sent) == Counter([*OWN, *CERTAIN, *more])


@pytest.mark.slow
def test_an_output_that_is_there_is_compared_before_it_is_written(s3: Bench, sent: list[str]) -> None:
    for content, more in ((b"one", []), (b"one", ["HEAD output"]), (b"two", ["HEAD output", "PUT output"])):
        unit = s3.unit(["out/a.txt"], [data_file(s3, "a.txt", content)])
        process = s3.start(s3.step(COPY), unit)
        sent.clear()
        process.communicate(timeout=120)
        assert Counter(sent) == Counter([*OWN, *CERTAIN, *more])
        assert s3.store.get("out/a.txt") == content

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platerunner.spec.templates import (
    TemplateProblem,
    contains_template,
    is_single_expression,
    names_in,
    render,
    truthy,
)

CONTEXT = {
    "params": {"wells": ["A01"], "n": 3, "plate": "0512", "flag": False, "none": None},
    "data_root": "s3://bucket/raw",
    "run_id": "manual__1",
}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ params.wells }}", ["A01"]),
        (" {{ params.n }} ", 3),
        ("{{- params.n -}}", 3),
        ("{{ params.n * 2 }}", 6),
        ("{{ params.plate }}", "0512"),
        ("{{ params.none }}", None),
        ("n = {{ params.n }}", "n = 3"),
        ("{{ params.n }}{{ params.n }}", "33"),
        ("{{ data_root }}/{{ params.plate }}", "s3://bucket/raw/0512"),
        ("{% if params.flag %}a{% else %}b{% endif %}", "b"),
        ("{{ params['wells'] | first }}", "A01"),
        ("{{ {'a': 1}['a'] }}", 1),
        ("no template, {plate}", "no template, {plate}"),
        ("{{ '}}' }}", "}}"),
    ],
)
def test_render(template, expected):
    assert render(template, CONTEXT) == expected


def test_render_goes_into_lists_and_mappings_and_leaves_the_rest_alone():
    value = {"a": ["{{ params.n }}", 1.5, None, {"b": "{{ run_id }}"}], "{{ params.n }}": True}
    assert render(value, CONTEXT) == {"a": [3, 1.5, None, {"b": "manual__1"}], "{{ params.n }}": True}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ params.wels }}", "wels"),
        ("{{ nothing }}", "'nothing' is undefined"),
        ("x{{ nothing }}", "'nothing' is undefined"),
        ("{{ nothing.at.all }}", "'nothing' is undefined"),
        ("{{ params.n / 0 }}", "division by zero"),
        ("{{ params.n + 'a' }}", "unsupported operand"),
        ("{{ params.n", "unexpected end of template"),
        ("{{ params.n | nofilter }}", "No filter named 'nofilter'"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ params.__class__ }}", "unsafe"),
        ("{{ params.wells.append('x') }}", "access to attribute 'append' of 'list' object is unsafe"),
        ("{{ range(10) }}", "'range' is undefined"),
        ("{{ lipsum() }}", "'lipsum' is undefined"),
        ("{{ 9 ** 9999 }}", "this power is too large"),
        ("{{ 'a' * 10**9 }}", "only numbers can be multiplied"),
        ("{{ '%999999999d' % 1 }}", "formatting with `%` is not allowed"),
        ("{% include 'x' %}", "no loader"),
        ("{{ 'a' | center(999999999) }}", "`center` is not allowed"),
        ("{{ run_id.zfill(999999999) }}", "`zfill` is not allowed"),
        ("{% for a in 'aa' %}{% for b in 'aa' %}{% endfor %}{% endfor %}", "a loop in a loop is not allowed"),
        ("{% set x = 'a' %}{% set x = x ~ x %}{{ x }}", "no names or macros of its own"),
    ],
)
def test_errors_name_the_template(template, message):
    with pytest.raises(TemplateProblem) as raised:
        render(template, CONTEXT)
    assert f"template `{template}`: " in str(raised.value)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ("{{ params.wells }}", {("params", "wells")}),
        ("{{ params['wells'] }}", {("params", "wells")}),
        ("{{ params }}", {("params",)}),
        ("{{ run_id }}-{{ params.a.b }}", {("run_id",), ("params", "a")}),
        ("{% for p in params.wells %}{{ p.name }}{% endfor %}", {("params", "wells")}),
        ("{{ range(3) }}", {("range",)}),
        ("none", set()),
    ],
)
def test_names(template, names):
    assert names_in(template) == names


@pytest.mark.parametrize(
    ("when", "expected"), [("{{ params.n == 3 }}", True), ("{{ params.flag }}", False), ("{{ params.wells }}", True)]
)
def test_truthy(when, expected):
    assert truthy(when, CONTEXT) is expected


@pytest.mark.parametrize("when", ["params.n == 3", "{{ params.n }} == 3", "", "{{ params.n }}{{ params.n }}"])
def test_a_condition_that_would_always_hold_is_refused(when):
    with pytest.raises(TemplateProblem, match="a condition is one"):
        truthy(when, CONTEXT)


@pytest.mark.parametrize(
    ("value", "expected"), [("{{ a }}", True), ({"a": ["{% b %}"]}, True), ({"a": ["{b}"]}, False), (3, False)]
)
def test_contains_template(value, expected):
    assert contains_template(value) is expected


@given(st.text(alphabet="{}%# abc.()[]'|*-+1", max_size=30))
def test_any_text_renders_or_says_why_not(text):
    message = "rendered"
    try:
        names_in(text)
        is_single_expression(text)
        render(text, CONTEXT)
    except TemplateProblem as problem:
        message = problem.message
    assert message


PIECES = ["{{", "}}", "{", "}", "{%", "{#", " ", "\n", "-", ".", "params", "run_id", "data_root", "wells", "if", "true",
          "format", "self", "é", "/x", "'", "{{ params.wells }}", "{{run_id}}", "{{ params }}",
          "{{ params.format }}"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
def test_what_is_plain_reads_the_names_that_jinja_finds(template):
    """With a comment before it, Jinja has to read the whole."""
    assert told(template) == told(f"{{# #}}{template}")


def told(template):
    try:
        return names_in(template)
    except TemplateProblem:
        return None

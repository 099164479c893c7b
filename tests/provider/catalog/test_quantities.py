import pytest
from hypothesis import given
from hypothesis import strategies as st

from platerunner.catalog.quantities import (
    KINDS,
    QuantityError,
    duration,
    duration_text,
    factor,
    share,
    size,
    size_text,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8 GiB", 8 * 1024**3),
        ("8GiB", 8 * 1024**3),
        ("7500 MB", 7_500_000_000),
        ("0.5 TiB", 2**39),
        ("1 KB", 1000),
        ("512 B", 512),
    ],
)
def test_sizes_are_bytes(text, expected):
    assert size(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("90 s", 90), ("30 min", 1800), ("1.5 h", 5400), ("7 d", 604800), (" 2h ", 7200)]
)
def test_durations_are_seconds(text, expected):
    assert duration(text) == expected


@pytest.mark.parametrize(("text", "expected"), [("2%", 0.02), ("0 %", 0), ("12.5%", 0.125)])
def test_shares(text, expected):
    assert share(text) == pytest.approx(expected)


@pytest.mark.parametrize(("text", "expected"), [("x2", 2), ("x1.5", 1.5), ("x 1", 1)])
def test_factors(text, expected):
    assert factor(text) == expected


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("size", "8", "`8` has no unit. Write `8 GiB`, if you meant that."),
        ("size", "8 gib", "`gib` is not a unit here. Did you mean `8 GiB`?"),
        ("size", "8 h", "`h` is not a unit here. Use one of B, kB"),
        ("size", "0 GiB", "`0 GiB` is not an amount that can be used"),
        ("size", "-8 GiB", "`-8 GiB` is not a number with a unit"),
        ("size", "lots", "`lots` is not a number with a unit"),
        ("size", "", "`` is not a number with a unit"),
        ("duration", "10 m", "`m` is not a unit here. Use one of s, min, h, d."),
        ("duration", "2 H", "`H` is not a unit here. Did you mean `2 h`?"),
        ("share", "2", "`2` is not a share"),
        ("share", "100%", "`100%` would let every unit fail"),
        ("factor", "2", "`2` is not a factor from x1 to x100"),
        ("factor", "x0.5", "`x0.5` is not a factor from x1 to x100"),
        ("factor", "x1000", "`x1000` is not a factor from x1 to x100"),
    ],
)
def test_what_is_wrong(kind, text, message):
    with pytest.raises(QuantityError) as raised:
        KINDS[kind](text)
    assert message in str(raised.value)


@given(st.integers(1, 10**9), st.sampled_from(["B", "kB", "MB", "GiB", "TiB"]), st.sampled_from(["", " ", "  "]))
def test_sizes_grow_with_their_number(number, unit, space):
    assert size(f"{number}{space}{unit}") == number * size(f"1 {unit}")


@given(st.sampled_from(sorted(KINDS)), st.text(max_size=12))
def test_any_text_is_a_quantity_or_not_one(kind, text):
    try:
        usable = KINDS[kind](text) >= 0
    except QuantityError as error:
        usable = bool(error.message and error.remedy)
    assert usable


@pytest.mark.parametrize("text", ["8 GiB", "7500 MB", "2 TiB", "22 GB", "512 KiB", "1 kB", "1 TB"])
def test_sizes_are_written_as_people_write_them(text):
    assert size_text(size(text)) == text


@pytest.mark.parametrize("text", ["90 s", "30 min", "2 h", "7 d", "12 h"])
def test_durations_are_written_as_people_write_them(text):
    assert duration_text(duration(text)) == text


@given(st.integers(1, 10**14))
def test_a_size_that_is_written_is_read_as_the_same(count):
    assert size(size_text(count)) == count

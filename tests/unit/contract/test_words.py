"""Lists and numbers as people read them."""

import pytest

from platerunner_unit.contract.words import and_more, shorten, show_number, show_usd

NUMBERS = {
    0: "0", 3: "3", 42.5: "42.5", 0.0123456: "0.01235", 999.94: "999.9", 1000: "1,000", 1234567.8: "1,234,568",
    -1234567: "-1,234,567", 2e-7: "2e-07", 1e15: "1,000,000,000,000,000", float("nan"): "nan", float("inf"): "inf",
}  # fmt: skip


@pytest.mark.parametrize("value", NUMBERS)
def test_numbers_are_written_out(value) -> None:
    assert show_number(value) == NUMBERS[value]


@pytest.mark.parametrize(("value", "text"), [(0.012345, "0.0123"), (99.96, "100"), (999.7, "1,000"), (12345, "12,345")])
def test_fewer_digits_lose_none_before_the_point(value, text) -> None:
    assert show_number(value, 3) == text


def test_a_list_that_is_whole_does_not_go_on() -> None:
    assert (and_more(0), and_more(1234)) == ("", " and 1,234 more")


@pytest.mark.parametrize(
    ("usd", "text"), [(0, "0.00"), (1234.567, "1,234.57"), (0.1, "0.10"), (0.0123, "0.012"), (2e-7, "0.0000002")]
)
def test_money_is_written_to_the_cent_and_small_amounts_in_full(usd, text) -> None:
    assert show_usd(usd) == text


def test_a_long_text_ends_with_dots_and_is_no_longer_than_asked() -> None:
    assert (shorten("a" * 60), shorten("a" * 61), shorten("abcdefgh", 6)) == ("a" * 60, "a" * 57 + "...", "abc...")

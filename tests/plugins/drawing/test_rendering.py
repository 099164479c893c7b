"""Sentences of the engine as pages show them."""

import pytest

from platerunner_pages.drawing.rendering import with_code


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("Write `days: 7` there.", "Write <code>days: 7</code> there."),
        ("`a` and `b`", "<code>a</code> and <code>b</code>"),
        ("`<script>` & <b>", "<code>&lt;script&gt;</code> &amp; &lt;b&gt;"),
        ("one ` alone", "one ` alone"),
        ("`over\nlines`", "`over\nlines`"),
    ],
)
def test_words_between_backticks_are_code_and_nothing_else_becomes_markup(sentence, shown):
    assert str(with_code(sentence)) == shown

"""Rules of text from outside: whatever ids, logs, labels and messages hold, it shows harmlessly."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from nimbus_tui.plain import actor, fit, middle, plain
from nimbus_tui.widgets import text

HOSTILE = [
    "[bold red]markup[/]",
    "[@click=app.exit]x[/]",
    "\x1b[2J\x1b]0;title\x07",
    "\u202eevil\u2066",
    "a\rb\nc\td\x00\x9b31m",
    "\ud800 half a pair",
    "e" + "\u0301" * 500,
    "x" * 100_000,
    "家族👨‍👩‍👧‍👦",
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_steers_or_floods_a_terminal(hostile: str) -> None:
    """No control or direction character is left, no line ends, and what is long is cut."""
    shown = plain(hostile)
    assert all(unicodedata.category(character)[0] != "C" for character in shown)
    assert len(shown) < 20_000
    assert "\n" not in shown


@pytest.mark.parametrize("hostile", HOSTILE)
def test_markup_is_shown_and_not_obeyed(hostile: str) -> None:
    """What looks like markup is text: it brings no style and no link."""
    shown = text.toned(hostile, "good")
    assert shown.plain == plain(hostile)
    assert len(shown.spans) <= 1


def test_who_did_something_is_named_in_short() -> None:
    """Of an identity in AWS its role and session, or its user; anybody else as they are."""
    assert actor("arn:aws:sts::123456789012:assumed-role/data-scientist/ada") == "data-scientist/ada"
    assert actor("arn:aws:iam::123456789012:user/grace") == "grace"
    assert actor("arn:aws:iam::123456789012:root") == "arn:aws:iam::123456789012:root"
    assert actor("ada@desk") == "ada@desk"


@given(st.text(), st.integers(min_value=0, max_value=60))
def test_a_text_is_as_wide_as_it_is_told(anything: str, width: int) -> None:
    """Wide, combining and odd characters included."""
    assert cell_len(fit(plain(anything), width)) == width
    assert cell_len(middle(plain(anything), width)) <= max(width, 0)

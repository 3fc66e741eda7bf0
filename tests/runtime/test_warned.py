"""What is told of libraries' warnings in a worker."""

from __future__ import annotations

import warnings

import pytest

from nimbus_runtime.warned import once_each


def test_a_warning_of_every_document_is_told_once_and_quotes_none(capsys: pytest.CaptureFixture[str]) -> None:
    """By its code, if it has one, and its place."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        once_each()
        for words in ("[W036] zanzibar", "[W036] zanzibar again"):
            warnings.warn(words, stacklevel=1)
        warnings.warn("zanzibar", DeprecationWarning, stacklevel=1)
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("UserWarning [W036] at ")
    assert second.startswith("DeprecationWarning at ")
    assert "zanzibar" not in first + second

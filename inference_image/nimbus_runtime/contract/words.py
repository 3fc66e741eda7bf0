"""How counts and shares are written, wherever people read them."""

from __future__ import annotations

_LEAST = 0.0001  # what is less is not rounded to nothing


def percent(share: float, digits: int = 2, *, signed: bool = False) -> str:
    """Return a share in percent with as many digits as it needs, at most `digits` after the point."""
    if 0 < share < _LEAST and not signed:
        return "< 0.01 %"
    figure = f"{100 * share:{'+' if signed else ''}.{digits}f}"
    if "." in figure:
        figure = figure.rstrip("0").rstrip(".")
    return f"{figure} %"


def plural(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun, such as 1 file or 1,200 files; `many` is for plurals that are no added s."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"

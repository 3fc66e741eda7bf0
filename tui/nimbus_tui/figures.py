"""How numbers, durations and moments are written, the same on every screen."""

from __future__ import annotations

from datetime import UTC, datetime

from nimbus_runtime.contract.words import percent

_LITTLE, _TENTH = 0.001, 0.1
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_UNITS = ("B", "kB", "MB", "GB", "TB")


def duration(seconds: float) -> str:
    """Return a duration in at most two units, such as 3 min 20 s."""
    seconds = max(0.0, seconds)
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    seconds = round(seconds)
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min {seconds % _MINUTE} s"
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR} h {seconds % _HOUR // _MINUTE} min"
    return f"{seconds / _DAY:.0f} days"


def age(time: str | None, now: datetime) -> str:
    """Return how long ago a record's time was, in one unit."""
    if not time:
        return "-"
    seconds = (now - datetime.fromisoformat(time)).total_seconds()
    if seconds < 0:
        return f"in {_short(-seconds)}"
    return "just now" if seconds < 5 else f"{_short(seconds)} ago"


def until(moment: datetime, now: datetime) -> str:
    """Return how far off a moment is."""
    return f"in {_short((moment - now).total_seconds())}"


def _short(seconds: float) -> str:
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def moment(time: str | None, now: datetime | None = None) -> str:
    """Return a record's time to the minute, in UTC; with its year, where that is another than now."""
    if not time:
        return "-"
    found = datetime.fromisoformat(time).astimezone(UTC)
    year = f" {found.year}" if now is not None and found.year != now.year else ""
    return f"{found:%d %b}{year} {found:%H:%M} UTC"


def count(number: int | None) -> str:
    """Return a number with its thousands set apart."""
    return "-" if number is None else f"{number:,}"


def rate(number: float | None) -> str:
    """Return a rate with three figures or so."""
    if number is None:
        return "-"
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def share(part: float, whole: float) -> str:
    """Return a share in percent, never rounded to nothing."""
    if not whole or not part:
        return percent(0)
    found = part / whole
    return percent(found, 1 if found < _TENTH else 0) if found >= _LITTLE else "< 0.1 %"


def money(amount: float, currency: str = "USD") -> str:
    """Return an amount to a hundredth of a cent, never something rounded to nothing."""
    sign = "$" if currency == "USD" else currency
    return f"< 0.0001 {sign}" if 0 < amount < 0.0001 else f"{amount:.4f} {sign}"


def size(number: float | None) -> str:
    """Return a number of bytes."""
    if number is None:
        return "-"
    for unit in _UNITS[:-1]:
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} {_UNITS[-1]}"

"""Times as records have them."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(UTC)


def iso(time: datetime) -> str:
    """Return a time as records write it, to the microsecond."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def run_name(time: datetime, suffix: str = "") -> str:
    """Return the name of a run that is due at a time; names sort as times do."""
    name = time.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    return f"{name}-{suffix}" if suffix else name


def file_stamp(time: datetime) -> str:
    """Return a time as a file's name holds it, to the microsecond; names sort as times do."""
    return time.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")

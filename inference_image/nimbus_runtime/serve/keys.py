"""API keys: made once, kept as hashes, compared in constant time.

A key holds 256 bits of chance, so that a plain SHA-256 of it tells nothing; words that people
choose would need a slow hash, and are not accepted as keys by `make`.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nimbus_runtime.contract.errors import UsageError

VARIABLE = "NIMBUS_API_KEYS"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LINE = re.compile(rf"(?P<name>{_NAME.pattern}):(?P<sha256>[0-9a-f]{{64}})")


@dataclass(frozen=True, slots=True)
class Key:
    """Whose key it is, and the SHA-256 of it in hexadecimal."""

    name: str
    sha256: str


def make(name: str) -> tuple[str, Key]:
    """Return a new key, which is shown once, and what is kept of it."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            "a key cannot have this name",
            got=repr(name),
            expected="1 to 64 letters, digits, dots, dashes and underscores",
            remedy="name whoever will use it",
        )
    secret = f"nimbus_{secrets.token_urlsafe(32)}"
    return secret, Key(name, _hash(secret))


def add(path: Path, key: Key) -> None:
    """Add a key to a file that only its owner may read."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w", encoding="utf-8") as file:
            file.write(f"{key.name}:{key.sha256}\n")
    except OSError as error:
        raise UsageError(
            "no key can be added to this file",
            where=str(path),
            got=error.strerror or type(error).__name__,
            remedy="name a file in a folder that is there and may be written to",
        ) from None


def read_file(path: Path) -> tuple[Key, ...]:
    """Return the keys of a file, one a line."""
    try:
        return read(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "the file of API keys cannot be read", where=str(path), got=type(error).__name__, remedy="check the path"
        ) from None


def read(text: str, where: str) -> tuple[Key, ...]:
    """Return the keys of a text: name:sha256, separated by commas or lines; # begins a comment."""
    lines = [part.split("#", 1)[0].strip() for part in re.split(r"[\n,]", text)]
    return tuple(_key(line, where) for line in lines if line)


def holder(presented: str, kept: Sequence[Key]) -> str | None:
    """Return whose key was presented, None for nobody's; every key is compared, in constant time."""
    hashed, found = _hash(presented), None
    for key in kept:
        if hmac.compare_digest(hashed, key.sha256):
            found = key.name
    return found


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _key(line: str, where: str) -> Key:
    match = _LINE.fullmatch(line)
    if match is None:
        raise UsageError(
            "this is not the hash of an API key",
            where=where,
            got=f"{len(line)} characters",  # it may be a key itself
            expected="name:sha256, the name of letters, digits, dots, dashes and underscores",
            remedy="make one with `nimbus serve --new-key NAME`",
        )
    return Key(match["name"], match["sha256"])

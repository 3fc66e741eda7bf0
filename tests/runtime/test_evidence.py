"""Rules of what is kept about a release."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from nimbus_runtime import evidence
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.records import Evidence, Release
from nimbus_runtime.store import DirectoryStore


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    """Return an empty store."""
    return DirectoryStore(tmp_path)


@dataclass(frozen=True, slots=True)
class Flips:
    """A kind's own record."""

    flipped: int
    sample: tuple[str, ...] = ()
    whole: bool = True


def test_the_latest_of_a_kind_is_found_among_all(store: DirectoryStore) -> None:
    """Kinds are told apart, also where one's name begins with another's, and are in the order of time."""
    for number, kind in enumerate(("shadow", "shadow-canary", "shadow", "preflight")):
        evidence.write(store, "r1", kind, Flips(number), outcome="promote", actor="somebody")
    found = evidence.latest(store, "r1", "shadow")
    assert found is not None
    assert found.body["flipped"] == 2
    assert len(evidence.names(store, "r1")) == 4
    assert len(evidence.names(store, "r1", "shadow")) == 2
    assert evidence.latest(store, "r1", "drift") is None
    assert evidence.latest(store, "r2", "shadow") is None


def test_a_kinds_own_record_survives(store: DirectoryStore) -> None:
    """Whoever wrote the body reads it back as the class that it was."""
    written = evidence.write(store, "r1", "shadow", Flips(3, ("a", "b")), outcome="hold", actor="somebody")
    (name,) = evidence.names(store, "r1")
    read = evidence.read(store, "r1", name)
    assert read == written
    assert codec.build(Flips, read.body, "here") == Flips(3, ("a", "b"))


def test_nothing_found_out_is_ever_overwritten(store: DirectoryStore) -> None:
    """Many findings within a moment are as many records."""
    for _ in range(50):
        evidence.write(store, "r1", "shadow", Flips(0), outcome="hold", actor="somebody")
    assert len(evidence.names(store, "r1")) == 50


def test_releases_of_before_are_read() -> None:
    """What a release has gained since has defaults."""
    old = b'{"schema_version":1,"release":"r","bundle_digest":"d","pipeline":"p","pipeline_version":"1","job":null}'
    assert codec.decode(Release, old, paths.release("r")) == Release("r", "d", "p", "1")
    assert codec.decode(Evidence, codec.encode(Evidence("r", "k", "t", "a", "ok")), "here").body == {}

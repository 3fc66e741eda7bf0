"""What was found out about a release: written once, kept beside it, listed by kind and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from nimbus_runtime import clock
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.errors import RecordInvalidError
from nimbus_runtime.contract.records import Evidence

if TYPE_CHECKING:
    from nimbus_runtime.store import Store


def write(  # noqa: PLR0913 - the fields of a finding
    store: Store, release: str, kind: str, body: object, *, outcome: str, actor: str
) -> Evidence:
    """Keep a finding, `body` being the kind's own record; it has the time of now, and is never overwritten."""
    values = cast("dict[str, object]", codec.plain(body))
    while True:
        now = clock.now()
        record = Evidence(release, kind, clock.iso(now), actor, outcome, values)
        if store.create(paths.evidence(release, kind, clock.file_stamp(now)), codec.encode(record)):
            return record


def names(store: Store, release: str, kind: str | None = None) -> list[str]:
    """Return the names of a release's findings, or of one kind of them, the latest last."""
    found = [name.removesuffix(".json") for name in store.names(paths.evidences(release))]
    chosen = [name for name in found if kind is None or name.rpartition("-")[0] == kind]
    return sorted(chosen, key=lambda name: name.rpartition("-")[2])


def read(store: Store, release: str, name: str) -> Evidence:
    """Return a finding by the name that `names` lists."""
    place = f"{paths.evidences(release)}/{name}.json"
    data = store.read(place)
    if data is None:
        raise RecordInvalidError("there is no such evidence", where=f"{store.location}/{place}")
    return codec.decode(Evidence, data, f"{store.location}/{place}")


def latest(store: Store, release: str, kind: str) -> Evidence | None:
    """Return the latest finding of a kind, None before the first."""
    found = names(store, release, kind)
    return read(store, release, found[-1]) if found else None

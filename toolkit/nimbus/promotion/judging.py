"""Keeps what a shadow found as evidence, and asks the gate by all evidence that there is."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from nimbus.config.gate import Gate, Required
from nimbus.promotion import gate as gates
from nimbus.promotion import report
from nimbus.promotion.errors import BundleNotHereError
from nimbus_runtime import bundle as bundles
from nimbus_runtime import evidence, live
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.errors import NimbusError
from nimbus_runtime.contract.records import Evidence, Release
from nimbus_runtime.contract.words import percent

if TYPE_CHECKING:
    from nimbus_runtime.store import Store

_GATE = "gate"  # kind of evidence


@dataclass(frozen=True, slots=True)
class Named:
    """A candidate as it was named: where its bundle lies, and its release, None where it is registered nowhere."""

    bundle: Path
    release: Release | None

    @property
    def name(self) -> str:
        """Return what the candidate is called."""
        return self.bundle.name if self.release is None else self.release.release


def find(store: Store, named: str, compiled: Path, bundle: Path | None = None) -> Named:
    """Find a candidate by the folder of its bundle or by the name of its release; `bundle` is where the latter lies."""
    if (Path(named) / "bundle.json").is_file():
        _, digest = bundles.read_manifest(Path(named))
        return Named(Path(named), next((r for r in releases(store) if r.bundle_digest == digest), None))
    found = next((r for r in releases(store) if r.release == named), None)
    if found is None:
        raise BundleNotHereError(
            "this is neither a bundle nor a registered release",
            where=store.location,
            got=named,
            remedy="name the folder of a bundle, or a release out of `nimbus history`",
        )
    place = bundle or here(store, found, compiled)
    if place is None:
        raise BundleNotHereError(
            "the release's bundle is not on this machine",
            where=named,
            got=f"no bundle {found.bundle_digest[:12]}",
            remedy="name the folder of its bundle instead",
        )
    return Named(place, found)


def releases(store: Store) -> list[Release]:
    """Return every registered release, those that were deployed first."""
    names = [name for name in store.names("releases") if name.endswith(".json")]
    found = [codec.decode(Release, store.read(f"releases/{name}") or b"", f"releases/{name}") for name in names]
    return sorted(found, key=lambda release: release.job is None)


def here(store: Store, release: Release, compiled: Path) -> Path | None:
    """Return where a release's bundle lies on this machine: below the root, or where it was compiled into."""
    place = None if release.bundle is None or "://" in store.location else Path(store.location, release.bundle)
    if place is not None and place.is_dir():
        return place
    for manifest in sorted(compiled.glob("*/bundle.json")):
        with contextlib.suppress(NimbusError):  # one that is damaged is none
            if bundles.read_manifest(manifest.parent)[1] == release.bundle_digest:
                return manifest.parent
    return None


def live_bundle(store: Store, compiled: Path) -> Path | None:
    """Return where the live release's bundle lies on this machine, None where it does not."""
    present = live.read(store)
    data = None if present is None else store.read(paths.release(present.release))
    return None if data is None else here(store, codec.decode(Release, data, "the live release"), compiled)


def keep(store: Store, found: report.Shadow, named: Named, actor: str) -> bool:
    """Keep a shadow as evidence of its release; say whether there is one."""
    if named.release is None:
        return False
    outcome = f"{percent(found.changed.share)} changed"
    evidence.write(store, named.release.release, report.KIND, found, outcome=outcome, actor=actor)
    return True


def was_shadowed(store: Store, candidate: Release, present: Release, gate: Gate, now: datetime) -> bool:
    """Say whether a candidate's latest shadow was beside what is live, on the inputs of the present dataset.

    And whether it is what the gate asks for now: as many documents, the same confidence, not too old.
    """
    kept, state = evidence.latest(store, candidate.release, report.KIND), live.read(store)
    if kept is None or state is None:
        return False
    found = codec.build(report.Shadow, kept.body, f"{report.KIND} of {candidate.release}")
    same = (found.live, found.candidate_digest) == (present.release, candidate.bundle_digest)
    asked = found.wanted >= gate.documents and found.confidence == gate.confidence
    young = now - datetime.fromisoformat(kept.time) <= timedelta(days=gate.max_age_days)
    return same and asked and young and found.run is not None and found.run == state.dataset


def judge(store: Store, release: str, gate: Gate, now: datetime) -> gates.Decision:
    """Decide about a registered release by the latest evidence; nothing is kept."""
    named = next((r for r in releases(store) if r.release == release), None)
    if named is None:
        raise BundleNotHereError(
            "there is no such release",
            where=store.location,
            got=release,
            remedy="`nimbus deploy` registers one; `nimbus history` tells which were live",
        )
    present = live.read(store)
    found = {kind.value: _latest(store, named, kind, gate.profile) for kind in gate.require}
    return gates.decide(release, present.release if present else None, named.bundle_digest, found, gate, now)


def keep_decision(store: Store, decision: gates.Decision, actor: str) -> None:
    """Keep a decision as evidence of its release."""
    evidence.write(store, decision.release, _GATE, decision, outcome=decision.verdict.value, actor=actor)


def _latest(store: Store, release: Release, kind: Required, profile: str | None) -> Evidence | None:
    """Return the latest evidence of a kind; of load tests the latest of this bundle, this image and the profile.

    One whose profile was overridden stands only where there is no other.
    """
    if kind is not Required.LOADTEST:
        return evidence.latest(store, release.release, kind.value)
    other = None
    for name in reversed(evidence.names(store, release.release, kind.value)):
        found = evidence.read(store, release.release, name)
        same = (found.body.get("bundle_digest"), found.body.get("image")) == (release.bundle_digest, release.image)
        if same and profile in (None, found.body.get("profile")):
            if not found.body.get("overridden"):
                return found
            other = other or found
    return other

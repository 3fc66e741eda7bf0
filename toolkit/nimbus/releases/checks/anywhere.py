"""Checks that make sense in every environment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from nimbus.releases.preflight import Check, Status
from nimbus_runtime import requirements
from nimbus_runtime.bundle import Bundle
from nimbus_runtime.contract.annotations import Annotation
from nimbus_runtime.contract.errors import NimbusError
from nimbus_runtime.contract.inputs import InputFile
from nimbus_runtime.contract.records import Job, Live, Release
from nimbus_runtime.contract.words import plural

MINUTE = timedelta(minutes=1)
_CLOCK_TOLERANCE = 5 * MINUTE
_MOST_CHECKED = 20  # inputs whose columns are looked at


def attempted(subject: str, name: str, attempt: Callable[[], str]) -> Check:
    """Return what an attempt found, or how it failed, in its error's own words."""
    try:
        return Check(subject, name, Status.OK, attempt())
    except NimbusError as error:
        found = f"{error.what}{f' ({error.got})' if error.got else ''}"
        return Check(subject, name, Status.FAILED, found, error.remedy or "see what it says")


def bundle(found: Bundle) -> Check:
    """Say whether this machine could open the bundle."""

    def attempt() -> str:
        requirements.check(found.manifest.requires, str(found.path))
        return f"{found.digest[:12]}, {found.manifest.size / 1e6:.1f} MB, whole"

    return attempted("bundle", "opens here", attempt)


def wanted_annotations(job: Job, found: Bundle) -> Check:
    """Say whether the pipeline assigns what runs are to write."""
    offered = {*found.manifest.annotations, Annotation.TOKENS}
    missing = [wanted.value for wanted in job.annotations or () if wanted not in offered]
    if missing:
        return Check(
            "bundle",
            "gives what is wanted",
            Status.FAILED,
            f"it does not assign {', '.join(missing)}",
            "take these out of [output] annotations, or add the component that assigns them",
        )
    given = job.annotations or found.manifest.annotations
    return Check("bundle", "gives what is wanted", Status.OK, ", ".join(a.value for a in given) or "no annotations")


def inputs(resolve: Callable[[], list[InputFile]], check_schema: Callable[[InputFile], None]) -> Check:
    """Say whether the inputs can be reached, and have the text field that runs read."""

    def attempt() -> str:
        files = resolve()
        for file in files[:_MOST_CHECKED]:
            check_schema(file)
        size = sum(file.size for file in files)
        checked = "" if len(files) <= _MOST_CHECKED else f", {_MOST_CHECKED} of them looked into"
        return f"{plural(len(files), 'file')}, {size / 1e6:,.1f} MB{checked}"

    return attempted("input", "reachable, with the fields that runs read", attempt)


def same_schema(release: Release, present: Release | None) -> Check:
    """Say whether rows keep the columns that readers know."""
    name = "rows keep their columns"
    before = None if present is None else present.job
    if present is None or before is None or release.job is None:
        return Check("output", name, Status.SKIPPED, "nothing is live to compare with")
    changed = [
        words
        for words, was, becomes in (
            ("annotations", before.annotations, release.job.annotations),
            ("format", before.output_format, release.job.output_format),
        )
        if was != becomes
    ]
    lost = {part for part in present.labels if part not in release.labels}
    if changed or lost:
        words = [*(f"other {change}" for change in changed), *(f"no labels of {part}" for part in sorted(lost))]
        return Check("output", name, Status.OK, f"not all of them: {', '.join(words)}; tell who reads the dataset")
    return Check("output", name, Status.OK, "as those of the live release")


def clock(now: datetime, elsewhere: datetime | None, present: Live | None) -> Check:
    """Say whether this machine's clock is right, by another's or by the latest change of what is live."""
    remedy = "set this machine's clock (NTP): runs, signatures and the ledger go by it"
    if elsewhere is not None and abs(now - elsewhere) > _CLOCK_TOLERANCE:
        apart = round((now - elsewhere) / MINUTE)
        return Check("clock", "is right", Status.FAILED, f"{apart:+,} minutes from the environment's", remedy)
    latest = None if present is None else datetime.fromisoformat(present.entry.time)
    if latest is not None and latest - now > _CLOCK_TOLERANCE:
        ahead = round((latest - now) / MINUTE)
        return Check("clock", "is right", Status.FAILED, f"the latest change is {ahead:,} minutes from now", remedy)
    if elsewhere is None and latest is None:
        return Check("clock", "is right", Status.SKIPPED, "nothing is live to compare it with")
    return Check("clock", "is right", Status.OK, "agrees")


def memory(peak: int | None, workers: int, available: int | None, what: str) -> Check:
    """Say whether so many workers fit into memory, each with the peak that was measured; all in bytes."""
    name = "memory for its workers"
    if peak is None or available is None:
        unknown = "the bundle's peak" if peak is None else f"the memory of {what}"
        return Check("size", name, Status.SKIPPED, f"{unknown} could not be measured")
    needed = peak * workers + _SUPERVISOR
    found = f"{workers} x {peak / 2**20:,.0f} MiB and the supervisor's, of {available / 2**20:,.0f} MiB of {what}"
    if needed > available:
        return Check("size", name, Status.FAILED, found, _MEMORY_REMEDY.format(mib=-(-needed // 2**30) * 1024))
    return Check("size", name, Status.OK, found)


def cost(quoted: str | None) -> Check:
    """Show what the release's own figures come to, where there are any."""
    name = "speed and cost"
    if quoted is None:
        return Check("size", name, Status.SKIPPED, "not measured yet: `nimbus loadtest`, or a run of it")
    return Check("size", name, Status.OK, quoted)


_SUPERVISOR = 128 * 2**20
_MEMORY_REMEDY = "give tasks at least {mib} MiB: [task] memory, then `nimbus infra apply`; or fewer workers"

"""How a finished run of this machine is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nimbus.cli import output
from nimbus_runtime.contract.errors import NimbusError
from nimbus_runtime.contract.words import plural

if TYPE_CHECKING:
    from nimbus.runs.submit import Result


def show(result: Result, root: str, *, as_json: bool) -> None:
    """Show a finished run, and leave with findings where it is not what readers see."""
    if as_json:
        output.print_json(as_values(result, root))
    else:
        say(result, root)
    if result.publication.value != "published":
        raise SystemExit(output.FINDINGS)


def as_values(result: Result, root: str) -> dict[str, object]:
    """Return a finished run as `--json` shows it."""
    counts, run, settings = result.run.counts, result.run, result.plan.settings
    times = settings.gemm_measured
    return {
        "run": run.run,
        "release": run.release,
        "bundle_digest": run.bundle_digest,
        "root": root,
        "publication": result.publication.value,
        "candidate": None
        if result.plan.candidate is None
        else {"release": result.plan.candidate.release, "kept": run.candidate == result.plan.candidate.release},
        "documents": counts.documents,
        "scored": counts.scored,
        "quarantined": counts.quarantined,
        "reasons": counts.reasons,
        "characters": counts.characters,
        "tokens": counts.tokens,
        "duplicate_ids": run.duplicates.ids,
        "shards": len(result.plan.shards),
        "seconds": round(result.seconds, 3),
        "documents_per_second": round(result.scored_now / result.seconds, 1),
        "gemm": settings.gemm.value,
        "gemm_measured": None if times is None else {"numpy": times.numpy, "blis": times.blis},
        "precision": settings.precision,
        "drift": None if result.drift is None or isinstance(result.drift, NimbusError) else result.drift.level.value,
    }


def say(result: Result, root: str) -> None:
    """Say what a finished run amounts to, and what became of it."""
    from nimbus.cli.progress import duration  # noqa: PLC0415

    counts, run = result.run.counts, result.run
    rate = result.scored_now / result.seconds
    took = f"in {duration(result.seconds)} ({rate:,.0f} documents/s from start to end)"
    output.say(f"{output.bold('Scored')} {plural(counts.scored, 'document')}, {plural(counts.tokens, 'token')}, {took}")
    if counts.quarantined:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in counts.reasons.items())
        output.say(f"  quarantined  {counts.quarantined:,}: {reasons} (nimbus dataset {root} --quarantined)")
    if run.duplicates.ids:
        examples = ", ".join(map(output.printable, run.duplicates.examples[:3]))
        output.say(
            f"  repeated ids {run.duplicates.ids:,}, of {plural(run.duplicates.documents, 'document')}, such as "
            f"{examples}; all their rows are kept"
        )
    _say_canary(result)
    _say_publication(result, root)
    _say_drift(result, root)


def _say_canary(result: Result) -> None:
    candidate = result.plan.candidate
    if candidate is None:
        return
    name, share = output.printable(candidate.release), f"{len(candidate.shards)} of {len(result.plan.shards)} shards"
    if result.run.candidate == candidate.release:
        output.say(f"Canary: {share} are of {name} (nimbus canary status)")
    else:
        output.say(f"Canary: {name} was dropped, and live scored its {share} again (nimbus canary status)")


def _say_publication(result: Result, root: str) -> None:
    run = result.run.run
    if result.publication.value == "published":
        output.say(f"{output.bold('Published')} run {run} in {root}")
        if not result.run.counts.documents:
            output.say("  The inputs hold no documents: what readers see is empty.")
    elif result.publication.value == "superseded":
        output.say(f"Not published: a later run was published first. nimbus dataset {root} --run {run} lists this one.")
    else:
        output.say(f"Not published: there was a rollback meanwhile. nimbus dataset {root} --run {run} lists this one.")


def _say_drift(result: Result, root: str) -> None:
    found = result.drift
    if isinstance(found, NimbusError):
        output.say(f"Drift is unknown: {output.printable(found.what)} (nimbus drift report {root})")
    elif found is not None:
        output.say(f"Drift: {found.level.value}, against baseline {found.baseline} (nimbus drift report {root})")

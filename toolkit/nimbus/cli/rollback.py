"""`nimbus rollback`: take back a release and the dataset that it published."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nimbus import assembly, releasing
from nimbus.cli import confirm as asking
from nimbus.cli import options, output, shown
from nimbus_runtime.contract.errors import NimbusError
from nimbus_runtime.contract.words import plural

if TYPE_CHECKING:
    from nimbus.config import Environment
    from nimbus.releases.rollback import Rollback
    from nimbus_runtime.contract.records import Run


@click.command("rollback")
@click.argument("release", required=False)
@options.of_project
@asking.options
@click.option("--data", metavar="RUN", help="Take back the data alone, to an earlier run; the release stays.")
@click.option("--keep-data", is_flag=True, help="Take back the release alone; readers keep what they see.")
@click.option("--rescore", is_flag=True, help="Then score the latest inputs again with the earlier release.")
@click.option("--reason", default="", help="Why; stays in the history.")
@click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def command(  # noqa: PLR0913 - one argument an option
    release: str | None,
    env: str | None,
    config: Path | None,
    *,
    yes: bool,
    confirm: str | None,
    data: str | None,
    keep_data: bool,
    rescore: bool,
    reason: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Go back to the previous release, or to RELEASE, and to the dataset that it published last.

    One step takes both back: readers see the earlier dataset at once, and the next run is the earlier
    release's. A run on its way keeps its release, and cannot publish over this. Rolling back again
    undoes it. During a canary, and without RELEASE, the candidate goes and the live release stays.

    With --data, after a day of bad inputs, readers see an earlier run again that was published, and the
    release, which did nothing wrong, stays live.
    """
    if data is not None and (release is not None or keep_data):
        raise click.UsageError("--data takes back the data alone: leave out RELEASE and --keep-data.")
    environment = assembly.environment(env, config=config)
    if data is None:
        planned = releasing.plan_rollback(environment, release, keep_data=keep_data)
    else:
        planned = releasing.plan_data_rollback(environment, data)
    _show(environment, planned)
    if dry_run:
        if as_json:
            output.print_json({"environment": environment.name, "done": False, **_json(planned)})
        return
    actor = assembly.actor(environment)
    asked = asking.confirm(environment, "roll back", yes=yes, confirm=confirm)
    started = time.perf_counter()
    state = releasing.apply_rollback(environment, planned, reason, actor)
    seconds = time.perf_counter() - started
    output.say(f"{output.bold('Rolled back')} in {seconds:.2f} s: change {state.sequence} of {environment.name}")
    if as_json:
        done = {"sequence": state.sequence, "epoch": state.epoch, "seconds": round(seconds, 3)}
        told = {"environment": environment.name, "done": True, **done, **_json(planned)}
        _print_json(told, env, config, rescore=rescore)
    offered = asked and data is None and not rescore and not as_json
    if (rescore and not as_json) or (offered and _agreed_to_rescore(environment)):
        from nimbus.cli import environment_runs  # noqa: PLC0415 - not needed for --help

        environment_runs.start(env, config, None, None, workers=None, wait=False, quiet=False, as_json=False)
    elif not rescore:
        when = "" if data is None else "Once the inputs are mended, "
        output.say(f"{when}`nimbus run --env {environment.name}` scores the latest inputs with it.")
    output.say(_undoing(planned))


def _print_json(told: dict[str, object], env: str | None, config: Path | None, *, rescore: bool) -> None:
    """Write one object: what was taken back, and what became of scoring again; that failing does not undo the rest."""
    if not rescore:
        output.print_json(told)
        return
    from nimbus.cli import environment_runs  # noqa: PLC0415 - not needed for --help

    try:
        output.print_json({**told, "rescored": environment_runs.start_quietly(env, config)})
    except NimbusError as error:
        output.print_json({**told, "rescored": error.to_json()})
        output.print_error(error)
        raise SystemExit(error.exit_code) from None


def _undoing(planned: Rollback) -> str:
    candidate = planned.before.candidate
    if planned.data is not None and planned.before.dataset is not None:
        return f"`nimbus rollback --data {shown.cell(planned.before.dataset)}` undoes this."
    if planned.after.release != planned.before.release:
        return "`nimbus rollback` again undoes this."
    if candidate is not None:
        begin = f"nimbus promote {shown.cell(candidate.release)} --canary {candidate.percent}"
        return f"`{begin}` begins the canary again."
    return "The next run that is published replaces this dataset."


def _agreed_to_rescore(environment: Environment) -> bool:
    """Offer to score the latest inputs again, to whoever was asked about the rollback."""
    return click.confirm(f"Score the latest inputs again with it in {environment.name} now?", err=True)


def _show(environment: Environment, planned: Rollback) -> None:
    to = (
        planned.after.release if planned.data is None else f"run {planned.data.run}; {planned.after.release} stays live"
    )
    output.say(f"{output.bold('Rollback')} of {environment.name} to {shown.cell(to)}")
    shown.differences(planned.state)
    age = planned.age_seconds(datetime.now(UTC))
    if planned.dataset is None:
        output.say("  Readers will find no dataset until the next run is published; --keep-data keeps the present one.")
    elif age is not None:
        count = planned.dataset.counts.scored
        output.say(f"  Readers will see {plural(count, 'document')}, finished {shown.age(age)} ago")
    if planned.data is not None:
        _say_whose(planned.data, planned.after.release)
    if planned.release:
        output.say("  between the releases")
        shown.differences(planned.release, "    ")


def _say_whose(data: Run, live: str) -> None:
    if data.release != live:
        output.say(f"  Its rows are of release {shown.cell(data.release)}")
    if data.candidate is not None:
        output.say(f"  Some of its rows are of {shown.cell(data.candidate)}, in its canary then")


def _json(planned: Rollback) -> dict[str, object]:
    return {
        "release": planned.after.release,
        "dataset": planned.after.dataset,
        "dataset_finished": None if planned.dataset is None else planned.dataset.finished,
        "keep_data": planned.keep_data,
        "changes": shown.as_json(planned.state),
        "release_changes": shown.as_json(planned.release),
    }

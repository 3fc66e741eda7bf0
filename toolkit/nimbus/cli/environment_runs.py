"""What the verbs of an environment's runs share: starting them, waiting for them, showing them."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from nimbus import assembly
from nimbus.assembly.runs import Runs, runs
from nimbus.cli import output, results
from nimbus.cli.progress import drawing
from nimbus.executions import State
from nimbus.runs.overview import Standing
from nimbus.runs.start import Start, Started
from nimbus_runtime.contract.records import Outcome

if TYPE_CHECKING:
    from nimbus.runs.submit import Result

_PAUSE = 2.0


def start(  # noqa: PLR0913 - one argument an option
    env: str | None,
    config: Path | None,
    release: str | None,
    scheduled_time: datetime | None,
    *,
    workers: int | None,
    wait: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Start a run in an environment, and show what became of it or where to look."""
    of = runs(assembly.environment(env, config=config))
    started = _started(of, Start(release, scheduled_time), workers, quiet=quiet or as_json)
    if isinstance(started, Started):
        _show_here(of, started, as_json=as_json)
    else:
        show_there(of, started, wait=wait, as_json=as_json)


def start_quietly(env: str | None, config: Path | None) -> dict[str, object]:
    """Start a run of what is live in an environment, and return what `--json` shows of it."""
    of = runs(assembly.environment(env, config=config))
    started = _started(of, Start(None, None), None, quiet=True)
    if not isinstance(started, Started):
        return {"execution": started, "status": "started"}
    if started.result is not None:
        return results.as_values(started.result, of.environment.root)
    return {"outcome": started.outcome.value, "run": started.run}


def _started(of: Runs, wanted: Start, workers: int | None, *, quiet: bool) -> Started | str:
    with drawing(quiet=quiet) as observer:
        return of.start(wanted, workers or assembly.cores(), observer)


def show_result(of: Runs, result: Result | str, *, wait: bool, as_json: bool) -> None:
    """Show a run that this machine has finished, or an execution in the cloud."""
    if isinstance(result, str):
        show_there(of, result, wait=wait, as_json=as_json)
    else:
        results.show(result, of.environment.root, as_json=as_json)


def show_there(of: Runs, execution: str, *, wait: bool, as_json: bool) -> None:
    """Show an execution that was started, or, having waited, how it ended."""
    name = execution.rpartition(":")[2]
    if not wait:
        if as_json:
            output.print_json({"execution": execution, "status": "started"})
        else:
            output.say(f"{output.bold('Started')} {name} in {of.environment.name}: `nimbus runs` says how it goes")
            output.print_line(name)
        return
    output.say(f"Started {name} in {of.environment.name}; waiting for its end")
    while (status := of.described(execution)).state is State.RUNNING:
        time.sleep(_PAUSE)
    decided = of.outcome(execution)
    run, outcome = (decided.run, decided.outcome.value) if decided else ("", "")
    failed = of.one(run) if status.state is not State.SUCCEEDED and of.planned(run) else None
    error = (failed and failed.error) or (decided and decided.error) or status.error
    if as_json:
        told = {"execution": execution, "status": status.state.value, "run": run, "outcome": outcome}
        done = status.state is State.SUCCEEDED and outcome in {Outcome.DONE, Outcome.FAN_OUT}
        output.print_json({**told, "error": error, **(_came_to(of, run) if done else {})})
    elif status.state is State.SUCCEEDED:
        output.say(f"{output.bold('Done')}: run {run} ({outcome})" if run else "Done: nothing was deployed yet")
        output.print_line(run)
    else:
        output.say(f"{output.bold(status.state.value.capitalize(), 'red')}: {output.printable(error or name)}")
        partly = failed is not None and failed.shards_done < failed.shards
        again = f"; `nimbus redrive {run}` does what is missing" if partly else ""
        output.say(f"`nimbus logs {run if failed else name}` shows what its tasks said{again}")
    if status.state is not State.SUCCEEDED:
        raise SystemExit(1)


def _came_to(of: Runs, run: str) -> dict[str, object]:
    """Return what a run in the cloud came to; one that readers do not see any more may have been seen before."""
    found = of.one(run)
    publication = "published" if found.standing is Standing.PUBLISHED else "replaced"
    counts = {"documents": found.documents, "quarantined": found.quarantined}
    scored = found.documents - found.quarantined
    return {"release": found.release, "publication": publication, **counts, "scored": scored}


def _show_here(of: Runs, started: Started, *, as_json: bool) -> None:
    if started.result is not None:
        results.show(started.result, of.environment.root, as_json=as_json)
        return
    if as_json:
        output.print_json({"outcome": started.outcome.value, "run": started.run})
    elif started.outcome is Outcome.PAUSED:
        output.say("Paused: scheduled runs do not begin until `nimbus unpause`.")
    else:
        output.say(f"Nothing to do: run {started.run} is done, or another process executes it.")

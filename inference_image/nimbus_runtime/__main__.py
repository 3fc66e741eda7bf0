"""`python -m nimbus_runtime`: what a container, or a supervisor, starts."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Run one entry point."""
    parser = argparse.ArgumentParser(prog="nimbus_runtime", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    worker = verbs.add_parser("worker", help="score shards for a supervisor")
    worker.add_argument("--bundle", required=True)
    worker.add_argument("--events", required=True, type=int)
    products = verbs.add_parser("gemm", help="measure both matrix products for a planner")
    products.add_argument("--bundle", required=True, type=Path)
    scoring = verbs.add_parser("serve-worker", help="score batches for a server")
    scoring.add_argument("--bundle", required=True)
    verbs.add_parser("serve", help="answer requests over HTTP", add_help=False)
    memory = verbs.add_parser("footprint", help="measure a worker's memory for a preflight")
    memory.add_argument("--bundle", required=True, type=Path)
    for name, what in {**_TASKS, **_CHECKS}.items():
        verbs.add_parser(name, help=what)
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["serve"]:
        return _serve(given[1:])
    chosen = parser.parse_args(given)
    if chosen.verb == "serve-worker":
        from nimbus_runtime.serve import scoring as serving  # noqa: PLC0415 - `--help` needs nothing of it

        serving.main(chosen.bundle)
        return 0
    if chosen.verb in _TASKS:
        return _task(chosen.verb)
    if chosen.verb in _CHECKS:
        return _check(chosen.verb)
    if chosen.verb in {"gemm", "footprint"}:
        return _measure(chosen.verb, chosen.bundle)
    from nimbus_runtime import worker as process  # noqa: PLC0415 - as above

    process.main(chosen.bundle, chosen.events)
    return 0


def _measure(what: str, bundle: Path) -> int:
    """Measure and print figures."""
    from nimbus_runtime import footprint, gemm  # noqa: PLC0415 - as above

    (gemm if what == "gemm" else footprint).main(bundle)
    return 0


_TASKS = {
    "plan": "claim and plan a run, as the environment says; do it at once where it is small",
    "score": "score shards of a planned run",
    "commit": "make the dataset of a run, and publish it",
}

_LASTING = 4

_CHECKS = {
    "self-check": "verify the bundle, score a built-in text, say what this machine and this image are",
    "health": "say whether the container's first process does what it was started for",
}


def _check(verb: str) -> int:
    """Check the image or the container; return the exit code."""
    if verb == "health":
        from nimbus_runtime import health  # noqa: PLC0415 - as above

        return 0 if health.healthy() else 1
    import os  # noqa: PLC0415 - as above

    from nimbus_runtime.contract import codec  # noqa: PLC0415 - as above
    from nimbus_runtime.self_check import self_check  # noqa: PLC0415 - as above

    checked = self_check(Path(os.environ.get("NIMBUS_BUNDLE", "/bundle")))
    sys.stdout.write(codec.encode(checked).decode())
    return 0 if checked.ok else 1


def _serve(arguments: list[str]) -> int:
    """Answer requests until told to end; return the exit code."""
    from nimbus_runtime.contract.errors import NimbusError  # noqa: PLC0415 - as above
    from nimbus_runtime.serve import log, server, settings  # noqa: PLC0415 - as above

    try:
        server.serve(settings.read_settings(arguments))
    except NimbusError as error:
        log.say("failed", **error.to_json())
        return error.exit_code
    return 0


def _task(verb: str) -> int:
    """Do what a state machine's task is for; return the exit code.

    It is 0 where that is done, or where a failure that would come again was left for the state machine, which
    tries again whatever exits otherwise. Of batches it reads the exit code: 4 where scoring would fail again.
    """
    from nimbus_runtime.contract.errors import NimbusError, RunInterruptedError  # noqa: PLC0415 - as above
    from nimbus_runtime.interrupts import interruptible  # noqa: PLC0415 - as above
    from nimbus_runtime.step_functions import StepFunctions  # noqa: PLC0415 - as above
    from nimbus_runtime.tasks import commit, failure, plan, score, settings  # noqa: PLC0415 - as above

    try:
        # Also while nothing is scored yet: the first process of a container has no other answer to SIGTERM.
        with interruptible("the next attempt goes on"):
            told = settings.read_settings()
            if verb == "plan":
                dispatch = plan.plan_task(told, StepFunctions())
                score.say("planned", run=dispatch.run, outcome=dispatch.outcome.value)
            elif verb == "score":
                score.say("scored", run=told.run, shards=score.score_task(told))
            else:
                score.say("committed_run", run=told.run, publication=commit.commit_task(told).value)
    except NimbusError as error:
        asked = {name: os.environ.get(f"NIMBUS_{name.upper()}", "") for name in ("run", "execution")}
        score.say("failed", **asked, **error.to_json())
        if isinstance(error, RunInterruptedError):
            return 143
        if verb == "score":
            return _LASTING if error.lasting else 1
        try:
            return 0 if failure.leave(verb, error) else 1
        except NimbusError as worse:
            score.say("failed", **asked, **worse.to_json())
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

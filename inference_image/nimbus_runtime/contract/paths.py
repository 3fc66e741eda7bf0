"""Where each record stands below the root of a pipeline."""

from __future__ import annotations

LIVE = "live.json"
RUNS = "runs"
RELEASES = "releases"
LEDGER = "ledger"
EVIDENCE = "evidence"
BUNDLES = "bundles"
EXECUTIONS = "executions"
BASELINES = "baselines"
LOGS = "logs"
MAP_RESULTS = "map-results"  # what Step Functions writes of the tasks that it started, by names of its own


def ledger(sequence: int) -> str:
    """Return the place of an earlier state of live.json; names sort by sequence."""
    return f"{LEDGER}/{sequence:08d}.json"


def release(name: str) -> str:
    """Return the place of a release."""
    return f"{RELEASES}/{name}.json"


def parts(name: str) -> str:
    """Return the folder of what a release brings beside its record."""
    return f"{RELEASES}/{name}"


def going(folder: str) -> str:
    """Return the place of the record that a prune has begun to remove a release or a run, by its folder."""
    return f"{folder}/going.json"


def sbom(release_name: str, processor: str) -> str:
    """Return the place of the bill of materials of a release's image for a processor, in CycloneDX."""
    return f"{parts(release_name)}/sbom.{processor}.cdx.json"


def bundle(digest: str) -> str:
    """Return the folder that keeps a release's bundle where a root is a directory."""
    return f"{BUNDLES}/{digest}"


def evidences(release_name: str) -> str:
    """Return the folder of what was found out about a release."""
    return f"{EVIDENCE}/{release_name}"


def evidence(release_name: str, kind: str, time: str) -> str:
    """Return the place of one finding; names of a kind sort by time."""
    return f"{evidences(release_name)}/{kind}-{time}.json"


def run(name: str) -> str:
    """Return the folder of a run."""
    return f"{RUNS}/{name}"


def plan(run: str) -> str:
    """Return the place of a run's plan."""
    return f"{RUNS}/{run}/plan.json"


def dataset(run: str) -> str:
    """Return the place of a finished run's record."""
    return f"{RUNS}/{run}/run.json"


def claim(run: str, attempt: int) -> str:
    """Return the place of the claim that an attempt begins with: the plan, for the first."""
    return plan(run) if attempt == 1 else f"{RUNS}/{run}/claims/{attempt:04d}.json"


def attempt_end(run: str, attempt: int) -> str:
    """Return the place of the record of how an attempt ended."""
    return f"{RUNS}/{run}/attempts/{attempt:04d}.json"


def commits(run: str, release_name: str) -> str:
    """Return the folder of a release's commit records in a run."""
    return f"{RUNS}/{run}/commits/{release_name}"


def commit(run: str, release_name: str, shard: int) -> str:
    """Return the place of a shard's commit record; names sort by shard."""
    return f"{commits(run, release_name)}/{shard:07d}.json"


def canary(run: str) -> str:
    """Return the place of the verdict on a run's candidate."""
    return f"{RUNS}/{run}/canary.json"


def data(run: str, file: str) -> str:
    """Return the place of a data file."""
    return f"{RUNS}/{run}/data/{file}"


def baseline(name: str) -> str:
    """Return the place of what runs are compared with."""
    return f"{BASELINES}/{name}.json"


def baseline_data(file: str) -> str:
    """Return the place of a baseline's sample."""
    return f"{BASELINES}/data/{file}"


def begun(execution: str) -> str:
    """Return the place of the record of when an execution first asked for a run."""
    return f"{EXECUTIONS}/{execution}/begun.json"


SECOND = "second/"  # what is done after a candidate was dropped


def dispatch(execution: str, turn: str = "") -> str:
    """Return the place of what was decided for an execution."""
    return f"{EXECUTIONS}/{execution}/{turn}dispatch.json"


def batches(execution: str, turn: str = "") -> str:
    """Return the place of the batches that an execution's tasks score."""
    return f"{EXECUTIONS}/{execution}/{turn}map.json"


def paused(run: str) -> str:
    """Return the place of the record that a run was due while its pipeline was paused."""
    return dispatch(f"paused-{run}")


def failure(execution: str) -> str:
    """Return the place of the record of a failure to commit that would come again."""
    return f"{EXECUTIONS}/{execution}/failure.json"


def logs(run: str) -> str:
    """Return the folder of what a run's attempts on one machine have logged, which is no record."""
    return f"{LOGS}/{run}"


def log(run: str, attempt: int) -> str:
    """Return the place of an attempt's log: one JSON object a line."""
    return f"{logs(run)}/{attempt:04d}.jsonl"

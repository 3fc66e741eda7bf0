"""State machines in the Amazon States Language: which states there are, and where each leads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

State = dict[str, Any]
ENDS = {"Succeed", "Fail"}


def targets(state: State) -> list[str]:
    """Return the names that a state leads to."""
    found = [state[key] for key in ("Next", "Default") if key in state]
    found += [choice["Next"] for choice in state.get("Choices", [])]
    return found + [catch["Next"] for catch in state.get("Catch", [])]


def machines(machine: State) -> Iterator[State]:
    """Yield a machine and those inside its maps."""
    yield machine
    for state in machine["States"].values():
        if "ItemProcessor" in state:
            yield from machines(state["ItemProcessor"])


def reached(machine: State) -> set[str]:
    """Return the names that can be reached from the start."""
    seen: set[str] = set()
    waiting = [machine["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name not in seen and name in machine["States"]:
            seen.add(name)
            waiting += targets(machine["States"][name])
    return seen


def faults(machine: State) -> list[str]:
    """Return what AWS would refuse, and what would wait for ever or retry in step."""
    found = []
    names = [name for each in machines(machine) for name in each["States"]]
    found += [f"{name}: twice" for name in set(names) if names.count(name) > 1]
    for each in machines(machine):
        found += [f"{name}: never reached" for name in set(each["States"]) - reached(each)]
        for name, state in each["States"].items():
            found += [f"{name}: leads to {target}" for target in targets(state) if target not in each["States"]]
            found += [f"{name}: {fault}" for fault in _faults_of(state)]
    return sorted(found)


def _faults_of(state: State) -> Iterator[str]:
    leads_on = ("Next" in state) + ("End" in state)
    if state["Type"] == "Choice":
        if "Default" not in state:
            yield "no default"
    elif leads_on != (state["Type"] not in ENDS):
        yield "neither ends nor leads on, or both"
    if state["Type"] == "Task":
        yield from _faults_of_task(state)


def _faults_of_task(state: State) -> Iterator[str]:
    if "TimeoutSeconds" not in state:
        yield "waits for ever"
    retries = state.get("Retry", [])
    if not retries:
        yield "is not tried again"
    for retry in retries:
        if retry.get("JitterStrategy") != "FULL" or "MaxDelaySeconds" not in retry:
            yield "is tried again in step with others"
        if "States.ALL" in retry["ErrorEquals"] and retry is not retries[-1]:
            yield "a wildcard that is not the last"

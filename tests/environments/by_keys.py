"""The life of a release in the terminal interface, on AWS: a step a function, each by keys alone."""

from __future__ import annotations

import json

from nimbus_runtime.contract import paths
from nimbus_tui.widgets.table import Table
from tests.faults import command
from tests.tui.driving import Driven

from .desk import CloudDesk

LEFT = """
[gate.canary]
max_slowdown = 1000000

[drift]
documents = 50

[loadtest.profiles.brief]
shape = "steady"
rate = 2.0
seconds = 4.0
"""
"""What the project says besides: so little work is start-up, not speed."""
_FILES, _DOCUMENTS = 12, 20


async def life(desk: CloudDesk, driven: Driven) -> None:
    """Go through all of it."""
    _write_inputs(desk)
    await driven.until("in cloud", "Nothing is deployed here yet")
    v1 = await _deploy_the_first(desk, driven)
    first = await _run(desk, driven)
    await _look_into_it(driven)
    await _see_an_alarm(desk, driven)
    await _make_a_baseline(driven)
    v2 = await _deploy_a_candidate(desk, driven)
    assert desk.live().release == v1
    await _give_it_a_share(desk, driven, v2)
    await _promote(desk, driven, v2)
    second = await _run(desk, driven)
    await _roll_back_and_forth(desk, driven, (v1, first), (v2, second))
    await _put_it_under_load(driven)
    await driven.press("8")
    await driven.until("Command log", "nimbus deploy", "--candidate", "nimbus rollback", "Rolled back to")


def _write_inputs(desk: CloudDesk) -> None:
    bucket = desk.outputs["root"].removeprefix("s3://").partition("/")[0]
    s3 = desk.aws.client("s3")
    s3.delete_object(Bucket=bucket, Key="inputs/mails.jsonl")
    for file in range(_FILES):
        mails = [{"id": f"{file}-{n}", "text": f"Anna had a late order from Berlin {n}"} for n in range(_DOCUMENTS)]
        given = [*mails, {"id": "[red]no text[/]\u202e", "text": 5}] if file == 0 else mails
        body = "".join(json.dumps(mail) + "\n" for mail in given)
        s3.put_object(Bucket=bucket, Key=f"inputs/{file:02d}.jsonl", Body=body.encode())


async def _deploy_the_first(desk: CloudDesk, driven: Driven) -> str:
    """Its reason is typed, stands in the command line, and stays in the history."""
    desk.build()
    await driven.press("2")
    await driven.until("Nothing was ever live here")
    await driven.press("D")
    await driven.asked("Deploy en_support to cloud", "compile", "register", "nimbus deploy")
    await driven.press("shift+tab", *"first", "enter")
    await driven.agree("--reason")
    await driven.until("deploy to cloud", "preflight", "promote", "✓ done")
    await driven.press("escape")
    release = desk.live().release
    await driven.until("Ledger", "first", f"Release {release[:12]}")
    assert desk.live().entry.reason == "first"
    return release


async def _run(desk: CloudDesk, driven: Driven) -> str:
    """Start one, and wait until readers see it."""
    before = desk.live().dataset
    await driven.press("3")
    await driven.until("Runs")
    await driven.press("S")
    await driven.agree("Start a run in cloud", "nimbus run")
    await driven.until("run in cloud", "✓ done")
    await driven.press("escape")
    await driven.eventually(lambda: desk.live().dataset != before)
    run = desk.live().dataset or ""
    await driven.press("r", "g")
    await driven.until(f"Run {run[:12]}", f"{_FILES} of {_FILES}", "● published")
    return run


async def _look_into_it(driven: Driven) -> None:
    """Shards with what each came to, what was set aside, what tasks said, and what it has cost."""
    await driven.until("cost", "$", "1 (0.4 %)")
    await driven.press("s")
    await driven.until("Shards", "00.jsonl", "█" * _FILES)
    await driven.press("o")
    await driven.until("Set aside", "wrong-type", "[red]no text[/]\\u202e")
    await driven.press("l")
    await driven.until("Logs", "committed")
    await driven.press("i")


async def _see_an_alarm(desk: CloudDesk, driven: Driven) -> None:
    """Terraform's alarms are all there and quiet; one that is raised is in sight on the first line, and says where."""
    cloudwatch = desk.aws.client("cloudwatch")
    name = f"{desk.outputs['schedule'].partition('/')[0]}-quarantine"
    await driven.press("1")
    await driven.until("all quiet")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    told = command.nimbus("alarms", "--json", "--env", desk.env, "--config", desk.folder)
    assert (told.code, told.json["alarms"][0]["name"], told.json["alarms"][0]["state"]) == (3, "quarantine", "raised")
    await driven.press("r")
    await driven.until("· alarm quarantine", "Alarm quarantine since", "enter opens", "raised: quarantine")
    await driven.press("tab", "enter")
    await driven.until("Alarm quarantine: what to do", "nimbus dataset --quarantined", "enter opens Runs")
    await driven.press("escape")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="a test")
    await driven.press("r")
    await driven.until("all quiet", gone="Alarm quarantine since")


async def _make_a_baseline(driven: Driven) -> None:
    """Then each feature has its verdict and its distribution."""
    await driven.press("4")
    await driven.until("b makes a baseline of the published run")
    await driven.press("b")
    await driven.agree("Make a baseline in cloud")
    await driven.until("drift baseline", "✓ done")
    await driven.press("escape")
    await driven.until("length in characters", "then", "now", "No drift")


async def _deploy_a_candidate(desk: CloudDesk, driven: Driven) -> str:
    """Leave what is live by the key o: it ends with shadow and gate."""
    before = set(desk.store.names("releases"))
    desk.retrain("2.0.0")
    desk.build()
    await driven.press("2", "D")
    await driven.asked("Deploy en_support to cloud", "shadow", "o registers a candidate only")
    await driven.press("o")
    await driven.agree("--candidate", "o makes it live in the end")
    await driven.until("deploy to cloud", "shadow", "gate", gone="going for")
    await driven.press("escape")
    (release,) = set(desk.store.names("releases")) - before
    return release.removesuffix(".json")


async def _give_it_a_share(desk: CloudDesk, driven: Driven, release: str) -> None:
    """Half of the next run's shards are its; how they did stands with the release."""
    await driven.until("Releases", "2")
    await driven.press("tab", "down")
    await driven.until(f"Release {release[:12]}", "Against what is live")
    await driven.press("C")
    await driven.until("Canary of", "is the promotion itself")
    await driven.press("down", "down", "enter")
    await driven.agree("Canary in cloud", "Give it 50 %", "--canary 50")
    await driven.until("canary 50 %", "50 % of the shards, the rest is by")
    run = await _run(desk, driven)
    owners = desk.store.names(f"{paths.RUNS}/{run}/commits")
    assert release in owners
    await driven.until("than quoted")
    await driven.press("2")
    await driven.until("Ledger", "publish")
    await driven.press("tab")
    await driven.until(f"Release {release[:12]}", "Canary  50 %", run, "kept")


async def _promote(desk: CloudDesk, driven: Driven, release: str) -> None:
    await driven.press("P")
    await driven.agree("Promote in cloud", "stays until the next run publishes")
    await driven.until("is live.")
    assert desk.live().release == release


async def _roll_back_and_forth(desk: CloudDesk, driven: Driven, back: tuple[str, str], forth: tuple[str, str]) -> None:
    """Release and data go together, there and back."""
    await driven.press("R")
    await driven.asked("Roll back in cloud", "from", "to", f"{_FILES * _DOCUMENTS} documents")
    await driven.press("shift+tab", *"worse", "enter")
    await driven.agree("--reason")
    await driven.until("Rolled back to", "Press u to undo")
    assert (desk.live().release, desk.live().dataset, desk.live().entry.reason) == (*back, "worse")
    await driven.press("u")
    await driven.agree("Undo in cloud")
    await driven.until("Runs", gone="Undo in cloud")
    await driven.eventually(lambda: (desk.live().release, desk.live().dataset) == forth)


async def _put_it_under_load(driven: Driven) -> None:
    """See what its seconds came to, and find its result beside the release."""
    await driven.press("5")
    await driven.until("brief", "No load test is kept")
    await driven.press("G", "enter")
    await driven.agree("Load test in cloud", "nimbus loadtest")
    await driven.until("Results by release", "brief: done", "p95", "documents/s")
    await driven.eventually(lambda: len(driven.app.screen.query_one("#results", Table).keys) == 1)

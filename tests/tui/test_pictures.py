"""Pictures of screens on made-up answers: what they show changes only when somebody means it to.

After a change that was meant: python -m pytest tests/tui/test_pictures.py --snapshot-update, and look at each.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from textual import on
from textual.app import App, ComposeResult
from textual.containers import Container
from textual.widgets import Footer

from nimbus.releases.diff import Difference
from nimbus.runs.overview import Overview, Standing
from nimbus_tui import app as shipped
from nimbus_tui.api.infrastructure import Plan, Resource, WhatStands, WhatWouldChange
from nimbus_tui.api.infrastructure import Standing as Environment
from nimbus_tui.api.proposals import Done, Proposal, Way
from nimbus_tui.api.runs import Listed, Quoted, WhatQuoted, WhichRuns
from nimbus_tui.api.session import Session
from nimbus_tui.messages import Answered, Ask
from nimbus_tui.screens.infrastructure.screen import Infrastructure
from nimbus_tui.screens.runs.screen import Runs
from nimbus_tui.screens.section import Section
from nimbus_tui.themes import THEMES
from nimbus_tui.widgets.confirm import Confirm

NOW = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
LOOKS = [((80, 24), "nimbus-dark"), ((120, 36), "nimbus-light")]
RUNS = (
    Overview(
        "20261127T020000Z", Standing.RUNNING, "scheduled", "2026-11-27T02:00:00Z", "support-2.1.0-0f3a", "manual-1",
        started="2026-11-27T09:12:00+00:00", shards=8, shards_done=3, documents=31_250, quarantined=12,
        reasons={"missing-text": 9, "wrong-type": 3}, documents_a_second=212.5, eta=245.0, worker_seconds=147.0,
    ),
    Overview(
        "20261126T020000Z", Standing.PUBLISHED, "scheduled", "2026-11-26T02:00:00Z", "support-2.1.0-0f3a", "daily-2",
        started="2026-11-26T02:00:09+00:00", ended="2026-11-26T02:06:41+00:00", shards=8, shards_done=8,
        documents=83_412, quarantined=31, documents_a_second=213.0, worker_seconds=391.0,
    ),
    Overview(
        "20261125T020000Z", Standing.FAILED, "scheduled", "2026-11-25T02:00:00Z", "support-2.0.3-91bc", "daily-1",
        started="2026-11-25T02:00:07+00:00", shards=8, shards_done=5, documents=52_007, error="out of memory",
    ),
)  # fmt: skip
PLAN = Plan(
    (
        Resource("module.pipeline", "aws_ecs_task_definition.template", "replace", (("memory", "4096", "8192"),)),
        Resource("module.pipeline", "aws_s3_bucket_policy.this", "update", (("policy", "{…}", "{…, Deny}"),)),
        Resource("module.observability", 'aws_cloudwatch_metric_alarm.this["drift"]', "create"),
    ),
    (("create", 1), ("change", 1), ("replace", 1), ("destroy", 0)),
    "2026-11-27T09:29:00+00:00",
)
ANSWERS: dict[type, object] = {
    WhichRuns: Listed(tuple(run.run for run in RUNS), {run.run: run for run in RUNS}, price=0.000_011),
    WhatQuoted: Quoted(0.0041, "load test ramp of 2026-11-20"),
    WhatStands: Environment(
        "staging", "aws", "s3://acme/support", "eu-west-1", (("cluster", "arn:aws:ecs:eu-west-1:1:cluster/s"),), ()
    ),
    WhatWouldChange: PLAN,
}
ROLLBACK = Proposal(
    title="Roll back in production",
    verb="Roll back",
    command=("nimbus", "rollback", "--env", "production"),
    perform=lambda _reason: Done("done"),
    facts=(("environment", "production · eu-west-1"), ("from", "support-2.1.0-0f3a"), ("to", "support-2.0.3-91bc")),
    differences=(("The releases", (Difference("precision", "int8", "fp32"), Difference("labels.ner", "A, B", "A"))),),
    typed="production",
    reasoned=True,
    ways=(Way("d", "keeps the data of now, and takes the release alone back", WhichRuns()),),  # type: ignore[arg-type]
)


class Still(Session):
    """A session whose clock stands."""

    @property
    def now(self) -> datetime:
        """Return the same time always."""
        return NOW


class Stage(App[None]):
    """Shows one screen as the app does, and answers what it asks."""

    CSS_PATH = str(Path(shipped.__file__).parent / "nimbus.tcss")
    AUTO_FOCUS = None
    HORIZONTAL_BREAKPOINTS = shipped.NimbusApp.HORIZONTAL_BREAKPOINTS
    VERTICAL_BREAKPOINTS = shipped.NimbusApp.VERTICAL_BREAKPOINTS

    def __init__(self, shown: type[Section], theme: str) -> None:
        """Show a screen in a theme."""
        super().__init__()
        self._shown = shown(Still(Path("nimbus.toml"), "staging"), id="section")
        for known in THEMES:
            self.register_theme(known)
        self.theme = theme

    def compose(self) -> ComposeResult:
        """Draw the screen, and its keys."""
        with Container(id="sections"):
            yield self._shown
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Begin as a screen does that comes into sight."""
        self._shown.frozen = True
        self._shown.open()

    @on(Ask)
    def answer(self, event: Ask) -> None:
        """Answer with what was made up."""
        event.asker.post_message(Answered(event.question, ANSWERS[type(event.question)]))


@pytest.mark.parametrize(("size", "theme"), LOOKS)
def test_runs_look_as_they_did(snap_compare: Callable[..., bool], size: tuple[int, int], theme: str) -> None:
    """One that goes, one that is published, one that failed; what the selected one has cost so far."""
    assert snap_compare(Stage(Runs, theme), terminal_size=size)


@pytest.mark.parametrize(("size", "theme"), LOOKS)
def test_a_plan_looks_as_it_did(snap_compare: Callable[..., bool], size: tuple[int, int], theme: str) -> None:
    """Resources below their modules, each with its sign; the selected one with what changes of it."""
    assert snap_compare(Stage(Infrastructure, theme), press=["n", "j"], terminal_size=size)


@pytest.mark.parametrize(("size", "theme"), LOOKS)
def test_a_rollback_looks_as_it_did(snap_compare: Callable[..., bool], size: tuple[int, int], theme: str) -> None:
    """Facts, differences, the other way, the name to type, Cancel under the cursor, and the command."""

    async def propose(pilot: object) -> None:
        await pilot.app.push_screen(Confirm(ROLLBACK))  # type: ignore[attr-defined]
        await pilot.pause(0.3)  # type: ignore[attr-defined]

    assert snap_compare(Stage(Runs, theme), run_before=propose, terminal_size=size)

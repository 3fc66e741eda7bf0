"""Rules of what is drawn of values: load tests beside each other, shards in a line, costs against quotes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from nimbus.runs.overview import Overview, Standing
from nimbus.runs.shards import Shards
from nimbus_tui import figures
from nimbus_tui.api.loadtests import Result
from nimbus_tui.api.overview import State, Timing
from nimbus_tui.api.runs import Quoted, ordered
from nimbus_tui.screens.loadtests import drawing as loads
from nimbus_tui.screens.overview import drawing as overview
from nimbus_tui.screens.runs import drawing as runs

NOW = datetime(2026, 11, 27, tzinfo=UTC)
RESULT = Result("v1", "2026-11-26", "ok", "steady", "", (), 100.0, 10.0, 50.0, 80.0, 0.0, 4e8)
RUN = Overview("20261127T020000Z", Standing.PUBLISHED, release="v1", documents=1000, worker_seconds=150.0)


def test_what_changed_keeps_what_it_became_where_room_is_short() -> None:
    """What was before goes first, then releases' names get short; their versions stay."""
    told = "candidate none → en_support-2.2.0-5d0c9be1f7a3 at 25 % · dataset 20261124T020000Z → 20261126T020000Z"
    assert overview.changed(told, 120) == told
    assert overview.changed(told, 84).startswith("candidate → en_support-2.2.0-5d0c9be1f7a3 at 25 % · dataset → 2026")
    assert overview.changed(told, 66) == "candidate → en_su…-2.2.0-5d0c at 25 % · dataset → 20261126T020000Z"
    assert (
        overview.changed("release en-1.0-aaaaaaaaaaaa → en-2.0-bbbbbbbbbbbb", 22).rstrip() == "release → en-2.0-bbbbb"
    )


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.04, "0.0 s"),
        (9.96, "10 s"),
        (59.7, "1 min 0 s"),
        (119.6, "2 min 0 s"),
        (3_599.8, "1 h 0 min"),
        (7_199.6, "2 h 0 min"),
        (172_799.9, "2 days"),
    ],
)
def test_a_duration_never_has_sixty_of_a_unit(seconds: float, told: str) -> None:
    """It is rounded before it is told apart."""
    assert figures.duration(seconds) == told


def test_an_execution_without_a_plan_stands_where_it_began() -> None:
    """Among all runs, of which only the latest were looked at."""
    names = [f"202611{day:02d}T020000Z" for day in range(1, 28)]
    run = Overview("", Standing.FAILED)
    latest = [(names[-1], replace(run, run=names[-1])), ("exec-2", run), (names[-2], replace(run, run=names[-2]))]
    assert ordered(names, latest)[:3] == (names[-1], "exec-2", names[-2])
    assert ordered(names, [*latest, ("exec-1", run)])[:4] == (names[-1], "exec-2", names[-2], "exec-1")
    assert ordered([], [("exec-1", run)]) == ("exec-1",)
    assert len(ordered(names, latest)) == 28


def test_when_runs_are_due_is_told_in_the_zone_of_the_schedule() -> None:
    """With its name, or in few letters where there is no room; how far off it is goes before that."""
    berlin = ZoneInfo("Europe/Berlin")
    due = tuple(datetime(2026, month, 28, 2, tzinfo=berlin) for month in (7, 12))
    timing = Timing("cron(0 2 * * ? *)", "Europe/Berlin", due)
    state = State(None, None, (), (), timing, ())

    def told(width: int) -> list[str]:
        return [line.split(maxsplit=1)[1] for line in overview.runs(state, NOW, width).plain.splitlines()[:2]]

    assert told(80)[1] == "Mon 28 Dec 02:00 Europe/Berlin  in 31 d"
    assert told(45) == ["Tue 28 Jul 02:00 CEST  in 0 s", "Mon 28 Dec 02:00 CET  in 31 d"]
    assert told(32)[1] == "Mon 28 Dec 02:00 CET"


def test_two_load_tests_stand_beside_each_other_with_what_changed() -> None:
    """Figures of both, and the change as a share; what none has measured is a dash."""
    after = replace(RESULT, release="v2[red]", outcome="missed", documents_per_second=120.0, p99=96.0, memory=None)
    lines = loads.comparison(RESULT, after, 70).plain.splitlines()
    told = {line.split()[0]: " ".join(line.split()[1:]) for line in lines}
    assert told["release"] == "v1 v2[red]"
    assert told["is"] == "ok missed"
    assert told["documents/s"] == "100 120 +20 %"
    assert told["p99"] == "80 ms 96 ms +20 %"
    assert told["failed"] == "0 % 0 %"
    assert "%" not in told["memory"]
    assert max(map(len, lines)) <= 70


def test_better_and_worse_differ_in_tone() -> None:
    """More documents a second is better, more milliseconds is worse."""
    shown = loads.comparison(RESULT, replace(RESULT, documents_per_second=120.0, p50=20.0), 70)
    tones = {shown.plain[span.start : span.end]: str(span.style) for span in shown.spans}
    assert tones["+20 %"] != tones["+100 %"]


def test_a_run_of_very_many_shards_is_one_line() -> None:
    """A cell is a shard, or as many as must be: all done, some, none."""
    few = Shards("r", 4, frozenset({0, 2}))
    assert runs.shard_map(few, 40).plain == "█░█░"
    many = Shards("r", 100_000, frozenset(range(25_001)))
    assert runs.shard_map(many, 40).plain == "█" * 10 + "▒" + "░" * 29


def test_a_run_tells_what_it_cost_against_what_was_quoted() -> None:
    """In the currency of the prices on AWS, in workers' time elsewhere; its own speed is no quote of it."""
    quoted = Quoted(0.1, "load test ramp of 2026-11-20")
    assert "0.1500 EUR" in "\n".join(line.plain for line in runs.details(RUN, NOW, 80, str, (0.001, "EUR"), quoted))
    dollars = runs.details(RUN, NOW, 80, str, (0.001, "USD"), quoted)
    told = "\n".join(line.plain for line in dollars)
    assert "0.1500 $" in told
    assert "0.1000 $: 50 % more than quoted" in told
    assert "load test ramp of 2026-11-20" in told
    local = "\n".join(line.plain for line in runs.details(RUN, NOW, 80, str, (None, ""), quoted))
    assert "$" not in local
    assert "1 min 40 s: 50 % more than quoted" in local
    itself = replace(quoted, source=f"run {RUN.run}; memory estimated from the bundle's size")
    assert "quoted" not in "\n".join(line.plain for line in runs.details(RUN, NOW, 80, str, (0.001, "USD"), itself))

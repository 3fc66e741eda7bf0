"""`nimbus schedule start`: what is due is run here, by processes of their own."""

from __future__ import annotations

import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nimbus_runtime.contract import paths
from tests.environments.conftest import NIMBUS_TOML
from tests.environments.environment import TEXTS, Local
from tests.faults import bundles, command


def test_what_was_due_while_nothing_looked_is_made_up_for(foreign: bundles.Built, tmp_path: Path) -> None:
    """After days without it, the latest due run is run once, and SIGTERM ends the schedule."""
    due = (datetime.now(UTC) + timedelta(hours=12)).replace(second=0, microsecond=0)
    toml = NIMBUS_TOML.replace("cron(0 2 ", f"cron({due.minute} {due.hour} ")
    (tmp_path / "nimbus.toml").write_text(toml, encoding="utf-8")
    environment = Local(tmp_path, foreign)
    environment.write_inputs(TEXTS)
    environment.deploy()
    latest = due - timedelta(days=1)
    first = environment.run("--scheduled-time", f"{latest - timedelta(days=3):%Y-%m-%dT%H:%M:%SZ}")["run"]
    process = environment.start("schedule start", "--json")
    command.wait_until(lambda: environment.latest().get("run") != first, "the latest due run begins")
    command.wait_until(lambda: environment.latest()["standing"] == "published", "it is published")
    process.send_signal(signal.SIGTERM)
    done = command.ended(process)
    assert done.code == 143, done.err
    assert environment.store.names(paths.RUNS) == [first, f"{latest:%Y%m%dT%H%M%SZ}"]


def test_the_next_due_times_are_shown_as_clocks_show_them(foreign: bundles.Built, tmp_path: Path) -> None:
    """In the schedule's own time zone for people, in UTC for programs."""
    (tmp_path / "nimbus.toml").write_text(NIMBUS_TOML + 'time_zone = "Asia/Kolkata"\n', encoding="utf-8")
    environment = Local(tmp_path, foreign)
    environment.deploy()
    shown = environment.nimbus("schedule show", "-n", "2").out.splitlines()
    assert [line[11:] for line in shown] == ["02:00:00 IST"] * 2
    assert all(time.endswith("T20:30:00Z") for time in environment.json("schedule show")["upcoming"])

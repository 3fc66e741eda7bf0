"""Rules of rolling back by one key, on an environment that was really built."""

from __future__ import annotations

import json
from pathlib import Path

from nimbus_tui.api.session import Session
from tests.tui.conftest import nimbus, write_project
from tests.tui.driving import Driven, drive


def live(project: Path) -> dict[str, object]:
    """Return what is live."""
    state: dict[str, object] = json.loads((project / ".nimbus/local/live.json").read_text())
    return state


def test_r_shows_the_way_back_and_enter_alone_changes_nothing(project: Path) -> None:
    """The dialog names environment, both releases and the data, shows the diff, and stands on Cancel."""
    before = live(project)

    async def flow(driven: Driven) -> None:
        await driven.until("● en_support")
        await driven.press("R")
        await driven.asked("Roll back in local", "from", "to", "60 documents", "max_quarantine", "Cancel")
        assert "nimbus rollback" in driven.screen
        await driven.press("enter")
        await driven.until("Latest changes", gone="Roll back in local")

    drive(Session(config=project / "nimbus.toml"), flow)
    assert live(project) == before


def test_a_rollback_and_its_undo_take_release_and_data_there_and_back(project: Path) -> None:
    """One key, one word of agreement; u takes it back, and u again takes that back."""
    before = live(project)

    async def flow(driven: Driven) -> None:
        await driven.until("● en_support")
        await driven.press("R")
        await driven.asked("Roll back in local")
        await driven.press("right", "enter")
        await driven.until("Rolled back to", "Press u to undo")
        assert live(project)["release"] == before["previous"]
        assert live(project)["dataset"] == before["datasets"][before["previous"]]  # type: ignore[index]
        await driven.press("u")
        await driven.asked("Undo in local")
        await driven.press("right", "enter")
        await driven.until("rollback", gone="Undo in local")
        assert (live(project)["release"], live(project)["dataset"]) == (before["release"], before["dataset"])
        await driven.press("u")
        await driven.asked("Undo in local")
        await driven.press("right", "enter")
        await driven.until("rollback", gone="Undo in local")
        assert live(project)["release"] == before["previous"]

    drive(Session(config=project / "nimbus.toml"), flow)


def test_a_rollback_can_keep_the_data(project: Path) -> None:
    """The key d takes the release alone back, and the command line that is shown says so; so does its undo."""
    before = live(project)

    async def flow(driven: Driven) -> None:
        await driven.until("● en_support")
        await driven.press("R")
        await driven.asked("Roll back in local", "takes the release alone back")
        await driven.press("d")
        await driven.asked("stays as it is", "--keep-data", "takes the data back, too")
        await driven.press("right", "enter")
        await driven.until("Rolled back to", "Press u to undo")
        assert (live(project)["release"], live(project)["dataset"]) == (before["previous"], before["dataset"])
        await driven.press("u")
        await driven.asked("Undo in local", "--keep-data")
        await driven.press("right", "enter")
        await driven.until("rollback", gone="Undo in local")
        assert (live(project)["release"], live(project)["dataset"]) == (before["release"], before["dataset"])

    drive(Session(config=project / "nimbus.toml"), flow)


def test_an_undo_gives_readers_back_what_they_saw_also_where_the_release_never_ran(project: Path) -> None:
    """The dataset that a new release took over from the one before it is not lost on the way there and back."""
    write_project(project, 0.3)
    nimbus(project, "deploy", "--yes", "--no-gate")
    before = live(project)

    async def flow(driven: Driven) -> None:
        await driven.until("● en_support")
        await driven.press("R")
        await driven.agree("Roll back in local")
        await driven.until("Rolled back to", "Press u to undo")
        for release in (before["release"], before["previous"]):
            await driven.press("u")
            await driven.agree("Undo in local", "stays as it is", "--keep-data")
            await driven.eventually(lambda wanted=release: live(project)["release"] == wanted)  # type: ignore[misc]
            await driven.until("Latest changes", gone="Undo in local")
            assert live(project)["dataset"] == before["dataset"]

    drive(Session(config=project / "nimbus.toml"), flow)


def test_a_protected_environment_wants_its_name_typed(project: Path) -> None:
    """It can be typed at once, and until the very name stands there, there is no button to press."""
    before = live(project)

    async def flow(driven: Driven) -> None:
        await driven.until("staging", "protected")
        await driven.press("R")
        await driven.asked("Type its name")
        await driven.press(*"stagin", "enter")
        assert live(project) == before
        await driven.press("g", "enter", "enter")
        await driven.until("Rolled back to")

    drive(Session(config=project / "nimbus.toml", env="staging"), flow)
    assert live(project)["release"] == before["previous"]


def test_read_only_changes_nothing(project: Path) -> None:
    """The key says so, and no dialog opens."""
    before = live(project)

    async def flow(driven: Driven) -> None:
        await driven.until("read-only", "● en_support")
        await driven.press("R", "u", "D", "S")
        await driven.pilot.pause(0.5)
        assert "Roll back in" not in driven.screen
        assert len(driven.app.screen_stack) == 1

    drive(Session(config=project / "nimbus.toml", read_only=True), flow)
    assert live(project) == before


def test_who_came_first_is_told(project: Path) -> None:
    """What was decided on an older state is not done, and the other's name is shown."""

    async def flow(driven: Driven) -> None:
        await driven.until("● en_support")
        await driven.press("R")
        await driven.asked("Roll back in local")
        from nimbus import assembly, releasing  # noqa: PLC0415 - somebody else's

        environment = assembly.environment("local", config=project / "nimbus.toml")
        releasing.apply_rollback(environment, releasing.plan_rollback(environment))
        await driven.press("right", "enter")
        await driven.until("somebody else has changed what is live", "rollback by")

    drive(Session(config=project / "nimbus.toml"), flow)

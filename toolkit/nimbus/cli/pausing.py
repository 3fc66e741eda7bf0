"""What `nimbus pause` and `nimbus unpause` share."""

from __future__ import annotations

from pathlib import Path

from nimbus import assembly
from nimbus.cli import output


def set_flag(env: str | None, config: Path | None, reason: str, *, paused: bool, as_json: bool) -> None:
    """Set the flag and say what it means now."""
    from nimbus.assembly.runs import pause  # noqa: PLC0415 - not needed for --help

    environment = assembly.environment(env, config=config)
    state, changed = pause(environment, reason, paused=paused)
    if as_json:
        output.print_json({"environment": environment.name, "paused": state.paused, "changed": changed})
        return
    word = "paused" if paused else "not paused"
    output.say(f"The schedule of {environment.name} is {word if changed else f'{word} already'}.")

"""`nimbus logs`: what a run's tasks have said."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from nimbus import assembly
from nimbus.cli import options, output


@click.command("logs")
@click.argument("run")
@options.of_project
@click.option("--follow", "-f", is_flag=True, help="Go on until the run has ended.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, each with time, source and text.")
def command(run: str, env: str | None, config: Path | None, *, follow: bool, as_json: bool) -> None:
    """Show what the tasks of RUN have said, in the order of time. No line holds a document's text."""
    from nimbus.assembly.runs import runs  # noqa: PLC0415 - not needed for --help

    for line in runs(assembly.environment(env, config=config)).logs(run, follow=follow):
        time = datetime.fromtimestamp(line.time / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        if as_json:
            click.echo(json.dumps({"time": time, "source": line.source, "text": line.text}, ensure_ascii=False))
        else:
            click.echo(f"{time[:19]}Z {line.source.rpartition('/')[2][:12]:<12} {_in_words(line.text)}")


def _in_words(text: str) -> str:
    """Return a line of a task as words: its event, and what goes with it."""
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    if not isinstance(said, dict) or "event" not in said:
        return output.printable(text)
    parts = [f"{name}={value}" for name, value in said.items() if name not in {"event", "time", "run"}]
    return output.printable(" ".join([str(said["event"]), *parts]))

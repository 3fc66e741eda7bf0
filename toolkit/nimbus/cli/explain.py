"""`nimbus explain`: where a row comes from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nimbus import assembly, releasing
from nimbus.cli import options, output, shown

if TYPE_CHECKING:
    from nimbus.runs.explain import Lineage


@click.command("explain")
@click.argument("run")
@click.argument("document", metavar="ID")
@options.of_project
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def command(run: str, document: str, env: str | None, config: Path | None, *, as_json: bool) -> None:
    """Trace the row of document ID in RUN back to its release, bundle, image and input.

    A document that was set aside is traced too, with its reason; of a run that is not finished, or failed, one of
    the shards that it has committed. No text is shown.
    """
    environment = assembly.environment(env, config=config)
    found = releasing.explain(environment, run, document)
    if as_json:
        output.print_json({"environment": environment.name, "rows": [as_object(item) for item in found]})
        return
    for item in found:
        for name, value in as_object(item).items():
            for key, inner in value.items() if isinstance(value, dict) else [("", value)]:
                if inner is not None:
                    click.echo(f"{f'{name} {key}'.strip():<20} {shown.cell(str(inner))}")
        click.echo()


def as_object(found: Lineage) -> dict[str, Any]:
    """Return a lineage for a program; nothing of the document's text."""
    release, plan, run = found.release, found.plan, found.run
    outcome: dict[str, Any] = {"input_hash": found.row["input_hash"]} if found.row else {}
    if found.quarantine is not None:
        outcome = {key: found.quarantine[key] for key in ("reason", "detail", "position")}
    return {
        "id": found.document,
        "outcome": "scored" if found.row is not None else "quarantined",
        "document": outcome,
        "run": {
            "name": run.run,
            "kind": plan.kind.value,
            "scheduled": run.scheduled_time,
            "finished": run.finished or None,
            "started_by": plan.execution.actor,
            "execution": plan.execution.id,
            "published": None if found.published is None else found.published.time,
            "published_by": None if found.published is None else found.published.actor,
        },
        "shard": {
            "number": found.shard,
            "of": len(plan.shards),
            "start": found.part.start,
            "end": found.part.end,
            "attempt": found.commit.attempt,
            "seconds": found.commit.seconds,
            "file": found.file,
        },
        "input": {
            "name": found.input.name,
            "place": found.input.key,
            "size": found.input.size,
            "version": found.input.version,
        },
        "release": {
            "name": found.commit.release,
            "pipeline": None if release is None else f"{release.pipeline} {release.pipeline_version}",
            "image": None if release is None else release.image,
            "task_definition": None if release is None else release.task_definition,
        },
        "bundle": {
            "digest": found.bundle_digest,
            "precision": plan.settings.precision,
            "gemm": plan.settings.gemm.value,
        },
    }

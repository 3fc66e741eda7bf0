"""`nimbus demo`: compile two small pipelines, run them, and show what came out."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from nimbus import assembly
from nimbus.cli import output
from nimbus_runtime.contract.words import plural

_EXAMPLES = 4
_SNIPPET = 76


@click.command("demo")
@click.argument("inputs", metavar="[INPUT...]", nargs=-1)
@click.option(
    "--output",
    "-o",
    "folder",
    default="demo-output",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Where to write.",
)
@click.option("--text-field", default="text", show_default=True, help="The field that holds the text, in INPUT.")
def command(inputs: tuple[str, ...], folder: Path, text_field: str) -> None:
    """Compile a small transformer pipeline and a small CNN pipeline, and run both.

    They read what customers of a shop wrote: 600 texts that come with Nimbus, and INPUT..., any files
    of your own. Where torch and spacy-transformers are installed, the originals are timed as well.
    """
    from nimbus import demo  # noqa: PLC0415 - its paths

    started = time.perf_counter()
    for name in ("support_trf", "support_cnn"):
        pipeline, bundle, root = demo.PIPELINES / name, folder / name / "bundle", folder / name / "dataset"
        click.echo(f"\n{output.bold(name)}")
        compiled = assembly.compile_pipeline(str(pipeline), bundle, replace=True)
        click.echo(
            f"  compiled     in {compiled.seconds:.1f} s, {compiled.bundle.manifest.size / 1e6:.1f} MB  → {bundle}"
        )
        _run([str(demo.TEXTS)], bundle, root, "text")
        _show(root, demo.TEXTS)
        _time(pipeline, bundle, demo.TEXTS)
        if inputs:
            own = folder / name / "your-dataset"
            click.echo("  your files")
            _run(list(inputs), bundle, own, text_field)
            _show(own, None)
    click.echo(f"\nDone in {time.perf_counter() - started:.0f} s. Now with your own pipeline and texts:")
    program = "nimbus" if shutil.which("nimbus") else os.path.relpath(sys.argv[0])
    click.echo(f"  {program} compile training/model-best --output my-bundle")
    click.echo(f"  {program} run texts.jsonl --bundle my-bundle --output my-dataset")


def _run(inputs: list[str], bundle: Path, root: Path, text_field: str) -> None:
    from nimbus.cli.progress import drawing  # noqa: PLC0415 - not needed for --help
    from nimbus.runs.submit import Request  # noqa: PLC0415
    from nimbus_runtime.contract.inputs import Fields  # noqa: PLC0415
    from nimbus_runtime.contract.records import OutputFormat  # noqa: PLC0415
    from nimbus_runtime.planner import Order  # noqa: PLC0415

    with drawing(quiet=True) as observer:
        order = Order(Fields(text_field), None, OutputFormat.PARQUET, max_quarantine=0.1)
        result = assembly.submit(Request(root, tuple(inputs), bundle, order, assembly.cores()), observer)
    rate = result.scored_now / result.seconds
    click.echo(
        f"  scored       {plural(result.run.counts.scored, 'document')} in {result.seconds:.1f} s, "
        f"{rate:,.0f} a second from start to end  → {root}"
    )
    if result.run.counts.quarantined:
        click.echo(f"  quarantined  {result.run.counts.quarantined:,}: nimbus dataset {root} --quarantined")


def _show(root: Path, texts: Path | None) -> None:
    """Print what was found: labels with their numbers, and a few documents where the texts are ours."""
    entities: Counter[str] = Counter()
    topics: Counter[str] = Counter()
    examples: list[dict[str, Any]] = []
    for row in _rows(root):
        entities.update(entity["label"] for entity in row["ents"] or ())
        if row["cats"]:
            topics[max(row["cats"], key=row["cats"].get)] += 1
        if len(examples) < _EXAMPLES and len(row["ents"] or ()) > 1:
            examples.append(row)
    click.echo(f"  entities     {_counted(entities)}")
    click.echo(f"  topics       {_counted(topics)}")
    if texts is not None:
        written = {line["id"]: line["text"] for line in map(json.loads, texts.read_text("utf-8").splitlines())}
        for row in examples:
            _show_example(row, written[json.loads(row["metadata"])["id"]])


def _show_example(row: dict[str, Any], text: str) -> None:
    snippet = output.printable(" ".join(text.split()))
    shown = snippet if len(snippet) <= _SNIPPET else snippet[: _SNIPPET - 1] + "…"
    found = ", ".join(f"{output.printable(text[e['start'] : e['end']])} {e['label']}" for e in row["ents"][:_EXAMPLES])
    click.echo(f"    “{shown}”")
    click.echo(f"      {max(row['cats'], key=row['cats'].get)} · {found}")


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{label} {count:,}" for label, count in counts.most_common()) or "none"


def _rows(root: Path) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - not needed for --help

    for path in assembly.dataset(root)[1]:
        for batch in pq.ParquetFile(path).iter_batches(columns=["ents", "cats", "metadata"], use_threads=False):
            yield from batch.to_pylist()


def _time(pipeline: Path, bundle: Path, texts: Path) -> None:
    """Time bundle against original, each on one thread in its own process, where the original opens."""
    from nimbus.demo import timing  # noqa: PLC0415 - not needed for --help

    if pipeline.name.endswith("trf") and not timing.original_stack_installed():
        click.echo("  original     not timed: torch and spacy-transformers are not installed (make oracle)")
        return
    ours, theirs = (_timed(str(path), texts) for path in (bundle, pipeline))
    same = sum(a == b for a, b in zip(ours["hashes"], theirs["hashes"], strict=True))
    click.echo(
        f"  original     {theirs['documents'] / theirs['seconds']:,.0f} documents/s, the bundle "
        f"{ours['documents'] / ours['seconds']:,.0f} (nlp.pipe, one thread): "
        f"{theirs['seconds'] / ours['seconds']:.1f} times as fast; "
        f"{same} of {plural(len(ours['hashes']), 'document')} the same"
    )


def _timed(path: str, texts: Path) -> dict[str, Any]:
    command = [sys.executable, "-W", "ignore", "-m", "nimbus.demo.timing", path, str(texts)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own module
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer

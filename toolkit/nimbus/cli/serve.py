"""`nimbus serve`: a bundle behind HTTP."""

from __future__ import annotations

from pathlib import Path

import click

from nimbus import assembly
from nimbus.cli import output
from nimbus_runtime.contract.errors import UsageError
from nimbus_runtime.contract.records import Gemm


@click.command("serve")
@click.option("--bundle", "-b", type=click.Path(path_type=Path), help="The bundle to serve.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any free one.")
@click.option("--workers", type=click.IntRange(1, 512), help="Worker processes.  [default: one a core]")
@click.option("--keys", "keys_file", type=click.Path(path_type=Path), help="A file of the hashes of API keys.")
@click.option("--open", "is_open", is_flag=True, help="Ask for no key, whoever reaches the address.")
@click.option("--new-key", metavar="NAME", help="Make a key, print it, add its hash to --keys, and end.")
@click.option(
    "--batch-texts", type=click.IntRange(1, 1024), default=32, show_default=True, help="Texts that share a batch."
)
@click.option("--queue-texts", type=click.IntRange(1), default=256, show_default=True, help="Texts that may wait.")
@click.option("--timeout", type=click.FloatRange(0.1, 3600), default=30.0, show_default=True, help="Seconds a request.")
@click.option(
    "--gemm", type=click.Choice([g.value for g in Gemm]), help="Whose matrix product computes.  [default: the faster]"
)
@click.option("--quiet", "-q", is_flag=True, help="No log line a request.")
@click.option("--json", "as_json", is_flag=True, help="With --new-key: one JSON object on stdout.")
def command(  # noqa: PLR0913 - one argument an option
    *,
    bundle: Path | None,
    host: str,
    port: int,
    workers: int | None,
    keys_file: Path | None,
    is_open: bool,
    new_key: str | None,
    batch_texts: int,
    queue_texts: int,
    timeout: float,
    gemm: str | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Answer requests over HTTP with the annotations that a run would write.

    POST /v1/predict takes {"text": "…"} or {"texts": ["…", …]}; /docs describes it. Outside this
    machine a key is asked for: make one with --new-key NAME --keys FILE, and serve with --keys FILE.
    Ctrl-C and SIGTERM end it once every request in hand is answered.
    """
    if new_key is not None:
        _new_key(new_key, keys_file, as_json=as_json)
        return
    if bundle is None:
        raise UsageError("a bundle is missing", expected="nimbus serve --bundle BUNDLE", remedy="name it with --bundle")

    def listening(address: str) -> None:
        output.say(f"Listening at {output.bold(address)}, described at {address}/docs")

    assembly.serve(
        bundle,
        keys_file,
        listening,
        host=host,
        port=port,
        workers=workers or assembly.cores(),
        open=is_open,
        batch_texts=batch_texts,
        queue_texts=queue_texts,
        request_seconds=timeout,
        gemm=Gemm(gemm) if gemm else None,
        log_requests=not quiet,
    )


def _new_key(name: str, keys_file: Path | None, *, as_json: bool) -> None:
    secret, line = assembly.new_key(name, keys_file)
    if as_json:
        output.print_json({"name": name, "key": secret, "hash": line})
        return
    click.echo(secret)
    kept = f"Its hash was added to {keys_file}." if keys_file else f"Serve with NIMBUS_API_KEYS={line}"
    output.say(f"This key of {name} is not shown again. {kept}")

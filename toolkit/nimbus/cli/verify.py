"""`nimbus verify`: says whether a bundle is whole and unchanged."""

from __future__ import annotations

from pathlib import Path

import click

from nimbus import assembly
from nimbus.cli import output
from nimbus_runtime.contract.words import plural


@click.command("verify")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of prose.")
def command(bundle: Path, *, as_json: bool) -> None:
    """Check BUNDLE: its schema, every file's hash, and that nothing is in it that should not be.

    No unlisted file, no link, no operator of a foreign domain, no data from outside. Nothing of
    the bundle is opened for this.
    """
    verified = assembly.verify(bundle)
    manifest = verified.manifest
    if as_json:
        output.print_json({"bundle": str(bundle), "digest": verified.digest, "files": len(manifest.files)})
        return
    size = f"{manifest.size / 1e6:.1f} MB"
    output.say(f"{output.bold('Whole and unchanged')}: {plural(len(manifest.files), 'file')}, {size}")
    click.echo(verified.digest)

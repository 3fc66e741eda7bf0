"""`nimbus`: finds the verb, runs it, and turns failures into words and an exit code.

Verbs are imported only when they are called, so that `nimbus --help` answers at once.
"""

from __future__ import annotations

import importlib
import json
import signal
import sys

import click

from nimbus import __version__
from nimbus.cli import output
from nimbus_runtime.contract.errors import NimbusError

# Verb -> (module below nimbus.cli, line in the overview). Sections are those of the overview.
SECTIONS: dict[str, dict[str, str]] = {
    "Bundles": {
        "compile": "Compile a trained pipeline into a bundle.",
        "inspect": "Show what a pipeline or a bundle holds, and what would compile.",
        "verify": "Check that a bundle is whole and unchanged.",
        "image": "Build, weigh and push the image that production runs.",
    },
    "Releases": {
        "deploy": "Compile, check, judge and release a pipeline.",
        "preflight": "Check whether a deployment could succeed.",
        "promote": "Make a registered release the live one.",
        "rollback": "Take back a release and the dataset that it published.",
        "history": "Show who changed what is live, when and why.",
        "show": "Show a release and what was found out about it.",
        "prune": "Remove old runs and releases that nothing needs.",
    },
    "Runs": {
        "run": "Score documents and publish the dataset, by hand or in an environment.",
        "runs": "Show how the runs of an environment are.",
        "logs": "Show what a run's tasks have said.",
        "alarms": "Show how the alarms of an environment are.",
        "cancel": "Stop a run; what it has committed is kept.",
        "redrive": "Do what is missing of a run that failed or was stopped.",
        "schedule": "Show when runs are due, and run them when they are.",
        "pause": "Let no scheduled run begin.",
        "unpause": "Let scheduled runs begin again.",
        "dataset": "List the files of the published dataset.",
        "explain": "Trace a row back to its release, bundle, image and input.",
        "replay": "Make a row again and compare.",
        "export": "Write the published dataset to one file or a database table.",
        "drift": "Say whether documents or predictions have changed, and whether it matters.",
    },
    "Promotion": {
        "shadow": "Score a sample of live's inputs with a candidate, beside live, unpublished.",
        "canary": "Show how a candidate does in the runs that it shares, or drop it.",
        "gate": "Decide by evidence and limits whether a release may be promoted.",
    },
    "Projects": {
        "init": "Write nimbus.toml by looking at a pipeline and its inputs.",
        "infra": "Make, change and remove an environment on AWS.",
        "tui": "Open the terminal interface; so does nimbus alone, on a terminal.",
        "config": "Show what nimbus.toml comes to in an environment, or its JSON Schema.",
    },
    "Serving and load": {
        "serve": "Answer requests over HTTP with a bundle.",
        "loadtest": "Put a release under load, and say what it stands.",
        "quote": "Say which task to ask for, and what a million documents cost.",
    },
    "Start here": {
        "demo": "Compile two small pipelines that come with Nimbus and run them.",
    },
}
_INTERRUPTED = 130


class Verbs(click.Group):
    """A command group that imports a verb's module when the verb is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of the overview."""
        del ctx
        return [verb for verbs in SECTIONS.values() for verb in verbs]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one verb's command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"nimbus.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the overview from the table above, importing nothing."""
        del ctx
        for section, verbs in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl(list(verbs.items()))


@click.group(
    cls=Verbs,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done with findings, 130 interrupted.",
)
@click.version_option(__version__, prog_name="nimbus")
@click.pass_context
def nimbus(ctx: click.Context) -> None:
    """Take trained spaCy pipelines into scheduled batch production."""
    if ctx.invoked_subcommand is None:
        if sys.stdin.isatty() and sys.stderr.isatty() and sys.stdout.isatty():
            ctx.invoke(importlib.import_module("nimbus.cli.tui").command)
        else:
            click.echo(ctx.get_help())


def main() -> None:
    """Run the command line and leave with its exit code."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `nimbus dataset … | head` ends quietly
    as_json = "--json" in sys.argv[1:]
    try:
        code = nimbus.main(standalone_mode=False)
    except NimbusError as error:
        if as_json:
            click.echo(json.dumps({"schema_version": 1, **error.to_json()}))
        output.print_error(error)
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        code = _INTERRUPTED
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()

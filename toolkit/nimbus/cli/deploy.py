"""`nimbus deploy`: from a trained pipeline to the live release of an environment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nimbus import assembly, deploying
from nimbus.cli import confirm as asking
from nimbus.cli import options, output, shown
from nimbus.cli.preflight import as_list, tree

if TYPE_CHECKING:
    from nimbus.config import Environment, Project
    from nimbus.releases.deploy import Deployment, State, Step
    from nimbus.releases.preflight import Report
    from nimbus.releases.promote import Promotion


@click.command("deploy")
@options.of_project
@asking.options
@click.option("--reason", default="", help="Why; stays in the history.")
@click.option("--no-gate", is_flag=True, help="Promote without a shadow run and its gate.")
@click.option("--candidate", is_flag=True, help="End with the gate; leave what is live.")
@click.option("--dry-run", is_flag=True, help="Show the steps, and which are done already; do nothing.")
@click.option("--diff", "only_diff", is_flag=True, help="Show what changes against the live release; deploy nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def command(  # noqa: PLR0913 - one argument an option
    env: str | None,
    config: Path | None,
    *,
    yes: bool,
    confirm: str | None,
    reason: str,
    no_gate: bool,
    candidate: bool,
    dry_run: bool,
    only_diff: bool,
    as_json: bool,
) -> None:
    """Deploy the pipeline of nimbus.toml: compile, place, preflight, register, shadow, gate, promote.

    Every step finds what an earlier attempt has done: a deployment that was stopped or killed is
    continued by the same command. What is live changes last, in one step. Leaves with exit code 3
    where the gate holds the release back; it stays registered, and `nimbus promote` makes it live.
    """
    project = assembly.project(env, config=config)
    environment = assembly.environment(project)
    if dry_run:
        _plan(environment, project, judged=not no_gate, as_json=as_json)
        return
    if only_diff:
        _compare(environment, project, as_json=as_json)
        return

    def ask(planned: Promotion) -> None:
        shown.differences(planned.state)
        if planned.release and planned.before is not None:
            output.say("  between the releases")
            shown.differences(planned.release, "    ")
        asking.confirm(environment, f"make {planned.after.release} live", yes=yes, confirm=confirm)

    observer = _Telling()
    done = deploying.deploy(
        environment, project, observer, ask, reason=reason, judged=not no_gate, promoted=not candidate
    )
    _tell(environment, done)
    if as_json:
        output.print_json({"environment": environment.name, **_json(done), "checks": observer.checks})
    if done.held:
        raise SystemExit(output.FINDINGS)


class _Telling:
    """Writes a line for each step that ends."""

    def __init__(self) -> None:
        self.checks: list[dict[str, str]] = []

    def step(self, step: Step, state: State, words: str = "") -> None:
        """Write what became of a step."""
        if state.value != "doing":
            output.say(_line(step, state, words))

    def checked(self, report: Report) -> None:
        """Write what a preflight found, in full where something failed."""
        self.checks = as_list(report)
        for line in tree(report) if report.failed else tree(report)[-1:]:
            output.say(f"    {line}")


def _line(step: Step, state: State, words: str) -> str:
    return f"  {step.value:<10} {state.value:<8} {shown.short(words)}".rstrip()


def _plan(environment: Environment, project: Project, *, judged: bool, as_json: bool) -> None:
    planned = deploying.plan_deployment(environment, project, judged=judged)
    output.say(f"{output.bold('Deployment')} of {project.pipeline.name} to {environment.name} would")
    for step, state, words in planned.steps:
        output.say(_line(step, state, words))
    if planned.release is None:
        output.say("  What it changes is known once it is compiled: --diff")
    shown.differences(planned.differences, "    ")
    if as_json:
        steps = [{"step": step.value, "state": state.value, "words": words} for step, state, words in planned.steps]
        release = None if planned.release is None else planned.release.release
        changes = shown.as_json(planned.differences)
        output.print_json({"environment": environment.name, "steps": steps, "release": release, "changes": changes})


def _compare(environment: Environment, project: Project, *, as_json: bool) -> None:
    release, differences = deploying.compare_with_live(environment, project)
    if as_json:
        changes = shown.as_json(differences)
        output.print_json({"environment": environment.name, "release": release.release, "changes": changes})
        return
    output.say(f"{output.bold(shown.cell(release.release))} against what is live in {environment.name}")
    if not differences:
        output.say("  nothing")
    for item in differences:
        click.echo(f"{item.name}: {shown.short(item.before)} → {shown.short(item.after)}")


def _tell(environment: Environment, done: Deployment) -> None:
    name = shown.cell(done.release.release)
    if done.state is None:
        output.say(f"{output.bold('Not live')}: {name} is registered, and `nimbus promote {name}` would make it live")
    elif done.changed:
        output.say(f"{output.bold('Live')}: {name}, change {done.state.sequence} of {environment.name}")
        output.say(
            f"The next run is its; `nimbus run --env {environment.name}` starts one now, `nimbus rollback` undoes this."
        )
    else:
        output.say(f"{output.bold('Nothing to do')}: {name} is live already")


def _json(done: Deployment) -> dict[str, object]:
    return {
        "release": done.release.release,
        "live": done.state is not None,
        "changed": done.changed,
        "sequence": None if done.state is None else done.state.sequence,
        "verdict": None if done.verdict is None else done.verdict.outcome.value,
        "why": None if done.verdict is None else done.verdict.why,
    }

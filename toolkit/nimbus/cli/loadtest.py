"""`nimbus loadtest`: what a release stands, before it is released."""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nimbus import assembly, loadtesting
from nimbus.cli import options, output
from nimbus.config.loadtest import ADDRESS, OWN_INPUT, LoadTest, Profile, Users
from nimbus_runtime import clock
from nimbus_runtime.contract import codec
from nimbus_runtime.contract.errors import NimbusError, UsageError
from nimbus_runtime.contract.words import percent
from nimbus_runtime.interrupts import interruptible

if TYPE_CHECKING:
    from datetime import datetime

    from nimbus.config import Environment, Project
    from nimbus.loadtest.result import Second
    from nimbus.loadtest.run import Trial
    from nimbus.loadtesting import Kept
    from nimbus.quote.quote import Quote

_KEPT, _PAGE = ".nimbus/loadtests", "report.html"
_SILENT = {True: "no answer", False: "nothing due"}


@click.command("loadtest")
@options.of_project
@click.option("--profile", "-p", help="A profile of nimbus.toml, or ramp, steady, spike, soak, batch.")
@click.option("--url", help="Put the server at this address under load; NIMBUS_API_KEY is its key.")
@click.option("--bundle", "-b", type=click.Path(path_type=Path), help="Serve this bundle here, and put it under load.")
@click.option("--release", help="The release of the environment.  [default: the candidate, or the live one]")
@click.option("--image", is_flag=True, help="Serve the release in its image, by docker or podman, as it was deployed.")
@click.option("--rate", type=click.FloatRange(0.01), help="Requests a second to begin with; of runs, how many at once.")
@click.option("--seconds", type=click.FloatRange(1), help="How long it takes; a step of a ramp.")
@click.option("--processes", type=click.IntRange(1, 256), help="Processes that make the load.")
@click.option("--vcpus", type=click.IntRange(1, 512), help="Processors that a server here is given.")
@click.option("--payloads", help="Your own texts, of any format of inputs; '[input]' for those that runs read.")
@click.option("--output", "-o", "folder", type=click.Path(path_type=Path), help=f"For the report.  [default: {_KEPT}]")
@click.option("--json", "as_json", is_flag=True, help="Every second and the result as JSON lines on stdout.")
def command(  # noqa: PLR0913 - one argument an option
    env: str | None,
    config: Path | None,
    *,
    profile: str | None,
    url: str | None,
    bundle: Path | None,
    release: str | None,
    image: bool,
    rate: float | None,
    seconds: float | None,
    processes: int | None,
    vcpus: int | None,
    payloads: str | None,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Put a release under load and say what it stands.

    A release of the environment is served on this machine: its bundle where that is here, or else its
    image. --bundle names another one; --url, or url in [loadtest], a server that runs already. Profile
    batch submits runs to the environment instead, several at once, and times each until it is
    published. Requests come when they are due, whatever became of those before, and are timed from then.

    Leaves with exit code 3 where a limit of [loadtest.slo] is missed. The result is kept as evidence of
    the release where the environment knows it.
    """
    if sum((url is not None, bundle is not None, image)) > 1:
        raise UsageError("--url, --bundle and --image are different targets", remedy="name one of them")
    project, environment = _project(env, config, needed=url is None and bundle is None)
    settings = agreed = project.loadtest if project else LoadTest()
    if payloads is not None and not _agreed_on(payloads, project):
        settings = replace(settings, payloads=_placed(payloads, project))
    if vcpus is not None:
        settings = replace(settings, vcpus=vcpus)
    name = profile or settings.profile
    chosen = _profile(settings, name, rate=rate, seconds=seconds, processes=processes)
    _refuse_idle(chosen, bundle, processes=processes, image=image, payloads=payloads, vcpus=vcpus)
    elsewhere = bundle is not None or image or chosen.users is Users.BATCH
    asked = loadtesting.Asked(
        name=name,
        profile=chosen,
        settings=settings,
        url=_address(url, settings, elsewhere=elsewhere),
        bundle=bundle,
        environment=environment,
        release=release,
        project=project,
        image=image,
        overridden=_overridden(agreed, settings, agreed.chosen(name), chosen),
        insisted=rate is not None,
    )
    folder = folder or (project.folder if project else Path()) / _KEPT
    again = "run the same command again"
    with interruptible(f"nothing of it was kept: {again}"):
        prepared = loadtesting.prepare(asked, kept=env is not None or (url is None and bundle is None))
        _writable(folder)
        asked = prepared.asked
        for words in prepared.words:
            output.say(output.printable(words[0].upper() + words[1:]))
        tested, ran = loadtesting.load_test(asked, _json_line if as_json else _line)
        quote, unpriced = loadtesting.price(asked, tested, prepared.prices)
        now = clock.now()
        place = folder / f"{clock.file_stamp(now)}-{tested.profile}"
        _write(place, now, tested, quote, loadtesting.Kept(None, "it was ended before it could be kept"))
    with interruptible(f"its report is in {place}, and a release has no evidence of it: {again}"):
        kept = loadtesting.keep(asked, tested, ran)
        lost = _write(place, now, tested, quote, kept)
    if as_json:
        report = None if lost else str(place / _PAGE)
        output.print_json({"event": "result", **_values(tested, quote, kept), "report": report})
    else:
        _summary(tested, quote, kept, unpriced)
        output.say(f"  report    {'none' if lost else place / _PAGE}")
    if lost is not None:
        raise lost
    if tested.verdict.outcome.value != "ok":
        raise SystemExit(output.FINDINGS)


def _project(env: str | None, config: Path | None, *, needed: bool) -> tuple[Project | None, Environment | None]:
    from nimbus.config.errors import ConfigNotFoundError  # noqa: PLC0415 - not needed for --help

    try:
        project = assembly.project(env, config=config)
    except ConfigNotFoundError:
        if needed or env or config:
            raise
        return None, None
    return project, assembly.environment(project)


def _agreed_on(payloads: str, project: Project | None) -> bool:
    """Say whether these are the texts that nimbus.toml names."""
    agreed = project.loadtest.payloads if project else None
    if project is None or agreed is None or OWN_INPUT in (payloads, agreed):
        return agreed is not None and payloads == agreed
    return Path(payloads).resolve() == Path(project.path(agreed)).resolve()


def _placed(payloads: str, project: Project | None) -> str:
    """Return what the user named, as it is called from anywhere."""
    if payloads == OWN_INPUT and project is None:
        raise UsageError(f"{OWN_INPUT} is a section of nimbus.toml, and there is none", remedy="name a file of texts")
    return payloads if payloads == OWN_INPUT or "://" in payloads else str(Path(payloads).absolute())


def _profile(settings: LoadTest, name: str, **given: float | None) -> Profile:
    try:
        chosen = settings.chosen(name)
    except ValueError as error:
        raise UsageError(str(error), remedy="name one of these, or describe it as [loadtest.profiles.NAME]") from None
    return replace(chosen, **{key: value for key, value in given.items() if value is not None})  # type: ignore[arg-type]


def _refuse_idle(chosen: Profile, bundle: Path | None, **given: object) -> None:
    """Refuse options that would make no difference to runs."""
    if chosen.users is not Users.BATCH:
        return
    idle = ("processes", "image") if bundle is not None else ("processes", "image", "payloads", "vcpus")
    named = [f"--{name}" for name in idle if given[name]]
    if named:
        runs = "runs" if bundle is not None else "an environment's runs, which read its own inputs"
        told = f"{' and '.join(named)} would make no difference to {runs}"
        raise UsageError(told, remedy="leave it out, or name another --profile or a --bundle")


def _overridden(agreed: LoadTest, settings: LoadTest, profile: Profile, chosen: Profile) -> tuple[str, ...]:
    """Return the options by which a test is another than nimbus.toml describes."""
    of_profile = [name for name in ("rate", "seconds", "processes") if getattr(profile, name) != getattr(chosen, name)]
    others = [name for name in ("vcpus", "payloads") if getattr(agreed, name) != getattr(settings, name)]
    return tuple(f"--{name}" for name in (*of_profile, *others))


def _address(url: str | None, settings: LoadTest, *, elsewhere: bool) -> str | None:
    """Return the address of the server, if it is one that runs already: nimbus.toml's where nothing else is named."""
    if url is not None and not re.match(ADDRESS, url):
        raise UsageError(
            "--url is no address of a server",
            got=url,
            expected="http://… or https://…",
            remedy="write it with its scheme and port, such as http://127.0.0.1:8000",
        )
    found = url or (None if elsewhere else settings.url)
    return None if found is None else found.rstrip("/")


def _line(second: Second) -> None:
    """Say how it goes."""
    parts = [
        f"{second.second:5.0f} s",
        f"step {second.step} ({second.rate:.3g}/s)",
        f"{second.documents_per_second:.1f} documents/s",
        _time_of(second),
        f"{second.in_flight} in flight",
    ]
    if second.cpu is not None:
        parts.append(f"{second.cpu:.2f} processors")
    if second.failed or second.dropped:
        parts.append(f"{second.failed} failed, {second.dropped} dropped")
    output.say(" · ".join(parts))


def _time_of(second: Second) -> str:
    if second.p95 is not None:
        return f"p95 {second.p95:,.0f} ms"
    return "all failed" if second.failed else _SILENT[second.in_flight > 0]


def _json_line(second: Second) -> None:
    output.print_json({"event": "second", **_plain(second)})


def _plain(value: object) -> dict[str, object]:
    plain = codec.plain(value)
    return plain if isinstance(plain, dict) else {}


def _values(tested: Trial, quote: Quote | None, kept: Kept) -> dict[str, object]:
    result, found = _plain(tested.result), kept.evidence
    result.pop("timeline")
    return {
        "outcome": tested.verdict.outcome.value,
        "words": tested.words,
        "reasons": list(tested.verdict.reasons),
        "profile": tested.profile,
        "overridden": list(tested.overridden),
        "under": tested.under.value,
        "architecture": tested.architecture,
        "judged": _plain(tested.verdict.judged),
        "saturation": codec.plain(tested.verdict.saturation),
        "slo": codec.plain(tested.slo),
        "result": result,
        "quote": None if quote is None else _plain(quote),
        "evidence": None if found is None else {"release": found.release, "kind": found.kind, "time": found.time},
        "not_kept": kept.why_not or None,
    }


def _writable(folder: Path) -> None:
    """Refuse a folder that no report can be written to, before there is any load."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError("no report can be written there", **_why(folder, error)) from None


def _why(folder: Path, error: OSError) -> dict[str, str]:
    got = error.strerror or type(error).__name__
    return {"where": str(folder), "got": got, "remedy": "name another folder with --output"}


def _write(place: Path, now: datetime, tested: Trial, quote: Quote | None, kept: Kept) -> NimbusError | None:
    """Write report.html and report.json into a folder of their own; return why they could not be written."""
    from nimbus.loadtest import report  # noqa: PLC0415 - not needed for --help
    from nimbus.quote import shown  # noqa: PLC0415 - as above

    values = {"schema_version": 1, **_values(tested, quote, kept), "timeline": _plain(tested.result)["timeline"]}
    cost, note = (shown.rows(quote), shown.note(quote)) if quote else ((), "")
    try:
        place.mkdir(parents=True, exist_ok=True)
        (place / "report.json").write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        (place / _PAGE).write_text(report.page(tested, clock.iso(now), cost, note), encoding="utf-8")
    except OSError as error:
        return NimbusError("the report cannot be written", **_why(place, error))
    return None


def _summary(tested: Trial, quote: Quote | None, kept: Kept, unpriced: str) -> None:
    judged, outcome = tested.verdict.judged, tested.verdict.outcome.value
    tint = {"ok": "green", "missed": "red"}.get(outcome, "yellow")
    output.say(f"{output.bold(outcome.upper(), tint)} {tested.words}")
    for reason in tested.verdict.reasons:
        output.say(f"  {output.printable(reason)}")
    times = ", ".join(
        f"{name} {value:,.0f} ms"
        for name, value in (("p50", judged.p50), ("p95", judged.p95), ("p99", judged.p99), ("p99.9", judged.p999))
        if value is not None
    )
    output.say(
        f"  answers   {f'{times}; ' if times else ''}{percent(judged.error_share)} of {judged.arrivals:,} failed"
    )
    if judged.failed or judged.dropped:
        outcomes = ", ".join(f"{output.printable(name)} {count:,}" for name, count in judged.outcomes.items())
        output.say(f"  outcomes  {outcomes}, dropped {judged.dropped:,}")
    memory = tested.result.target.peak_resident_bytes
    if memory:
        output.say(f"  memory    {memory / 1e6:,.0f} MB at most")
    if quote is not None:
        best = quote.recommended
        output.say(
            f"  on AWS    {best.size.vcpus:g} vCPU with {best.size.gigabytes:g} GB: "
            f"{best.documents_an_hour:,.0f} documents an hour, "
            f"{best.price_a_million:,.2f} {quote.prices.currency} a million"
        )
    elif unpriced:
        output.say(f"  on AWS    no size and price: {unpriced}")
    if kept.evidence is not None:
        less = f", which no gate counts: with {', '.join(tested.overridden)}" if tested.overridden else ""
        output.say(f"  evidence  of release {kept.evidence.release}{less}")
    elif kept.why_not:
        output.say(f"  evidence  of no release: {output.printable(kept.why_not)}")

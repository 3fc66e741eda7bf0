"""Where load tests meet adapters. Each function imports what it needs: start-up stays light."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nimbus import assembly, promoting, quoting
from nimbus.config.loadtest import OWN_INPUT, LoadTest, Profile, Users
from nimbus_runtime.contract.errors import NimbusError, RunInterruptedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nimbus.adapters.serving import Served
    from nimbus.config import Environment, Project
    from nimbus.loadtest.command import Load
    from nimbus.loadtest.result import Result, Second
    from nimbus.loadtest.run import Trial
    from nimbus.quote.prices import PriceTable
    from nimbus.quote.quote import Quote
    from nimbus_runtime.contract.inputs import Format
    from nimbus_runtime.contract.records import Evidence, Release
    from nimbus_runtime.store import Store


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be put under load: an address, a bundle, or else a release of an environment.

    `image` says that the release is served in its image, even where its bundle is here; `overridden` are
    the options that make it another test than nimbus.toml describes; `insisted` says that the profile's rate
    is the user's own word.
    """

    name: str
    profile: Profile
    settings: LoadTest
    url: str | None = None
    bundle: Path | None = None
    environment: Environment | None = None
    release: str | None = None
    project: Project | None = None
    image: bool = False
    overridden: tuple[str, ...] = ()
    insisted: bool = False

    @property
    def runs(self) -> bool:
        """Say whether the load is runs, and not requests."""
        return self.profile.users is Users.BATCH

    @property
    def payloads(self) -> tuple[str, ...]:
        """Return where the user's texts are: a file, a folder, a pattern or an address, or all that runs read."""
        named = self.settings.payloads
        if named is None or self.project is None:
            return () if named is None else (named,)
        return self.project.job().inputs if named == OWN_INPUT else (self.project.path(named),)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a load test as evidence of a release, or why nothing is."""

    evidence: Evidence | None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A load test that can begin: what it comes to, the prices, and what is to be known beforehand."""

    asked: Asked
    prices: PriceTable
    words: tuple[str, ...]


def prepare(asked: Asked, *, kept: bool) -> Prepared:
    """Read before there is any load what its result needs, so that none is lost: texts, prices, and the environment.

    `kept` says that the environment was asked for, and so that it has to be there.
    """
    from nimbus.releases import registry  # noqa: PLC0415

    if asked.bundle is not None or not asked.runs:
        _check_payloads(asked)
    if asked.environment is not None and (kept or asked.release is not None):
        store = assembly.open_environment(asked.environment)
        if asked.release is not None:  # whichever is called so
            asked = replace(asked, release=registry.release(store, registry.named(store, asked.release)).release)
        else:
            store.names("releases")
    prices = quoting.prices_for(asked.project)
    asked, waiting = _in_turn(asked)
    return Prepared(asked, prices, tuple(words for words in (waiting, _unlimited(asked), _whose(asked)) if words))


def _check_payloads(asked: Asked) -> None:
    """Refuse texts that cannot be read; those of runs only have to be there."""
    from nimbus.adapters import locust, payloads  # noqa: PLC0415

    lines = [source for source in asked.payloads if payloads.is_lines(source)]
    if asked.runs:
        for source in asked.payloads:
            if "://" not in source and not any(mark in source for mark in "*?["):
                locust.check_texts(Path(source), None)
    elif lines:
        locust.check_texts(Path(lines[0]), _text_field(asked))
    elif asked.payloads:
        payloads.check(asked.payloads, _text_field(asked), _input_format(asked))


def _unlimited(asked: Asked) -> str:
    if not asked.runs or asked.settings.slo.memory_mb is None:
        return ""
    return "memory_mb of [loadtest.slo] is not looked at: runs do not tell their memory"


def _in_turn(asked: Asked) -> tuple[Asked, str]:
    """Let runs go one at a time where the environment lets them wait for each other; return that, and words for it."""
    from nimbus.config import Kind  # noqa: PLC0415
    from nimbus.config.sections import Overlap  # noqa: PLC0415
    from nimbus.loadtest import turns  # noqa: PLC0415

    there, schedule = asked.environment, asked.project.schedule if asked.project else None
    if not asked.runs or asked.bundle is not None or there is None or there.kind is not Kind.AWS:
        return asked, ""
    if schedule is not None and schedule.overlap is Overlap.ALLOW:
        return asked, ""
    profile, words = turns.in_turn(asked.profile, there.name, insisted=asked.insisted)
    return replace(asked, profile=profile), words


def _whose(asked: Asked) -> str:
    """Say whose evidence it will be, where what is put under load is none of the environment's own releases."""
    from nimbus.adapters import serving  # noqa: PLC0415
    from nimbus.loadtest.errors import LoadTestTargetError  # noqa: PLC0415

    if asked.environment is None or (asked.url is None and asked.bundle is None):
        return ""
    if asked.url is None:
        digest, named = _digest(asked), None
    elif (told := serving.about(asked.url)) is None:
        return ""  # whatever that is, the test says it
    else:
        digest, named = told
    try:
        found = _measured(asked, digest, named, assembly.open_environment(asked.environment))
    except NimbusError as error:
        found = error.what
    if not isinstance(found, str):
        return f"it will be evidence of release {found.release}"
    if asked.url is not None and asked.release is not None and digest is not None:
        raise LoadTestTargetError(found, where=asked.url, remedy="name the release that is served there, or none")
    return f"it will be evidence of no release: {found}"


def load_test(asked: Asked, second: Callable[[Second], None]) -> tuple[Trial, Release | None]:
    """Put it under load; return what came of it, and which release ran where it was runs."""
    from nimbus.adapters.locust import Locust, decode  # noqa: PLC0415
    from nimbus.loadtest import command, run  # noqa: PLC0415
    from nimbus.loadtest.result import Result as Record  # noqa: PLC0415
    from nimbus.loadtest.result import Second as Line  # noqa: PLC0415
    from nimbus_runtime.contract import codec  # noqa: PLC0415

    def generate(load: Load, told: Callable[[Second], None]) -> Result:
        key = None if asked.runs else os.environ.get("NIMBUS_API_KEY")
        locust = Locust(key, load.processors)
        written = locust.run(
            lambda **places: command.arguments(load, **places),
            lambda values: told(codec.build(Line, values, "locust's figures")),
        )
        return decode(Record, written)

    release = _released(asked) if asked.runs and asked.bundle is None and asked.url is None else None
    tested = run.load_test(asked.name, asked.settings.slo, _target(asked), generate, second)
    return replace(tested, overridden=asked.overridden), release


def _input_format(asked: Asked) -> Format | None:
    return asked.project.input.format if asked.project else None


def _text_field(asked: Asked) -> str:
    return asked.project.input.text_field if asked.project else "text"


def price(asked: Asked, tested: Trial, table: PriceTable) -> tuple[Quote | None, str]:
    """Return size and cost by what was measured, or why there is no such thing; neither where nothing was."""
    measured = quoting.measured_by(tested)
    if measured is None:
        return None, ""
    project = asked.project
    try:
        architecture, arm_speed = quoting.architecture(project), quoting.arm_speed(project)
        return quoting.quote(measured, table, architecture, arm_speed=arm_speed), ""
    except RunInterruptedError:
        raise
    except NimbusError as error:
        return None, error.what


def keep(asked: Asked, tested: Trial, ran: Release | None) -> Kept:
    """Keep what came of it where the environment knows the release; `ran` is that of runs.

    A test that is over is not lost because nothing can be kept.
    """
    try:
        return _keep(asked, tested, ran)
    except RunInterruptedError:
        raise
    except NimbusError as error:
        return Kept(None, error.what)


@contextmanager
def _target(asked: Asked) -> Iterator[Load]:
    """Open what is put under load."""
    from nimbus.loadtest.command import Load, Under  # noqa: PLC0415

    load = Load(asked.profile, asked.settings, asked.url)
    if asked.runs:
        with _runs(asked) as submit:
            yield replace(load, submit=submit, under=Under.RUNS)
        return
    with _own_texts(asked) as (texts, field):
        load = replace(load, payloads=texts, text_field=field)
        if asked.url is not None:
            _expect_answer(asked.url)
            yield load
            return
        with _server(asked) as server:
            under = Under.IMAGE if server.image else Under.BUNDLE
            here = quoting.machine()
            yield replace(load, url=server.address, processors=server.others, under=under, architecture=here)


@contextmanager
def _own_texts(asked: Asked) -> Iterator[tuple[Path | None, str]]:
    """Yield a file of the user's texts as the locust files read it, and the field that holds them."""
    import tempfile  # noqa: PLC0415

    from nimbus.adapters import payloads  # noqa: PLC0415

    field = _text_field(asked)
    if not asked.payloads or payloads.is_lines(asked.payloads[0]):
        yield (Path(asked.payloads[0]) if asked.payloads else None), field
        return
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder, "texts.jsonl")
        payloads.write(asked.payloads, field, _input_format(asked), lines)
        yield lines, payloads.FIELD


def _expect_answer(url: str) -> None:
    """Ask a server once before there is any load: whether it is there, ready, and lets us in."""
    from nimbus.adapters import serving  # noqa: PLC0415
    from nimbus.loadtest.errors import LoadTestSilentError  # noqa: PLC0415

    refusal = serving.refusal(url, os.environ.get("NIMBUS_API_KEY"))
    if refusal is not None:
        what, got, remedy = refusal
        raise LoadTestSilentError(what, where=url, got=got, remedy=remedy)


@contextmanager
def _server(asked: Asked) -> Iterator[Served]:
    """Serve a bundle on this machine, or a release: its bundle where that is here, or else its image."""
    from nimbus.adapters import serving  # noqa: PLC0415
    from nimbus.loadtest.errors import LoadTestTargetError  # noqa: PLC0415
    from nimbus.promotion import judging  # noqa: PLC0415

    vcpus = asked.settings.vcpus
    if asked.bundle is not None:
        with serving.served(asked.bundle, None, vcpus) as server:
            yield server
        return
    release, environment, project = _released(asked), asked.environment, asked.project
    assert environment is not None  # noqa: S101 - it has the release
    assert project is not None  # noqa: S101 - an environment is one of a project
    store = assembly.open_environment(environment)
    place = None if asked.image else judging.here(store, release, project.folder / promoting.COMPILED)
    if place is not None:
        with serving.served(place, release.release, vcpus) as server:
            yield server
    elif release.image is not None:
        engine = assembly.fetch_image(release.image, project.image.engine)
        with serving.contained(engine, release.image, release.release, vcpus) as server:
            yield server
    else:
        raise LoadTestTargetError(
            "the release has no image" if asked.image else "the release's bundle is not on this machine",
            where=environment.root,
            got=release.release,
            remedy="name the folder of its bundle with --bundle, or a server of it with --url",
        )


def _released(asked: Asked) -> Release:
    """Return the release that is named, or else of runs the live one, of servers the candidate or the live one."""
    from nimbus.loadtest.errors import LoadTestTargetError  # noqa: PLC0415
    from nimbus.releases import registry  # noqa: PLC0415

    if asked.environment is None:
        raise LoadTestTargetError(
            "there is nothing to put under load",
            expected="--env of a nimbus.toml, --bundle BUNDLE or --url URL",
            remedy="name one of them",
        )
    if asked.runs and asked.release is None:
        store = assembly.open_environment(asked.environment)
        return registry.release(store, registry.present(store).release)
    return quoting.release_of(asked.environment, asked.release)


@contextmanager
def _runs(asked: Asked) -> Iterator[tuple[str, ...]]:
    """Yield the command that submits a run: into the environment, or with a bundle into a folder that is removed."""
    import tempfile  # noqa: PLC0415

    from nimbus.demo import TEXTS  # noqa: PLC0415
    from nimbus.loadtest.errors import LoadTestTargetError  # noqa: PLC0415

    nimbus = (sys.executable, "-P", "-m", "nimbus.cli.main", "run")
    if asked.url is not None:
        raise LoadTestTargetError("a server has no runs", remedy="give --env or --bundle, or another --profile")
    if asked.bundle is None:
        if asked.environment is None or asked.project is None:
            raise LoadTestTargetError("there is nowhere to submit runs to", remedy="give --env or --bundle")
        if asked.environment.protected:
            raise LoadTestTargetError(
                f"environment {asked.environment.name} is protected: the runs of a load test would be published there",
                remedy="use an environment that is there for tests, or --bundle",
            )
        where = ("--env", asked.environment.name, "--config", str(asked.project.file))
        named = ("--release", asked.release) if asked.release else ()
        yield (*nimbus, *where, *named, "--wait", "--quiet", "--json")
        return
    texts = asked.payloads or (str(TEXTS),)
    with tempfile.TemporaryDirectory() as folder:
        where = ("--bundle", str(asked.bundle), "--output", f"{folder}/{{run}}")
        named = ("--text-field", _text_field(asked)) if asked.payloads else ()
        yield (*nimbus, *texts, *where, *named, "--workers", str(asked.settings.vcpus), "--quiet", "--json")


def _keep(asked: Asked, tested: Trial, ran: Release | None) -> Kept:
    """Keep the finding as evidence of the release that was measured; `ran` is that of runs."""
    from nimbus.loadtest import run  # noqa: PLC0415
    from nimbus_runtime import evidence  # noqa: PLC0415

    if asked.environment is None:
        return Kept(None)
    store = assembly.open_environment(asked.environment)
    target = tested.result.target
    release = ran or _measured(asked, target.bundle_digest or _digest(asked), target.release, store)
    if isinstance(release, str):
        return Kept(None, release)
    finding = run.finding(tested, release.bundle_digest, release.image)
    outcome, actor = tested.verdict.outcome.value, assembly.actor(asked.environment)
    return Kept(evidence.write(store, release.release, run.KIND, finding, outcome=outcome, actor=actor))


def _measured(asked: Asked, digest: str | None, served: str | None, store: Store) -> Release | str:
    """Return the release that a server is of, by its bundle and by what it calls itself, or why that cannot be said.

    A bundle may be in several releases, such as in images of two bases: then the server has to say
    which it is, or the user.
    """
    from nimbus.releases import registry  # noqa: PLC0415

    if digest is None:
        return "the server does not say which bundle it serves"
    releases = map(partial(registry.release, store), registry.names(store))
    found = {each.release: each for each in releases if each.bundle_digest == digest}
    if asked.release is not None and asked.release not in found:
        other = f"what is served is bundle {digest[:12]}, which is not that of release {asked.release}"
        return f"{other}; --image or --bundle serves that one here"
    named = asked.release or served
    if named in found:
        return found[named]
    if not found:
        return f"no release here has bundle {digest[:12]}"
    if len({each.image for each in found.values()}) > 1:
        return f"--release has to say which it is: {', '.join(found)} have the same bundle in other images"
    return [*found.values()][-1]


def _digest(asked: Asked) -> str | None:
    from nimbus_runtime.bundle import read_manifest  # noqa: PLC0415

    return None if asked.bundle is None else read_manifest(asked.bundle)[1]

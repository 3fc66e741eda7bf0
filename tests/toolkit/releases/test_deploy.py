"""Rules of a deployment: killed anywhere it is continued, and what is live changes once, last, by who saw it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures.roots import ANYBODY, ran

from nimbus.releases import deploy as deploying
from nimbus.releases import register, registry
from nimbus.releases.deploy import Order, State, Step, Tools
from nimbus.releases.errors import PreflightFailedError
from nimbus.releases.preflight import Check, Report, Status
from nimbus.releases.promote import Outcome, Promotion, Verdict
from nimbus_runtime import evidence, live
from nimbus_runtime.bundle import Bundle
from nimbus_runtime.contract.annotations import Annotation
from nimbus_runtime.contract.bundle import BundleComponent, Manifest, PipelineIdentity, Precision
from nimbus_runtime.contract.errors import LiveChangedError, UsageError
from nimbus_runtime.contract.inputs import Fields
from nimbus_runtime.contract.records import Candidate, Job, Live, OutputFormat, Release
from nimbus_runtime.store import DirectoryStore, Store

JOB = Job(("s3://in/mails/",), Fields(), None, OutputFormat.PARQUET, 0.1)


class KilledError(BaseException):
    """Stands for kill -9: nothing catches it, and nothing is tidied up."""


@dataclass
class Fuse:
    """Kills at the n-th thing that a deployment does to the world."""

    at: int = 1 << 30
    count: int = 0

    def burn(self) -> None:
        """Count one, and kill when it is the one."""
        self.count += 1
        if self.count == self.at:
            raise KilledError


@dataclass
class Fused:
    """A store that may kill before and after each write."""

    store: Store
    fuse: Fuse

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the store's own
        """Return all else from the store."""
        return getattr(self.store, name)

    def create(self, name: str, data: bytes) -> bool:
        """Create a record."""
        self.fuse.burn()
        done = self.store.create(name, data)
        self.fuse.burn()
        return done

    def compare_and_swap(self, name: str, data: bytes, version: str | None) -> bool:
        """Swap."""
        self.fuse.burn()
        done = self.store.compare_and_swap(name, data, version)
        self.fuse.burn()
        return done


@dataclass
class World:
    """What outlives a deployment that is killed: compiled and placed bundles, definitions."""

    version: str = "1.0.0"
    compiled: list[str] = field(default_factory=list)
    placed: list[str] = field(default_factory=list)
    defined: list[str] = field(default_factory=list)
    shadowed: list[str] = field(default_factory=list)
    fresh: list[bool] = field(default_factory=list)
    fails: str = ""
    verdict: Outcome = Outcome.PROMOTE
    fuse: Fuse = field(default_factory=Fuse)

    def find_bundle(self) -> Bundle | None:
        """Return the bundle if it was compiled."""
        return bundle(self.version) if self.version in self.compiled else None

    def compile(self) -> Bundle:
        """Compile once."""
        self.fuse.burn()
        if self.version not in self.compiled:
            self.compiled.append(self.version)
        return bundle(self.version)

    def lacks(self, release: Release) -> str | None:
        """Say whether the image and the definition are there."""
        there = release.image in self.placed and release.task_definition in self.defined
        return None if there else "its image"

    def find(self, found: Bundle) -> Placed | None:
        """Return where a bundle is."""
        return Placed(image_of(found)) if image_of(found) in self.placed else None

    def place(self, found: Bundle) -> Placed:
        """Push once."""
        self.fuse.burn()
        if image_of(found) not in self.placed:
            self.placed.append(image_of(found))
        self.fuse.burn()
        return Placed(image_of(found))

    def define(self, release: Release) -> str:
        """Register once for each content, as ECS's latest revision is taken again."""
        self.fuse.burn()
        definition = f"definition of {release.image}"
        if definition not in self.defined:
            self.defined.append(definition)
        self.fuse.burn()
        return definition

    def check(self, release: Release, found: Bundle, *, placed: bool = False) -> Report:
        """Find what is wrong."""
        del release, found
        self.fresh.append(placed)
        self.fuse.burn()
        status = Status.FAILED if self.fails else Status.OK
        return Report((Check("roles", "task role", status, self.fails or "fine", "do something"),))

    def tools(self, store: Store, *, judged: bool = True) -> Tools:
        """Return what a deployment works with."""

        def shadow(candidate: Release, present: Release) -> Verdict:
            del present
            self.fuse.burn()
            self.shadowed.append(candidate.release)
            return Verdict(self.verdict, "as the test says")

        return Tools(
            Fused(store, self.fuse),  # type: ignore[arg-type]
            Compiler(self),
            self,
            self.check,
            shadow if judged else None,
        )


@dataclass
class Compiler:
    """The world's compiler."""

    world: World

    def find(self) -> Bundle | None:
        """Return the bundle if it was compiled."""
        return self.world.find_bundle()

    def compile(self) -> Bundle:
        """Compile once."""
        return self.world.compile()


@dataclass(frozen=True)
class Placed:
    """A pushed bundle."""

    image: str
    bundle: None = None
    recipe: str = "template"
    sboms: Mapping[str, bytes] = field(default_factory=lambda: {"amd64": b"{}\n"})


class Observer:
    """Keeps how each step ended."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.ended: dict[Step, State] = {}

    def step(self, step: Step, state: State, words: str = "") -> None:
        """Note a step."""
        del words
        self.ended[step] = state

    def checked(self, report: Report) -> None:
        """Note nothing."""


def bundle(version: str) -> Bundle:
    """Return a bundle of a version."""
    manifest = Manifest(
        PipelineIdentity("en_support", version, "en", f"hash of {version}"),
        Precision.FP32,
        (BundleComponent("ner", "ner", ("PERSON",)),),
        (Annotation.ENTS,),
        (),
        1000,
        4.0,
        {"spacy": ">=3.8"},
        (),
    )
    return Bundle(Path("/nowhere"), f"digest of {version}", manifest)


def image_of(found: Bundle) -> str:
    """Return what a bundle's image is called."""
    return f"repository@sha256:{found.digest}"


def order(reason: str = "", actor: str = ANYBODY) -> Order:
    """Return an order that is never asked about."""
    return Order(JOB, actor, reason, lambda _: None)


def deploy(world: World, store: Store, *, judged: bool = True) -> deploying.Deployment:
    """Deploy the world's version."""
    return deploying.deploy(world.tools(store, judged=judged), order(), Observer())


def present(store: Store) -> Live | None:
    """Return what is live."""
    return live.read(store)


def test_every_step_is_done_in_its_order(store: Store) -> None:
    """The first release has nothing to be judged by; the second is judged beside the first."""
    world, first = World(), Observer()
    deploying.deploy(world.tools(store), order("first"), first)
    assert first.ended[Step.SHADOW] is first.ended[Step.GATE] is State.SKIPPED
    state = registry.present(store)
    assert (state.sequence, state.entry.action, state.entry.reason) == (1, "deploy", "first")
    ran(store, 1, state.release)
    world.version, second = "2.0.0", Observer()
    done = deploying.deploy(world.tools(store), order(), second)
    assert set(second.ended.values()) == {State.DONE}
    assert world.shadowed == [done.release.release]
    assert registry.present(store).previous == state.release
    assert [
        evidence.read(store, done.release.release, n).kind for n in evidence.names(store, done.release.release)
    ] == ["preflight"]


def test_a_preflight_knows_whether_this_deployment_placed_the_bundle(tmp_path: Path) -> None:
    """What was placed by one that came before it is scanned already."""
    world, store = World(), DirectoryStore(tmp_path)
    deploy(world, store)
    deploy(world, store)
    assert world.fresh == [True, False]


def test_a_release_names_what_is_in_its_image(tmp_path: Path) -> None:
    """Its bill of materials lies beside its record, created once, and the record has its hash."""
    world, store = World(), DirectoryStore(tmp_path)
    release = deploy(world, store).release
    place = f"releases/{release.release}/sbom.amd64.cdx.json"
    assert store.read(place) == b"{}\n"
    assert release.sboms == {place: hashlib.sha256(b"{}\n").hexdigest()}
    assert registry.names(store) == [release.release]


def test_a_release_of_an_image_that_another_machine_built_has_its_bill_too(tmp_path: Path) -> None:
    """As an earlier release brought it; without one there is none."""
    host, store = World(), DirectoryStore(tmp_path)
    host.placed.append("image")
    wanted = Release("first", "digest", "en", "1.0.0", job=JOB, image="image")
    assert register.register(store, host, wanted, {}).sboms == {}
    register.register(store, host, replace(wanted, release="second"), {"amd64": b"{}\n", "arm64": b"[]\n"})
    third = register.register(store, host, replace(wanted, release="third"), {})
    assert [store.read(place) for place in third.sboms] == [b"{}\n", b"[]\n"]
    assert list(third.sboms) == [f"releases/third/sbom.{one}.cdx.json" for one in ("amd64", "arm64")]


def test_killed_before_or_after_anything_it_is_continued(tmp_path: Path) -> None:
    """For each thing that it does to the world: nothing is half live, and the next attempt ends the same."""
    whole = World()
    store = DirectoryStore(tmp_path / "whole")
    before(whole, store)
    deploy(whole, store)
    steps, wanted = whole.fuse.count, registry.present(store).release
    assert steps >= 15
    for at in range(1, steps + 1):
        world, root = World(), DirectoryStore(tmp_path / str(at))
        first = before(world, root)
        world.fuse = Fuse(at)
        with pytest.raises(KilledError):
            deploy(world, root)
        state = registry.present(root)
        assert state.release in (first, wanted)
        if state.release == wanted:
            assert world.lacks(registry.release(root, wanted)) is None
        world.fuse = Fuse()
        done = deploy(world, root)
        state = registry.present(root)
        assert (state.release, state.previous, done.release.release) == (wanted, first, wanted)
        assert [s.entry.action for s in live.states(root, state)] == ["deploy", "publish", "deploy"]
        assert registry.names(root) == sorted([first, wanted])
        assert len(world.defined) == 2


def before(world: World, store: Store) -> str:
    """Deploy and run a first version, and train a second; return the first release."""
    first = deploy(world, store).release.release
    ran(store, 1, first)
    world.version = "2.0.0"
    world.fuse = Fuse()
    return first


def test_a_release_that_a_gate_holds_back_stays_registered(store: Store) -> None:
    """It is not live; deployed again it is judged again."""
    world = World()
    first = before(world, store)
    for verdict in (Outcome.HOLD, Outcome.INCONCLUSIVE):
        world.verdict, told = verdict, Observer()
        done = deploying.deploy(world.tools(store), order(), told)
        assert (done.state, done.verdict and done.verdict.outcome) == (None, verdict)
        assert told.ended[Step.GATE] is State.STOPPED
        assert Step.PROMOTE not in told.ended
        assert registry.present(store).release == first
        assert done.release.release in registry.names(store)
    world.verdict = Outcome.PROMOTE
    assert deploy(world, store).changed


def test_a_candidate_ends_with_the_gates_word(store: Store) -> None:
    """It is registered and judged, and nothing is live but what was; nobody is asked."""
    world = World()
    first = before(world, store)
    asked = replace(order(), promoted=False, confirm=lambda _: pytest.fail("asked"))
    done = deploying.deploy(world.tools(store), asked, Observer())
    assert (done.state, done.held, world.shadowed) == (None, False, [done.release.release])
    assert registry.present(store).release == first


def test_another_release_s_canary_is_told_before_anything_is_scored(store: Store) -> None:
    """Deploying as far as the gate's word goes on beside it."""
    world = World()
    first = before(world, store)
    live.decide(store, present(store), live.entry("canary", ANYBODY), lambda s: replace(s, candidate=Candidate("x", 5)))  # type: ignore[type-var]
    with pytest.raises(UsageError, match="another release is in its canary"):
        deploy(world, store)
    assert (world.shadowed, registry.names(store)) == ([], [first])
    deploying.deploy(world.tools(store), replace(order(), promoted=False), Observer())
    assert len(world.shadowed) == 1


def test_a_gate_that_requires_more_than_a_shadow_is_asked_of_the_first_release(store: Store) -> None:
    """There is nothing to compare it with, and a load test is required all the same: held, it stays registered."""
    said = [Verdict(Outcome.INCONCLUSIVE, "loadtest: none yet"), Verdict(Outcome.PROMOTE, "every rule holds")]
    tools = replace(World().tools(store), gate=lambda _: said.pop(0))
    assert deploying.plan(tools, JOB).steps[-2] == (Step.GATE, State.TO_DO, "")
    held, second = Observer(), Observer()
    done = deploying.deploy(tools, order(), held)
    assert (done.held, held.ended[Step.SHADOW], held.ended[Step.GATE]) == (True, State.SKIPPED, State.STOPPED)
    assert (registry.names(store), present(store)) == ([done.release.release], None)
    assert deploying.deploy(tools, order(), second).state is not None
    assert second.ended[Step.GATE] is State.DONE


def test_a_failed_preflight_registers_nothing(store: Store) -> None:
    """It is kept as evidence, with what to do."""
    world = World(fails="it trusts nobody")
    with pytest.raises(PreflightFailedError) as raised:
        deploy(world, store)
    assert (raised.value.got, raised.value.remedy) == ("roles: it trusts nobody", "do something")
    assert (registry.names(store), present(store), world.defined) == ([], None, [])
    (kept,) = store.names("evidence")
    found = evidence.latest(store, kept, "preflight")
    assert found is not None
    assert found.outcome == "failed"


def test_who_says_no_changes_nothing(store: Store) -> None:
    """The release is registered, and what was asked is what would have changed."""
    asked: list[Promotion] = []

    def refuse(planned: Promotion) -> None:
        asked.append(planned)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deploying.deploy(World().tools(store), replace(order(), confirm=refuse), Observer())
    assert present(store) is None
    assert registry.names(store) == [asked[0].after.release]


def test_of_two_deployers_at_once_one_wins_and_the_other_is_told(store: Store) -> None:
    """Both saw the same release live; the later one's shadow compared with what is live no more."""
    world = World()
    first = before(world, store)
    ours, theirs = world, replace(world, version="3.0.0")
    meeting, outcomes = threading.Barrier(2), []

    def go(one: World, actor: str) -> None:
        def meet(_: Promotion) -> None:
            meeting.wait(240)

        try:
            done = deploying.deploy(one.tools(store), replace(order(actor=actor), confirm=meet), Observer())
            outcomes.append(done.release.release)
        except LiveChangedError as error:
            outcomes.append(str(error.got))

    threads = [threading.Thread(target=go, args=pair) for pair in ((ours, "ana"), (theirs, "ben"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    state = registry.present(store)
    assert (state.previous, len(registry.names(store))) == (first, 3)
    (told,) = [outcome for outcome in outcomes if outcome != state.release]
    assert told.startswith(f"deploy by {state.entry.actor} at")
    assert told.endswith(state.release)


def test_two_that_deploy_the_same_make_one_release(store: Store) -> None:
    """Its name is its content's."""
    one = World()
    other = replace(one)
    assert deploy(one, store).release == deploy(other, store).release
    assert len(registry.names(store)) == 1
    assert registry.present(store).sequence == 1


def test_a_plan_says_what_is_done_already(store: Store) -> None:
    """And writes nothing."""
    world = World()
    planned = deploying.plan(world.tools(store), JOB)
    assert {state for step, state, _ in planned.steps if step not in (Step.SHADOW, Step.GATE)} == {State.TO_DO}
    assert (planned.release, store.names("releases"), world.compiled) == (None, [], [])
    first = before(world, store)
    world.version = "1.0.0"
    states = {step: state for step, state, _ in deploying.plan(world.tools(store), JOB).steps}
    assert states[Step.REGISTER] is states[Step.PROMOTE] is State.DONE
    world.version = "2.0.0"
    world.compile()
    planned = deploying.plan(world.tools(store), JOB)
    states = {step: state for step, state, _ in planned.steps}
    assert (states[Step.COMPILE], states[Step.PLACE], states[Step.SHADOW]) == (State.DONE, State.TO_DO, State.TO_DO)
    assert registry.present(store).release == first


def test_a_comparison_builds_and_pushes_nothing(store: Store) -> None:
    """What is not built yet is said, and its name has no hash."""
    world = World()
    deploy(world, store)
    world.version, pushed = "2.0.0", list(world.placed)
    release, differences = deploying.compare(world.tools(store), JOB)
    assert world.placed == pushed
    assert release.release == "en_support-2.0.0"
    assert {d.name: d.after for d in differences}["image"] == "not built yet"


def test_a_live_release_that_has_published_nothing_is_compared_where_it_can_score(store: Store) -> None:
    """Otherwise it is said why nothing was."""
    world = World()
    deploy(world, store)
    world.version = "2.0.0"
    tools = world.tools(store)
    planned = {step: (state, words) for step, state, words in deploying.plan(tools, JOB).steps}
    assert planned[Step.SHADOW][0] is State.SKIPPED
    assert "has published nothing, and its bundle is not on this machine" in planned[Step.SHADOW][1]
    deploying.deploy(replace(tools, live_is_here=lambda: True), order(), Observer())
    assert len(world.shadowed) == 1


def test_other_settings_are_another_release(store: Store) -> None:
    """And what differs is told by its name."""
    world = World()
    deploy(world, store)
    release, differences = deploying.compare(world.tools(store), replace(JOB, max_quarantine=0.2))
    assert [(d.name, d.before, d.after) for d in differences] == [("job.max_quarantine", "0.1", "0.2")]
    assert release.release != registry.present(store).release
    assert deploying.compare(world.tools(store), JOB)[1] == ()

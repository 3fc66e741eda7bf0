"""podman: builds, saves, runs and pushes images without a daemon."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from nimbus import scratch
from nimbus.adapters import engine_process, podman_leftovers
from nimbus.engines import refusals
from nimbus.engines.orders import Architecture, Base, BuildOrder, Built, Found, Login, Stored, here

_STEP = re.compile(r"^--> ([0-9a-f]{11,64})$", re.MULTILINE)


class Podman:
    """The program `podman` of this machine."""

    name = "podman"

    @classmethod
    def find(cls) -> Found:
        """Look for it, and ask whether it works."""
        program = shutil.which("podman")
        if program is None:
            return Found(cls.name, "", usable=False, detail="not installed")
        said = engine_process.run(program, "info", "--format", "{{.Version.Version}}")
        if said.code != 0:
            return Found(cls.name, "", usable=False, detail=refusals.last_line(said.err))
        return Found(cls.name, said.out.strip(), usable=True, detail=program)

    def base(self, name: str, architectures: Sequence[Architecture]) -> Base:
        """Fetch a base image where it is not here, for this machine and for others, and ask it what it can carry."""
        members = {}
        if set(architectures) != {here()}:
            members = self._members(name, {here(), *architectures})
        native = members.get(here(), name)
        for reference in members.values() or [name]:
            self._have(reference)
        inspected = self._inspect(native)
        if inspected["Architecture"] != here().value:
            raise refusals.of_other_processor(name, str(inspected["Architecture"]), here().platform)
        probe = ("--entrypoint", "python3", str(inspected["Id"]), "-c", engine_process.PROBE)
        probed = engine_process.run("podman", "run", "--rm", "--network=none", *probe)
        return dataclasses.replace(engine_process.base(name, inspected, probed), members=members)

    def build(self, order: BuildOrder) -> tuple[Built, ...]:
        """Build, with an index where there is more than one architecture; return what was built.

        Nothing is taken from earlier builds: podman writes their numbers into an image's history.
        """
        several = len(order.architectures) > 1
        built = tuple(
            self._build(order, one, f"{order.tag}-{one.value}" if several else order.tag) for one in order.architectures
        )
        if several:
            engine_process.run("podman", "manifest", "rm", order.tag)
            members = [f"containers-storage:{one.id}" for one in built]
            said = engine_process.run("podman", "manifest", "create", order.tag, *members)
            if said.code != 0:
                raise refusals.of_build(said.words, "podman manifest create")
        return built

    def _build(self, order: BuildOrder, architecture: Architecture, tag: str) -> Built:
        base = order.base
        bases = {
            "BASE_IMAGE": base.members.get(architecture, base.reference),
            "BUILD_IMAGE": base.members.get(here(), base.reference),
            "BUILDPLATFORM": here().platform,
        }
        fixed = ["--network=none", "--pull=never", "--layers", "--no-cache", "--format=oci"]
        fixed += [f"--timestamp={order.time}", f"--platform={architecture.platform}", f"--tag={tag}"]
        fixed += [f"--build-arg={key}={value}" for key, value in bases.items()]
        fixed += [f"--build-arg={podman_leftovers.MARK}=1"]
        labels = [f"--label={key}={value}" for key, value in order.labels.items()]
        with _scratch("build") as folder, scratch.held(order.context) as context, _turn() as turn:
            named = folder / "id"  # a tag may be another build's by now
            command = ("podman", "build", f"--iidfile={named}", *fixed, *labels, str(order.context))
            said = engine_process.run(*command, inside=folder, kept=[context, turn])
            if said.code != 0 or not named.is_file():  # one that was ended by a signal says 0 as well
                raise refusals.of_build(said.words, "podman build")
            image = named.read_text(encoding="utf-8").strip().removeprefix("sha256:")
            first_stage = _STEP.findall(said.out.partition("[2/2] STEP 1/")[0])
            if first_stage:  # half a gigabyte, and its parents with it
                engine_process.run("podman", "rmi", first_stage[-1])
        return Built(architecture, image)

    def has(self, image: str) -> bool:
        """Say whether an image is here."""
        return engine_process.run("podman", "image", "exists", image).code == 0

    @contextlib.contextmanager
    def exported(self, image: str) -> Iterator[Path]:
        """Give an image's file system as an archive, for a while."""
        with engine_process.exported("podman", image) as place:
            yield place

    def run(self, image: str, *arguments: str) -> tuple[int, str]:
        """Run a command of an image as production does, without a network; return its exit code and what it said."""
        hardened = ("--read-only", "--user=65532:65532", "--cap-drop=ALL", "--security-opt=no-new-privileges")
        said = engine_process.run("podman", "run", "--rm", "--network=none", *hardened, image, *arguments)
        return said.code, said.out if said.code == 0 or said.out else said.err

    def pull(self, reference: str, login: Login | None) -> None:
        """Have a registry's image here."""
        if self.has(reference):
            return
        with _as(login) as options:
            said = engine_process.run("podman", "pull", "--quiet", *_transport(reference), *options, reference)
        if said.code != 0:
            raise refusals.of_pull(said.err, reference, "podman pull")

    def stored(self, reference: str, login: Login | None) -> Stored | None:
        """Return what a registry has under a tag, None where it has nothing.

        What is there is fetched into a store of its own: beside the same image as it was built, podman
        would mix up how the two are packed.
        """
        with _as(login) as options, scratch.folder("podman-store", let_go=_empty) as folder:
            store, how = _store(folder), ("--quiet", *_transport(reference), *options)
            said = engine_process.run("podman", *store, "pull", *how, reference, inside=folder)
            if said.code != 0:
                if refusals.absent(said.err):
                    return None
                raise refusals.of_push(said.err, reference, "podman pull")
            found = json.loads(engine_process.run("podman", *store, "image", "inspect", reference).out)[0]
        digests = [one.partition("@")[2] for one in found["RepoDigests"]]
        index = [one for one in digests if one != found["Digest"]]
        return Stored(index[0] if index else found["Digest"], (found["Id"],))

    def push(self, tag: str, reference: str, login: Login | None) -> str:
        """Push what a tag stands for, compressed with zstd; return the digest that it has in the registry."""
        several = engine_process.run("podman", "manifest", "exists", tag).code == 0
        verb = ("manifest", "push", "--all") if several else ("push",)
        packed = () if several else ("--compression-format=zstd",)
        with _scratch("push") as folder, _as(login) as options:
            digest = folder / "digest"
            how = ("--format=oci", *packed, f"--digestfile={digest}", *_transport(reference), *options)
            said = engine_process.run("podman", *verb, *how, tag, f"docker://{reference}", inside=folder)
            if said.code != 0:
                raise refusals.of_push(said.err, reference, "podman push")
            return digest.read_text(encoding="utf-8").strip()

    @staticmethod
    def _members(name: str, wanted: AbstractSet[Architecture]) -> dict[Architecture, str]:
        said = engine_process.run("podman", "manifest", "inspect", name)
        listed = json.loads(said.out).get("manifests", ()) if said.code == 0 else ()
        digests = {one["platform"]["architecture"]: one["digest"] for one in listed}
        for architecture in wanted:
            if architecture.value not in digests:
                raise refusals.of_other_processor(name, ", ".join(digests) or "no index", architecture.platform)
        return {one: f"{engine_process.repository(name)}@{digests[one.value]}" for one in sorted(wanted)}

    def _have(self, name: str) -> None:
        if not self.has(name):
            said = engine_process.run("podman", "pull", "--quiet", *_transport(name), name)
            if said.code != 0:
                raise refusals.of_base(said.err, name, "podman pull")

    @staticmethod
    def _inspect(name: str) -> dict[str, Any]:
        said = engine_process.run("podman", "image", "inspect", name)
        if said.code != 0:
            raise refusals.of_image(said.err, name, "podman")
        inspected: dict[str, Any] = json.loads(said.out)[0]
        return inspected


@contextlib.contextmanager
def _scratch(kind: str) -> Iterator[Path]:
    """Give a folder for what podman puts down while it works, and leaves there when it is killed: where it would."""
    with scratch.folder(f"podman-{kind}", inside=_place("ImageCopyTmpDir")) as folder:
        yield folder


@contextlib.contextmanager
def _turn() -> Iterator[int]:
    """Build alone on this machine, after what a build of ours left that was killed is gone.

    A build beside another of the same files writes that one's names into its image's history, which is another image
    then; and whoever is done first would take the other's first stage away.
    """
    store = _place("GraphRoot")
    with scratch.turn(store or Path(tempfile.gettempdir())) as turn:
        if store is not None and scratch.taken(store):
            podman_leftovers.remove(store)
        yield turn


def _place(name: str) -> Path | None:
    """Return a folder of podman's, None where it is not on this machine."""
    said = engine_process.run("podman", "info", "--format", f"{{{{.Store.{name}}}}}")
    place = Path(said.out.strip())
    return place if said.code == 0 and said.out.strip() and place.is_dir() else None


def _store(folder: Path) -> tuple[str, ...]:
    """Let podman keep images in a folder that goes with them."""
    return (f"--root={folder}/images", f"--runroot={_run_root(folder)}", f"--tmpdir={folder}/scratch")


def _run_root(folder: Path) -> Path:
    return Path("/tmp", f"{folder.name}-run")  # noqa: S108 - podman refuses more than 50 characters, and TMPDIR may be long


def _empty(folder: Path) -> None:
    """Let a folder that podman kept images in be removed: for root it is mounted on itself, and stays so."""
    engine_process.run("podman", *_store(folder), "rmi", "--all", "--force")
    shutil.rmtree(_run_root(folder), ignore_errors=True)
    mounted = folder / "images" / "overlay"
    if mounted.is_mount():
        engine_process.run("umount", mounted)


@contextlib.contextmanager
def _as(login: Login | None) -> Iterator[tuple[str, ...]]:
    """Log in for one command, in a file that nobody else reads and that goes with it."""
    if login is None:
        yield ()
        return
    with scratch.folder("podman-login") as folder:
        place = f"--authfile={folder}/auth.json"
        how = (f"--username={login.user}", "--password-stdin", *_transport(login.registry), place)
        said = engine_process.run("podman", "login", *how, login.registry, given=login.password)
        if said.code != 0:
            raise refusals.of_push(said.err, login.registry, "podman login")
        yield (place,)


def _transport(reference: str) -> tuple[str, ...]:
    """Speak without TLS to this machine only, as docker does."""
    host = re.sub(r":\d+$", "", reference.partition("/")[0])
    return ("--tls-verify=false",) if host in {"127.0.0.1", "localhost", "[::1]"} else ()

"""docker: builds with buildx, saves, runs and pushes images through its daemon."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from nimbus import scratch
from nimbus.adapters import engine_process
from nimbus.engines import refusals
from nimbus.engines.orders import Architecture, Base, BuildOrder, Built, Found, Login, Stored

_DIGEST = re.compile(r"digest: (sha256:[0-9a-f]{64})")


class Docker:
    """The program `docker` of this machine, with its daemon and its builder."""

    name = "docker"

    @classmethod
    def find(cls) -> Found:
        """Look for it, its daemon and buildx, and ask whether they work."""
        program = shutil.which("docker")
        if program is None:
            return Found(cls.name, "", usable=False, detail="not installed")
        daemon = engine_process.run(program, "info", "--format", "{{.ServerVersion}}")
        if daemon.code != 0:
            return Found(cls.name, "", usable=False, detail=refusals.last_line(daemon.err))
        version = daemon.out.strip()
        if engine_process.run(program, "buildx", "version").code != 0:
            return Found(cls.name, version, usable=False, detail="its plugin buildx is not installed")
        return Found(cls.name, version, usable=True, detail=program)

    def base(self, name: str, architectures: Sequence[Architecture]) -> Base:
        """Fetch a base image where it is not here, and ask it what it can carry."""
        native = self._have(name, architectures[0])
        for architecture in architectures[1:]:
            self._have(name, architecture)
        probe = ("--entrypoint", "python3", name, "-c", engine_process.PROBE)
        return engine_process.base(name, native, engine_process.run("docker", "run", "--rm", "--network=none", *probe))

    def build(self, order: BuildOrder) -> tuple[Built, ...]:
        """Build; several architectures need a daemon that keeps images in containerd's store."""
        labels = [f"--label={key}={value}" for key, value in order.labels.items()]
        kind = "docker" if len(order.architectures) == 1 else "image"
        fixed = [
            *("--network=none", "--provenance=false", "--sbom=false"),
            f"--build-arg=BASE_IMAGE={order.base.reference}",
            f"--build-arg=SOURCE_DATE_EPOCH={order.time}",
            f"--platform={','.join(a.platform for a in order.architectures)}",
            f"--output=type={kind},name={order.tag},rewrite-timestamp=true",
        ]
        with scratch.held(order.context) as kept:
            said = engine_process.run("docker", "buildx", "build", *fixed, *labels, order.context, kept=[kept])
        if said.code != 0:
            raise refusals.of_build(said.words, "docker buildx build")
        return tuple(self._built(order.tag, architecture) for architecture in order.architectures)

    def has(self, image: str) -> bool:
        """Say whether an image is here."""
        return engine_process.run("docker", "image", "inspect", image).code == 0

    @contextlib.contextmanager
    def exported(self, image: str) -> Iterator[Path]:
        """Give an image's file system as an archive, for a while."""
        with engine_process.exported("docker", image) as place:
            yield place

    def run(self, image: str, *arguments: str) -> tuple[int, str]:
        """Run a command of an image as production does, without a network; return its exit code and what it said."""
        hardened = ("--read-only", "--user=65532:65532", "--cap-drop=ALL", "--security-opt=no-new-privileges")
        said = engine_process.run("docker", "run", "--rm", "--network=none", *hardened, image, *arguments)
        return said.code, said.out if said.code == 0 or said.out else said.err

    def pull(self, reference: str, login: Login | None) -> None:
        """Have a registry's image here."""
        if self.has(reference):
            return
        with _as(login) as options:
            said = engine_process.run("docker", *options, "pull", "--quiet", reference)
        if said.code != 0:
            raise refusals.of_pull(said.err, reference, "docker pull")

    def stored(self, reference: str, login: Login | None) -> Stored | None:
        """Return what a registry has under a tag, None where it has nothing."""
        with _as(login) as options:
            said = engine_process.run("docker", *options, "pull", "--quiet", reference)
        if said.code == 0:
            found = json.loads(engine_process.run("docker", "image", "inspect", reference).out)[0]
            repository = reference.rpartition(":")[0]
            digest = next(one for one in found["RepoDigests"] if one.startswith(f"{repository}@"))
            return Stored(digest.partition("@")[2], (found["Id"].removeprefix("sha256:"),))
        if refusals.absent(said.err):
            return None
        raise refusals.of_push(said.err, reference, "docker pull")

    def push(self, tag: str, reference: str, login: Login | None) -> str:
        """Push what a tag stands for; return the digest that it has in the registry."""
        engine_process.run("docker", "tag", tag, reference)
        with _as(login) as options:
            said = engine_process.run("docker", *options, "push", reference)
        digest = _DIGEST.search(said.out)
        if said.code != 0 or digest is None:
            raise refusals.of_push(said.words, reference, "docker push")
        return digest[1]

    def _have(self, name: str, architecture: Architecture) -> dict[str, object]:
        for fetched in (False, True):
            there = engine_process.run("docker", "image", "inspect", name)
            if there.code == 0 and (found := json.loads(there.out)[0])["Architecture"] == architecture.value:
                inspected: dict[str, object] = found
                return inspected
            if not fetched:
                said = engine_process.run("docker", "pull", "--quiet", f"--platform={architecture.platform}", name)
                if said.code != 0:
                    raise refusals.of_base(said.err, name, "docker pull")
        raise refusals.of_base(f"it has no image for {architecture.platform}", name, "docker pull")

    @staticmethod
    def _built(tag: str, architecture: Architecture) -> Built:
        said = engine_process.run("docker", "image", "inspect", f"--platform={architecture.platform}", tag)
        if said.code != 0:
            said = engine_process.run("docker", "image", "inspect", tag)
        if said.code != 0:
            raise refusals.of_image(said.err, tag, "docker")
        found = json.loads(said.out)[0]
        return Built(architecture, found["Id"].removeprefix("sha256:"))


@contextlib.contextmanager
def _as(login: Login | None) -> Iterator[tuple[str, ...]]:
    """Log in for one command, in a folder that nobody else reads and that goes with it."""
    if login is None:
        yield ()
        return
    with scratch.folder("docker-login") as folder:
        option = f"--config={folder}"
        how = ("login", f"--username={login.user}", "--password-stdin", login.registry)
        said = engine_process.run("docker", option, *how, given=login.password)
        if said.code != 0:
            raise refusals.of_push(said.err, login.registry, "docker login")
        yield (option,)

"""Runs an engine's program, and keeps its words."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nimbus import scratch
from nimbus.engines import errors, refusals
from nimbus.engines.orders import Base

# Asked of a base image: which wheels it can carry.
PROBE = (
    "import json, os, platform, sys; "
    "print(json.dumps([list(sys.version_info[:2]), platform.libc_ver()[1], oct(os.stat('/tmp').st_mode & 0o7777)]))"
)


@dataclass(frozen=True, slots=True)
class Said:
    """How a program ended."""

    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """Return what it said, errors last."""
        return f"{self.out}\n{self.err}"


def run(*command: str | Path, given: str | None = None, inside: Path | None = None, kept: Sequence[int] = ()) -> Said:
    """Run a program to its end; nothing is raised for its exit code.

    It speaks into files: should this process be killed, the program does not die of a broken pipe, which
    leaves half of what an engine does behind, but comes to its end. `inside` is a scratch folder for its temporary
    files, which it holds; it keeps other descriptors as well.
    """
    words = list(map(str, command))
    with contextlib.ExitStack() as stack:
        out, err = (stack.enter_context(tempfile.TemporaryFile("w+", errors="replace")) for _ in range(2))
        told = {} if inside is None else {"TMPDIR": str(inside)}
        own = [] if inside is None else [stack.enter_context(scratch.held(inside))]
        done = subprocess.run(  # noqa: S603 - an engine that was found
            words,
            check=False,
            stdout=out,
            stderr=err,
            input=given,
            text=True,
            env=os.environ | told,
            pass_fds=[*own, *kept],
        )
        for said in (out, err):
            said.seek(0)
        return Said(done.returncode, out.read(), err.read())


@contextlib.contextmanager
def exported(program: str, image: str) -> Iterator[Path]:
    """Give an image's file system as an archive, for a while: of a container that is made and never started.

    The container is called as the folder is, so that it goes with that.
    """

    def remove(folder: Path) -> None:
        run(program, "rm", "--volumes", folder.name)

    with scratch.folder(f"{program}-image", let_go=remove) as folder:
        said = run(program, "create", "--network=none", f"--name={folder.name}", image)
        place = folder / "image.tar"
        if said.code == 0:
            said = run(program, "export", f"--output={place}", folder.name)
        if said.code != 0:
            raise refusals.of_image(said.err, image, program)
        yield place


def base(name: str, inspected: Mapping[str, Any], probed: Said) -> Base:
    """Return a base image as it was inspected and probed; BaseUnsuitableError where it cannot carry the runtime."""
    try:
        python, glibc, scratch = json.loads(probed.out.strip().splitlines()[-1])
        libc = tuple(int(part) for part in glibc.split(".")[:2])
    except (ValueError, IndexError):
        known = refusals.common(probed.err, name)
        raise known or _unsuitable(name, "no Python that starts as python3, or no glibc", probed.words) from None
    if tuple(python) < (3, 11):
        raise _unsuitable(name, f"Python {'.'.join(map(str, python))}", "")
    if scratch != "0o1777":
        raise _unsuitable(name, f"a folder for scratch files with mode {scratch}", "")
    # An index and its member, or one image packed in two ways, have a digest each: always the same one is taken.
    digests = sorted(one for one in inspected.get("RepoDigests") or () if one)
    own = [one for one in digests if one.partition("@")[0] == repository(name)]
    reference = name if "@" in name else next(iter([*own, *digests]), "")
    digest = reference.partition("@")[2] or str(inspected["Id"])
    return Base(name, reference or name, digest, (python[0], python[1]), (libc[0], libc[1]))


def repository(name: str) -> str:
    """Return an image's name without its tag or digest."""
    name = name.partition("@")[0]
    head, _, tail = name.rpartition(":")
    return head if head and "/" not in tail else name


def _unsuitable(name: str, got: str, words: str) -> errors.BaseUnsuitableError:
    said = [line for line in words.splitlines() if line.strip()]
    return errors.BaseUnsuitableError(
        "the base image cannot carry the runtime",
        where=name,
        got=f"{got} ({said[-1].strip()})" if said else got,
        expected="python3 of 3.11 or newer with glibc, and /tmp with mode 1777",
        remedy="take python:3.11-slim, or another image with Debian's or a newer glibc, with --base-image",
    )

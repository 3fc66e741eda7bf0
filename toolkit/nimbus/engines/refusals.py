"""An engine's own words for what went wrong, as one of our errors with what to do."""

from __future__ import annotations

import re

from nimbus.engines import errors

_FULL = re.compile(r"no space left on device|disk quota exceeded|ENOSPC", re.IGNORECASE)
_DOWN = re.compile(
    r"cannot connect to|connection refused.*(docker|podman)\.sock|docker daemon running|permission denied.*\.sock|"
    r"setting rlimit|cgroups? .*not supported",
    re.IGNORECASE,
)
_DENIED = re.compile(r"unauthorized|authentication required|no basic auth|denied|403|invalid username", re.IGNORECASE)
_TAKEN = re.compile(r"immutable|ImageTagAlreadyExists|tag .*already exists", re.IGNORECASE)
_NO_REPOSITORY = re.compile(r"name unknown|RepositoryNotFound|repository .*does not exist", re.IGNORECASE)
_MISSING = re.compile(r"no such image|not known|no such object", re.IGNORECASE)
_ABSENT = re.compile(r"manifest unknown|name unknown|not found|no such manifest", re.IGNORECASE)


def common(words: str, where: str) -> errors.ImageError | None:
    """Return what can go wrong with any request, None where the words say nothing of it."""
    if _FULL.search(words):
        return errors.DiskFullError(
            "no room is left on the disk",
            where=where,
            got=last_line(words),
            remedy="make room where the engine keeps images (docker system prune, podman system prune) and in TMPDIR",
        )
    if _DOWN.search(words):
        return errors.EngineDownError(
            "the container engine does not work",
            where=where,
            got=last_line(words),
            remedy="start it, or let this user reach it; `nimbus image build` says which engines it found",
        )
    return None


def of_base(words: str, name: str, where: str) -> errors.ImageError:
    """Return why a base image cannot be had."""
    return common(words, where) or errors.BaseUnreachableError(
        "the base image is not on this machine and cannot be fetched",
        where=name,
        got=last_line(words),
        remedy="check its name and the network, log the engine in if its registry wants that, "
        "or name a copy in a registry of yours with --base-image",
    )


def of_pull(words: str, reference: str, where: str) -> errors.ImageError:
    """Return why a release's image cannot be had."""
    return common(words, where) or errors.ImageMissingError(
        "the image is not on this machine and cannot be fetched",
        where=reference,
        got=last_line(words),
        remedy="check the network, and that you may read the repository (docs/aws.md)",
    )


def of_other_processor(name: str, got: str, wanted: str) -> errors.BaseUnsuitableError:
    """Return that a base image is not for a processor."""
    return errors.BaseUnsuitableError(
        f"the base image is not there for {wanted}",
        where=name,
        got=got,
        expected="an index with an image for each --platform and for this machine, where the image is put together",
        remedy="name such an index with --base-image, such as python:3.11-slim, or leave the platform out",
    )


def of_build(words: str, where: str) -> errors.ImageError:
    """Return why a build failed."""
    known = common(words, where)
    if known is not None:
        return known
    tail = [line for line in words.strip().splitlines() if line.strip()][-4:]
    return errors.BuildFailedError(
        "the engine could not build the image",
        where=where,
        got="\n    ".join(tail),
        remedy="what it said last is above; mend that, and build again",
    )


def of_push(words: str, reference: str, where: str) -> errors.ImageError:
    """Return why a push failed. The tag is written last: nothing that was pushed before has a name."""
    known = common(words, where)
    if known is not None:
        return known
    if _TAKEN.search(words):
        return taken(reference, last_line(words))
    if _NO_REPOSITORY.search(words):
        return errors.RepositoryMissingError(
            "the registry has no such repository",
            where=reference,
            got=last_line(words),
            remedy="let `terraform apply` create it, or whoever may create repositories",
        )
    denied = _DENIED.search(words)
    return errors.PushRefusedError(
        "the registry refused the image" if denied else "the image could not be pushed",
        where=reference,
        got=last_line(words),
        remedy="log in to the registry with the engine, or push with a role that may (docs/aws.md: deployer)"
        if denied
        else "check the registry's address and the network, then push again: what arrived is not sent twice",
    )


def of_image(words: str, image: str, where: str) -> errors.ImageError:
    """Return why an image that should be on this machine cannot be looked at."""
    known = common(words, where)
    if known is not None:
        return known
    missing = _MISSING.search(words) is not None
    return errors.ImageMissingError(
        "there is no such image on this machine" if missing else "the image cannot be read",
        where=image,
        got=last_line(words),
        remedy="build it: nimbus image build --bundle BUNDLE",
    )


def absent(words: str) -> bool:
    """Say whether a registry said that it has no such tag, or no such repository yet."""
    return _ABSENT.search(words) is not None


def taken(reference: str, got: str) -> errors.TagTakenError:
    """Return that a tag stands for something else."""
    return errors.TagTakenError(
        "this tag stands for an image with other content, and tags of releases never change",
        where=reference,
        got=got,
        remedy="name another tag with --tag: another base image or other packages make another image",
    )


def last_line(words: str) -> str:
    """Return the last line that says something."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    return lines[-1][:400] if lines else "nothing was said"

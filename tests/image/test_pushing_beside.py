"""Rules of a push beside another of the same image, by an engine that says what ECR says."""

from __future__ import annotations

from pathlib import Path

import pytest

from nimbus.engines import errors, refusals
from nimbus.engines.orders import Architecture, Login, Stored
from nimbus.image import push, record
from nimbus.image.record import ImageRecord, Part

RECORD = ImageRecord(
    *("localhost/nimbus/x:1", "b1-r1", "b" * 64, "x", "1", "1", "base", "sha256:0", "podman"),
    (Part(Architecture.AMD64, "1", 5, "0"),),
)


class Beside:
    """A registry whose tag is taken between the question and the push."""

    def __init__(self, ids: tuple[str, ...]) -> None:
        """Have it taken by an image of these ids."""
        self._ids, self._taken = ids, False

    def login(self, repository: str) -> None:
        """Return None: nobody logs in."""

    def prepare(self, repository: str) -> None:
        """Do nothing."""

    def stored(self, repository: str, tag: str) -> Stored | None:
        """Return what the tag stands for by now."""
        del repository, tag
        return Stored("sha256:2", self._ids) if self._taken else None

    def push(self, tag: str, reference: str, login: Login | None) -> str:
        """Refuse, as a repository does whose tags never change."""
        del tag, login
        self._taken = True
        words = "tag invalid: The image tag 'b1-r1' already exists and cannot be overwritten: it is immutable."
        raise refusals.of_push(words, reference, "podman push")


def test_the_same_image_that_was_pushed_meanwhile_is_the_one(tmp_path: Path) -> None:
    """Two who deploy the same at once, or one whose first attempt was killed and its engine went on."""
    beside = Beside(("1",))
    pushed = push.push(RECORD, "registry.test/x", beside, beside, tmp_path)
    assert (pushed.reference, record.read(tmp_path)) == ("registry.test/x@sha256:2", pushed)


def test_another_image_that_was_pushed_meanwhile_is_not(tmp_path: Path) -> None:
    """A tag is never taken from another."""
    beside = Beside(("another",))
    with pytest.raises(errors.TagTakenError, match="other content"):
        push.push(RECORD, "registry.test/x", beside, beside, tmp_path)

"""Failures that a user can act on.

One class a cause. Each says what happened, where, what was found, what was expected
and what to do; only the command line and the terminal interface print them.
"""

from __future__ import annotations

from typing import ClassVar


class NimbusError(Exception):
    """A failure with words for the person who meets it."""

    exit_code: ClassVar[int] = 1
    lasting: ClassVar[bool] = False  # whether the same call, made again, would fail alike

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        got: str | None = None,
        expected: str | None = None,
        remedy: str | None = None,
    ) -> None:
        """Keep the parts apart, so that a screen can lay them out and a program can read them."""
        super().__init__(what)
        self.what = what
        self.where = where
        self.got = got
        self.expected = expected
        self.remedy = remedy

    def parts(self) -> list[tuple[str, str]]:
        """Return the named parts that were given, in the order in which they are read."""
        named = (
            ("where", self.where),
            ("got", self.got),
            ("expected", self.expected),
            ("to do", self.remedy),
        )
        return [(name, value) for name, value in named if value is not None]

    def to_json(self) -> dict[str, str]:
        """Return the failure as one flat object, the class's name under "error"."""
        return {"error": type(self).__name__, "what": self.what, **dict(self.parts())}

    def __str__(self) -> str:
        """Return the failure as lines, the first of which says what happened."""
        return "\n".join([self.what, *(f"  {name}: {value}" for name, value in self.parts())])

    def __reduce__(self) -> tuple[object, ...]:
        """Keep every part when a worker process sends the failure to its supervisor."""
        return (_rebuild, (type(self), self.what, self.where, self.got, self.expected, self.remedy))


def _rebuild(cls: type[NimbusError], what: str, *parts: str | None) -> NimbusError:
    where, got, expected, remedy = parts
    return cls(what, where=where, got=got, expected=expected, remedy=remedy)


class UsageError(NimbusError):
    """The call itself cannot be carried out as it was given."""

    exit_code = 2
    lasting = True


class BundleInvalidError(NimbusError):
    """A bundle is incomplete, changed, of a foreign schema, or not a bundle."""

    lasting = True


class BundleUnsupportedError(NimbusError):
    """A sound bundle asks for something that this runtime does not have."""

    lasting = True


class InputNotFoundError(UsageError):
    """A named input does not exist, or a pattern matches nothing."""


class InputUnreadableError(NimbusError):
    """An input exists and cannot be read: permissions, broken compression, not the format it claims."""


class InputSchemaError(UsageError):
    """An input is readable and has no usable text field."""


class InputChangedError(NimbusError):
    """An input is no longer what it was when the run was planned."""

    lasting = True


class StoreError(NimbusError):
    """The root of a pipeline cannot be read or written."""


class StoreFullError(StoreError):
    """There is no room left where results are written."""


class StoreUnsupportedError(StoreError):
    """A root that cannot create once or compare and swap is refused before anything is written."""


class LiveChangedError(NimbusError):
    """Another has changed what is live since it was looked at."""


class RecordInvalidError(NimbusError):
    """A record of the protocol is damaged or of a schema this version does not read."""

    lasting = True


class RunNotFoundError(UsageError):
    """No such run, or nothing that could be resumed."""


class RunOwnedError(NimbusError):
    """Another process still executes the run."""


class RunMismatchError(UsageError):
    """A run is resumed with another bundle, input or setting than it was planned with."""


class RunFailedError(NimbusError):
    """A run ended without a dataset."""

    lasting = True


class QuarantineExceededError(RunFailedError):
    """More documents failed than the run tolerates."""


class WorkerLostError(RunFailedError):
    """Worker processes keep dying in a way that no single document explains."""

    lasting = False  # another machine may have the memory


class ExportError(NimbusError):
    """A published dataset cannot be written to the file or table that was asked for."""


class DriftError(NimbusError):
    """Windows of documents cannot be compared."""


class BaselineNotFoundError(UsageError):
    """There is nothing to compare a run with."""


class BaselineMismatchError(UsageError):
    """A baseline is of another pipeline than the run, or its name is taken."""


class RunInterruptedError(NimbusError):
    """A run was stopped from outside; what is committed stays."""

    exit_code = 130


class RunTerminatedError(RunInterruptedError):
    """A run was asked to end by SIGTERM, as containers are."""

    exit_code = 143

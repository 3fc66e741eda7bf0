"""Locked requirements: one file for every processor and Python; what of it an image for one of them needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from nimbus.engines.errors import RequirementMissingError, WheelMissingError
from nimbus.engines.orders import Architecture
from nimbus_runtime.contract.errors import UsageError

_PIN = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)\s*(?:;(?P<marker>[^\\\n]+?))?\s*(?:\\|--hash=.*)?$",
    re.MULTILINE,
)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_OWN = "nimbus-runtime"
_OLD_LINUX = {"x86_64": ("manylinux2014", "manylinux2010", "manylinux1"), "aarch64": ("manylinux2014",)}
_FIRST_GLIBC = {"x86_64": 5, "aarch64": 17}  # minor versions: those that wheels were first built for


@dataclass(frozen=True, slots=True)
class Target:
    """Where wheels are to run: a processor, a Python, a C library."""

    architecture: Architecture
    python: tuple[int, int]
    glibc: tuple[int, int]

    @property
    def platforms(self) -> tuple[str, ...]:
        """Return the platform tags of wheels that run there, the newest first."""
        machine = self.architecture.machine
        minors = range(self.glibc[1], _FIRST_GLIBC[machine] - 1, -1)
        named = [f"manylinux_2_{minor}_{machine}" for minor in minors]
        return (*named, *(f"{name}_{machine}" for name in _OLD_LINUX[machine]), f"linux_{machine}")

    @property
    def environment(self) -> dict[str, str]:
        """Return what markers ask about."""
        version = ".".join(map(str, self.python))
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{version}.0",
            "os_name": "posix",
            "platform_machine": self.architecture.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{version}.0",
            "python_version": version,
            "sys_platform": "linux",
            "extra": "",
        }


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of a lock in its one version; any of the hashes is it."""

    name: str
    version: str
    hashes: tuple[str, ...]
    marker: str = ""

    def __str__(self) -> str:
        """Return it as pip reads it."""
        return " \\\n".join([f"{self.name}=={self.version}", *(f"    --hash=sha256:{one}" for one in self.hashes)])


def texts(paths: Iterable[Path]) -> dict[str, str]:
    """Return what stands in locks, by their paths."""
    found = {}
    for path in paths:
        try:
            found[str(path)] = path.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise UsageError(
                f"this lock cannot be read: {error}",
                where=str(path),
                remedy="name one that `pip-compile` or `uv` wrote",
            ) from None
    return found


def read(text: str, where: str) -> tuple[Pin, ...]:
    """Read a lock; a package without a version or a hash is refused."""
    pins = []
    for block in re.split(r"\n(?=[^\s#])", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).strip()):
        pin, hashes = _PIN.match(block), tuple(_HASH.findall(block))
        if pin is None or not hashes:
            raise UsageError(
                "a requirement is not locked",
                where=where,
                got=block.splitlines()[0] if block else "nothing",
                expected="name==version with --hash=sha256:… for each wheel",
                remedy="lock it: pip-compile --generate-hashes, or uv pip compile --generate-hashes",
            )
        pins.append(Pin(canonicalize_name(pin["name"]), pin["version"], hashes, (pin["marker"] or "").strip()))
    return tuple(pins)


def wanted(pins: tuple[Pin, ...], target: Target) -> tuple[Pin, ...]:
    """Return the pins that a target needs, by their markers."""
    return tuple(pin for pin in pins if not pin.marker or Marker(pin.marker).evaluate(dict(target.environment)))


def check_covers(pins: tuple[Pin, ...], requires: Mapping[str, str], where: str) -> None:
    """Raise RequirementMissingError unless every package that a bundle requires is locked in a version that fits."""
    locked = {pin.name: pin.version for pin in pins}
    unmet = {
        name: specifier
        for name, specifier in requires.items()
        if canonicalize_name(name) != _OWN
        and not SpecifierSet(specifier).contains(locked.get(canonicalize_name(name), "0"), prereleases=True)
    }
    if unmet:
        raise RequirementMissingError(
            "the bundle requires packages that the image would not have",
            where=where,
            got=", ".join(f"{name} {locked.get(canonicalize_name(name), 'not locked')}" for name in unmet),
            expected=", ".join(f"{name} {specifier}" for name, specifier in unmet.items()),
            remedy="lock them with hashes in a file, and name it with --requirements",
        )


def check_complete(pins: tuple[Pin, ...], found: tuple[str, ...], target: Target) -> None:
    """Raise WheelMissingError unless there is a wheel for every pin; `found` are the wheels' file names."""
    there = {canonicalize_name(name.split("-")[0]) for name in found}
    missing = [f"{pin.name} {pin.version}" for pin in pins if pin.name not in there]
    if missing:
        raise missing_wheel(", ".join(missing), target)


def missing_wheel(got: str, target: Target) -> WheelMissingError:
    """Return that a wheel cannot be had for a target."""
    return WheelMissingError(
        f"a locked package has no wheel for {target.architecture.platform} that can be fetched",
        where=f"Python {'.'.join(map(str, target.python))}, glibc {'.'.join(map(str, target.glibc))}",
        got=got,
        expected="a wheel with one of the locked hashes: nothing is compiled while an image is built",
        remedy="check the network and pip's index, take a base image with the Python and the C library that wheels "
        "are published for, or leave the architecture out of --platform",
    )

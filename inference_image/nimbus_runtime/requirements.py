"""What a bundle asks of the machine that opens it, compared with what is installed there."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping

from nimbus_runtime import __version__
from nimbus_runtime.contract.errors import BundleUnsupportedError

# The toolkit's wheel holds the runtime too, and onnxruntime has builds under other names.
_RUNTIME = "nimbus-runtime"
_ALSO = {"onnxruntime": ("onnxruntime-gpu", "onnxruntime-openvino", "onnxruntime-directml")}


def installed(distribution: str) -> str | None:
    """Return the installed version of a distribution, None where there is none."""
    if distribution == _RUNTIME:
        return __version__
    for name in (distribution, *_ALSO.get(distribution, ())):
        try:
            return importlib.metadata.version(name)
        except (importlib.metadata.PackageNotFoundError, ValueError):
            continue
    return None


def check(requires: Mapping[str, str], where: str) -> None:
    """Raise BundleUnsupportedError that names every package which is missing or of another version."""
    unmet = {name: found for name in requires if (found := _unmet(name, requires[name], where)) is not None}
    if unmet:
        raise BundleUnsupportedError(
            f"this bundle needs {_named(requires, unmet)}, which this environment does not have",
            where=where,
            got=", ".join(f"{name} {found}" for name, found in unmet.items()),
            expected=", ".join(f"{name} {version}" for name, version in requires.items()),
            remedy=f"pip install {' '.join(_installable(name, requires[name]) for name in unmet)}; "
            "or compile the pipeline again in an environment like this one",
        )


def _unmet(name: str, specifier: str, where: str) -> str | None:
    """Return what is there instead of a required package, None where it is as required."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - only where bundles are opened
    from packaging.version import InvalidVersion  # noqa: PLC0415 - as above

    found = installed(name)
    if found is None:
        return "is not installed"
    try:
        return None if SpecifierSet(specifier).contains(found, prereleases=True) else found
    except InvalidVersion:
        return found
    except InvalidSpecifier:
        raise BundleUnsupportedError(
            "this bundle states a required version in a way that this runtime does not read",
            where=where,
            got=f"{name} {specifier}",
            expected="version specifiers such as >=3.8,<3.9",
            remedy="upgrade nimbus-runtime, or compile the pipeline again",
        ) from None


def _named(requires: Mapping[str, str], unmet: Mapping[str, str]) -> str:
    return " and ".join(f"{name} {requires[name]}" for name in unmet)


def _installable(name: str, specifier: str) -> str:
    return f"'{name}{specifier}'"

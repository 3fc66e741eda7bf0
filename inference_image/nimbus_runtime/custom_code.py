"""Files of a user's own code: imported because somebody named them, never because they lie somewhere.

spaCy finds components and functions by names that code registers while it is imported. A file is
imported once a process, under a name made of its content: the copy in a bundle is the same module
as the file that was compiled with.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from types import ModuleType

from nimbus_runtime.contract.bundle import CODE_FOLDER, MANIFEST, Manifest
from nimbus_runtime.contract.errors import BundleInvalidError, BundleUnsupportedError, NimbusError

_REGISTERED = "__nimbus_registered__"
Registered = frozenset[tuple[str, ...]]  # a registry's names, and last the name in it


def check_listed(path: Path, manifest: Manifest) -> None:
    """Raise BundleInvalidError where the manifest names code that is not a listed file of its folder."""
    listed = {file.path for file in manifest.files}
    for name in manifest.code:
        if name not in listed or not name.endswith(".py") or Path(name).parent.as_posix() != CODE_FOLDER:
            raise BundleInvalidError(
                "the bundle's manifest names code that is not a file of the bundle",
                where=str(path / MANIFEST),
                got=name,
                expected=f"a listed file {CODE_FOLDER}/NAME.py",
                remedy="compile the pipeline again, or copy the bundle again from where it is whole",
            )


def import_listed(path: Path, manifest: Manifest) -> None:
    """Import the code that a verified bundle's manifest names, in its order."""
    hashes = {file.path: file.sha256 for file in manifest.files}
    for name in manifest.code:
        try:
            import_code(path / name, _unchanged(path / name, hashes[name]))
        except NimbusError:
            raise
        except (Exception, SystemExit) as error:
            raise BundleUnsupportedError(
                "the bundle's own code cannot be imported",
                where=str(path / name),
                got=described(error),
                expected="code that imports where it runs as it did where it was compiled",
                remedy="install what the code imports; workers have no torch. Or mend it and compile again",
            ) from error


def _unchanged(place: Path, digest: str) -> bytes:
    content = place.read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise BundleInvalidError(
            "a file of the bundle has changed",
            where=str(place),
            remedy="copy the bundle again from where it is whole",
        )
    return content


def import_code(path: Path, content: bytes) -> Registered:
    """Import a file's content and return what it registered; whatever it raises is raised.

    Not by Python's own import, which would leave compiled files beside it.
    """
    name = f"nimbus_code_{hashlib.sha256(content).hexdigest()}"
    if name in sys.modules:
        return _registered(sys.modules[name])
    before = names()
    module = ModuleType(name)
    module.__file__ = str(path)
    compiled = compile(content, str(path), "exec", dont_inherit=True)
    sys.modules[name] = module
    try:
        exec(compiled, module.__dict__)  # noqa: S102 - what its owner asked for, by name
    except BaseException:
        del sys.modules[name]
        raise
    setattr(module, _REGISTERED, frozenset(names() - before))
    return _registered(module)


def described(error: BaseException) -> str:
    """Return what was raised, and in which line of the file where that is known, as one line."""
    words = str(error).strip().splitlines()
    line = getattr(error, "lineno", None)
    place = f" (line {line})" if line is not None and f"line {line}" not in (words[0] if words else "") else ""
    return f"{type(error).__name__}: {words[0] if words else ''}{place}"


def _registered(module: ModuleType) -> Registered:
    found: Registered = getattr(module, _REGISTERED)
    return found


def names() -> set[tuple[str, ...]]:
    """Return every name that is registered with spaCy and thinc at this moment."""
    import catalogue  # noqa: PLC0415 - imports nothing heavy, but only where pipelines are opened
    from spacy.util import registry  # noqa: PLC0415 - as above

    registry.ensure_populated()
    return set(catalogue.REGISTRY)

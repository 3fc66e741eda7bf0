"""Lays out what an image runs: unpacks locked wheels, leaves out what no pipeline needs, compiles, and keeps a record.

    python3 assemble.py TARGET --wheels FOLDER [--lock requirements.lock]

It runs in the first stage of the Dockerfile, on whatever processor builds: nothing that it unpacks is started, so that
an image for another processor needs no emulator. Python's standard library is all it needs; the base image
may have neither pip nor a shell.
"""

from __future__ import annotations

import argparse
import compileall
import fnmatch
import hashlib
import json
import os
import py_compile
import re
import shutil
import struct
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

RECORD = "assembled.json"
TIME = 315532800  # 1 January 1980, the first that a zip archive can say: the same inputs give the same image
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Rule:
    """What is left out, by patterns of paths below the folder of packages, and why nothing misses it."""

    name: str
    why: str
    leaves_out: tuple[str, ...]
    keeps: tuple[str, ...] = ()

    def applies(self, path: str) -> bool:
        """Say whether a file is left out; `*` in a pattern also stands for slashes."""
        return any(fnmatch.fnmatchcase(path, pattern) for pattern in self.leaves_out) and not any(
            fnmatch.fnmatchcase(path, pattern) for pattern in self.keeps
        )


RULES = (
    Rule("tests", "tests of the packages themselves", ("*/tests/*", "*/_pyarrow_cpp_tests*", "numpy/conftest.py")),
    Rule(
        "sources",
        "what extensions were compiled from, and headers to compile against them",
        (*(f"*.{suffix}" for suffix in "pyx pxd pxi c cc cpp h hh hpp f f90 pyf a".split()), "pyarrow/src/*"),
    ),
    Rule("types", "what only type checkers read", ("*.pyi", "*-stubs/*")),
    Rule("programs", "commands: an image starts one module", ("*.exe", "*.data/*")),
    Rule(
        "hub",
        "downloads from a hub of models: the tokenizers library has a function for it, and an image has no network",
        ("huggingface_hub/*", "huggingface_hub-*", "hf_xet/*", "hf_xet-*", "fsspec/*", "fsspec-*"),
    ),
    Rule(
        "installers",
        "builds and installs packages, which an image never does",
        ("setuptools*", "_distutils_hack/*", "pkg_resources/*", "distutils-precedence.pth"),
    ),
    Rule(
        "arrow",
        "what Arrow has beside tables and Parquet: Flight, file systems in clouds, ORC, and second names of libraries",
        (
            *(f"pyarrow/*arrow_{part}.*" for part in ("flight", "s3")),
            *(f"pyarrow/_{part}.*" for part in ("azurefs", "flight", "gcsfs", "hdfs", "orc", "s3fs", "dataset_orc")),
            "pyarrow/libarrow_python_flight.*",
            "pyarrow/libarrow_python*.so",
            "pyarrow/libarrow_python*.so.*.*.*",
            "pyarrow/include/*",
        ),
    ),
    Rule(
        "services",
        "descriptions of services of AWS that no worker calls",
        ("botocore/data/*/*", "boto3/data/*", "boto3/examples/*"),
        tuple(f"botocore/data/{name}/*" for name in ("s3", "signin", "sso", "sso-oidc", "stepfunctions", "sts")),
    ),
    Rule(
        "onnx",
        "onnxruntime's library for C programs, and its tools that change graphs",
        (
            "onnxruntime/capi/libonnxruntime.so*",
            *(f"onnxruntime/{part}/*" for part in ("backend", "datasets", "quantization", "tools", "transformers")),
        ),
    ),
    Rule("numpy", "numpy's compilers of Fortran", ("numpy/f2py/*", "numpy/distutils/*")),
    Rule("zstandard", "a second binding of the same library, for PyPy", ("zstandard/_cffi*",)),
)
DEBUG = Rule(
    "debug",
    "symbols and debug information behind the last byte that is loaded of a library",
    ("*.so", "*.so.*"),
    ("numpy.libs/*",),
)


def main() -> None:
    """Assemble one folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=Path)
    parser.add_argument("--wheels", type=Path, required=True)
    parser.add_argument("--lock", type=Path, help="pins with hashes; without it, every wheel in the folder is taken")
    chosen = parser.parse_args()
    wheels = sorted(chosen.wheels.glob("*.whl"))
    if chosen.lock is not None:
        check(wheels, chosen.lock.read_text(encoding="utf-8"))
    assemble(chosen.target, wheels)


def assemble(target: Path, wheels: list[Path]) -> None:
    """Fill a new folder from wheels."""
    for wheel in wheels:
        unpack(wheel, target)
    removed = {rule.name: leave_out(target, rule) for rule in RULES}
    removed[DEBUG.name] = strip(target)
    compile_all(target)
    whys = {rule.name: rule.why for rule in (*RULES, DEBUG)}
    record = [
        {"rule": name, "why": whys[name], "files": files, "bytes": size} for name, (files, size) in removed.items()
    ]
    (target / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    for path in [target, *target.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (TIME, TIME))


def check(wheels: list[Path], lock: str) -> None:
    """Stop unless the wheels are those of a lock, each with one of its hashes."""
    blocks = re.split(r"\n(?=\S)", lock)
    pins = {_canonical(pin["name"]): set(_HASH.findall(block)) for block in blocks if (pin := _PIN.match(block))}
    found = {_canonical(wheel.name.split("-")[0]): hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in wheels}
    wrong = sorted(name for name in pins.keys() | found.keys() if found.get(name) not in pins.get(name, ()))
    if wrong:
        sys.exit(f"not as requirements.lock has them: {', '.join(wrong)}")


def unpack(wheel: Path, target: Path) -> None:
    """Unpack a wheel; of its extra folders only those with packages are moved to where they are found."""
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            path = PurePosixPath(re.sub(r"^[^/]+\.data/(purelib|platlib)/", "", entry.filename))
            if entry.is_dir():
                continue
            if path.is_absolute() or ".." in path.parts:
                sys.exit(f"{wheel.name} would write outside its folder: {entry.filename}")
            place = target / path
            place.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(entry) as source, place.open("wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)


def leave_out(target: Path, rule: Rule) -> tuple[int, int]:
    """Remove what a rule names; return how many files, and bytes."""
    files, size = 0, 0
    for path in list(_files(target)):
        if rule.applies(path.relative_to(target).as_posix()):
            files, size = files + 1, size + path.stat().st_size
            path.unlink()
    for folder in sorted((path for path in target.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    return files, size


def strip(target: Path) -> tuple[int, int]:
    """Cut libraries behind what is loaded; return how many were, and the bytes."""
    files, saved = 0, 0
    for path in _files(target):
        if DEBUG.applies(path.relative_to(target).as_posix()):
            before = path.read_bytes()
            after = loaded(before)
            if len(after) < len(before):
                files, saved = files + 1, saved + len(before) - len(after)
                path.write_bytes(after)
    return files, saved


def loaded(library: bytes) -> bytes:
    """Return a library up to the last byte of its segments, without its table of sections, which no loader reads.

    The layout is that of 64-bit ELF; anything else is returned as it is.
    """
    if library[:6] != b"\x7fELF\x02\x01":
        return library
    (table,) = struct.unpack_from("<Q", library, 32)
    size, count = struct.unpack_from("<HH", library, 54)
    end = table + size * count
    for number in range(count):
        offset, length = (struct.unpack_from("<Q", library, table + size * number + at)[0] for at in (8, 32))
        end = max(end, offset + length)
    if end >= len(library):
        return library
    kept = bytearray(library[:end])
    struct.pack_into("<Q", kept, 40, 0)  # where the table of sections begins
    struct.pack_into("<HHH", kept, 58, 0, 0, 0)  # the size of its entries, how many, which one names the others
    return bytes(kept)


def compile_all(target: Path) -> None:
    """Compile every module; nobody checks later whether its source has changed, since nobody can change it."""
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(target, quiet=2, force=True, workers=0, invalidation_mode=mode)


def _files(target: Path) -> Iterator[Path]:
    return (path for path in sorted(target.rglob("*")) if path.is_file())


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    main()

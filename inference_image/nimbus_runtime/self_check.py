"""Checks an image from inside: the bundle is whole, the processor has what is needed, a built-in text is scored."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

from nimbus_runtime import bundle as bundles
from nimbus_runtime import requirements
from nimbus_runtime.contract.errors import NimbusError
from nimbus_runtime.contract.self_check import Check, Outcome, Processor, SelfCheck
from nimbus_runtime.contract.words import plural

# Of nobody: what a self-check scores may be logged.
TEXT = "Anna ordered two lamps from Berlin on 3 May and paid 40 euros. They came late!"
_PACKAGES = ("nimbus-runtime", "spacy", "thinc", "numpy", "blis", "onnxruntime", "tokenizers", "pyarrow", "boto3")
_FEATURES = frozenset(
    "sse4_2 avx avx2 fma avx512f avx512_vnni avx512_bf16 avx_vnni amx_int8 asimd asimddp sve i8mm bf16".split()
)
# numpy's wheels start nowhere without these.
_NEEDED = {"x86_64": "sse4_2", "aarch64": "asimd"}
_SCRATCH = 256 * 2**20  # bytes: an input that comes packed is unpacked there


def self_check(path: Path) -> SelfCheck:
    """Run every check; none stops the next, unless it needs what failed."""
    started = time.perf_counter()
    processor = read_processor()
    checks = [_processor(processor), _scratch(Path(tempfile.gettempdir()))]
    digest = name = version = ""
    try:
        bundle = bundles.verify(path)
        digest = bundle.digest
        name, version = bundle.manifest.pipeline.name, bundle.manifest.pipeline.version
        count = len(bundle.manifest.files)
        checks.append(
            Check("bundle", Outcome.OK, f"{plural(count, 'file')} as listed, {bundle.manifest.size / 1e6:.1f} MB")
        )
        checks.append(_score(bundle))
    except NimbusError as error:
        checks.append(Check("bundle", Outcome.FAILED, _words(error)))
        checks.append(Check("scoring", Outcome.SKIPPED, "the bundle cannot be trusted"))
    seconds = round(time.perf_counter() - started, 3)
    return SelfCheck(digest, name, version, tuple(checks), processor, versions(), seconds)


def versions() -> dict[str, str]:
    """Return what is installed of that which decides results."""
    found = {name: requirements.installed(name) for name in _PACKAGES}
    libc = " ".join(platform.libc_ver()).strip()
    return {
        "python": platform.python_version(),
        **({"libc": libc} if libc else {}),
        **{name: version for name, version in found.items() if version is not None},
    }


def read_processor(place: Path = Path("/proc/cpuinfo")) -> Processor:
    """Read which processor this is, and what it can do."""
    try:
        told = place.read_text(encoding="utf-8", errors="replace")
    except OSError:
        told = ""
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in told.splitlines())}
    can = set(fields.get("flags", fields.get("Features", "")).split())
    model = fields.get("model name", fields.get("CPU part", platform.processor()))
    return Processor(platform.machine(), re.sub(r"\s+", " ", model), tuple(sorted(can & _FEATURES)))


def _processor(processor: Processor) -> Check:
    needed = _NEEDED.get(processor.architecture)
    if needed is None or not processor.features:
        return Check("processor", Outcome.SKIPPED, f"what {processor.architecture} can do is not told here")
    if needed not in processor.features:
        return Check("processor", Outcome.FAILED, f"{processor.model} has no {needed}")
    return Check("processor", Outcome.OK, f"{processor.model}, {os.cpu_count()} visible")


def _scratch(folder: Path) -> Check:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"0")
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Check("scratch", Outcome.FAILED, f"{folder} cannot be written to: {error.strerror}")
    outcome = Outcome.OK if free >= _SCRATCH else Outcome.FAILED
    return Check("scratch", outcome, f"{free / 1e6:.0f} MB free in {folder}")


def _score(bundle: bundles.Bundle) -> Check:
    sys.modules.setdefault("torch", None)  # type: ignore[arg-type]  # thinc imports it wherever it is
    from nimbus_runtime.pipeline import Failure, annotate  # noqa: PLC0415 - only where documents are scored

    try:
        (doc,) = annotate(bundles.load(bundle), [TEXT])
    except NimbusError as error:
        return Check("scoring", Outcome.FAILED, _words(error))
    if isinstance(doc, Failure):
        return Check("scoring", Outcome.FAILED, doc.detail)
    return Check(
        "scoring",
        Outcome.OK,
        f"{plural(len(doc), 'token')}, {plural(len(doc.ents), 'entity', 'entities')}, "
        f"{plural(len(doc.cats), 'category', 'categories')}",
    )


def _words(error: NimbusError) -> str:
    got = f": {error.got}" if error.got else ""
    return f"{error.what}{got}"

"""A dev set's baseline beside its bundle, and how it comes into the root of a pipeline that runs the bundle.

What was measured of a bundle is never inside it, or its digest would change: it lies in `<bundle>.dev`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.drift import Baseline
from nimbus_runtime.store import DirectoryStore

if TYPE_CHECKING:
    from nimbus_runtime.bundle import Bundle
    from nimbus_runtime.store import Store

NAME = "dev"


def beside(bundle: Path) -> Path:
    """Return where a bundle's dev set is kept."""
    whole = bundle.absolute()
    return whole.with_name(f"{whole.name}.dev")


def adopt(store: Store, release: str, bundle: Bundle) -> Baseline | None:
    """Make the dev set that lies beside a bundle a baseline of its release, once; None where there is none."""
    folder = beside(bundle.path)
    if not folder.is_dir():
        return None
    source = DirectoryStore.reading(folder)
    data = source.read(paths.baseline(NAME))
    if data is None:
        return None
    found = codec.decode(Baseline, data, f"{folder}/{paths.baseline(NAME)}")
    if found.bundle_digest != bundle.digest:
        return None  # compiled again since, without its dev set
    baseline = replace(found, name=f"{NAME}-{bundle.digest[:12]}", release=release)
    place = paths.baseline(baseline.name)
    if store.read(place) is None:
        for part in baseline.parts:
            with store.staged() as staged:
                staged.file.write(source.read(paths.baseline_data(part.sample.file)) or b"")
                staged.publish(paths.baseline_data(part.sample.file))
        store.create(place, codec.encode(baseline))
    return baseline

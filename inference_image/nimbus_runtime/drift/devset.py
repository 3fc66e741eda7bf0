"""A dev set's baseline beside its bundle, and how it comes into the root of a pipeline that runs the bundle.

What was measured of a bundle is never inside it, or its digest would change: it lies in `<bundle>.dev`.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.drift import Baseline, Thresholds
from nimbus_runtime.contract.errors import DriftError
from nimbus_runtime.store import DirectoryStore

if TYPE_CHECKING:
    from nimbus_runtime.bundle import Bundle
    from nimbus_runtime.store import Store

NAME = "dev"


def beside(bundle: Path) -> Path:
    """Return where a bundle's dev set is kept."""
    whole = bundle.absolute()
    return whole.with_name(f"{whole.name}.dev")


def is_kept(bundle: Path) -> bool:
    """Say whether a bundle's dev set is kept, to its end."""
    return (beside(bundle) / paths.baseline(NAME)).is_file()


def adopt(store: Store, release: str, bundle: Bundle, thresholds: Thresholds | None = None) -> Baseline | None:
    """Make the dev set that lies beside a bundle a baseline of its release, once; None where there is none.

    `thresholds` are the limits of the project that deploys it, in place of those it was kept with.
    """
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
    limits = thresholds or found.thresholds
    baseline = replace(found, name=f"{NAME}-{bundle.digest[:12]}", release=release, thresholds=limits)
    place = paths.baseline(baseline.name)
    if store.read(place) is None:
        for file, data in [(part.sample.file, _sample(source, part.sample.file, folder)) for part in baseline.parts]:
            with store.staged() as staged:
                staged.file.write(data)
                staged.publish(paths.baseline_data(file))
        store.create(place, codec.encode(baseline))
    return baseline


def _sample(source: Store, file: str, folder: Path) -> bytes:
    data = source.read(paths.baseline_data(file))
    if data is None or hashlib.sha256(data).hexdigest() != file.partition(".")[0]:
        raise DriftError(
            "a file of the dev set that is kept beside the bundle is " + ("missing" if data is None else "damaged"),
            where=f"{folder}/{paths.baseline_data(file)}",
            expected="the content that it is named by",
            remedy="compile again with --dev, or remove the folder to go without it",
        )
    return data

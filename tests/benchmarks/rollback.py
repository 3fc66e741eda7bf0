"""How long a rollback takes, from the confirmation until another process's reader sees the earlier dataset.

    python -m tests.benchmarks.rollback

On a folder and on the local AWS: 40 rollbacks each way, and of 100 writers at once how long the last one waits.
"""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import threading
import time
import uuid
from pathlib import Path

import pytest

from nimbus.releases import promote, registry, rollback
from nimbus_runtime.contract.errors import LiveChangedError
from nimbus_runtime.store import DirectoryStore, S3Store, Store
from tests.aws.local_aws import LocalAws
from tests.fixtures.roots import ANYBODY, Everything, ran, register

_ROUNDS, _WRITERS = 40, 100


def main() -> None:
    """Measure on both stores."""
    with tempfile.TemporaryDirectory() as folder:
        _measure("folder", DirectoryStore(Path(folder)), lambda: DirectoryStore.reading(Path(folder)))
    with LocalAws() as aws, pytest.MonkeyPatch.context() as patch:
        for name, value in aws.environment().items():
            patch.setenv(name, value)
        bucket = f"nimbus-{uuid.uuid4()}"
        place = {"LocationConstraint": aws.environment()["AWS_REGION"]}
        aws.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
        address = f"s3://{bucket}/support"
        _measure("local AWS", S3Store.at(address), lambda: S3Store.at(address))


def _measure(where: str, store: Store, reader: object) -> None:
    for day, name in enumerate(("v1", "v2"), 1):
        register(store, name)
        promote.apply(store, promote.plan(store, Everything(), name), ANYBODY, "")
        ran(store, day, name)
    another: Store = reader()  # type: ignore[operator]
    registry.present(another)  # its client is there, as a reader's that looks again
    seconds = []
    for _ in range(_ROUNDS):
        planned = rollback.plan(store, Everything())
        started = time.perf_counter()
        rollback.apply(store, planned, ANYBODY, "")
        while registry.present(another).dataset != planned.after.dataset:
            time.sleep(0.001)
        seconds.append(time.perf_counter() - started)
    quarters = statistics.quantiles(seconds, n=4)
    print(
        f"{where}: rollback to visible, median {quarters[1] * 1000:.0f} ms, "
        f"quartiles {quarters[0] * 1000:.0f} to {quarters[2] * 1000:.0f} ms, worst {max(seconds) * 1000:.0f} ms"
    )
    _crowd(where, store)


def _crowd(where: str, store: Store) -> None:
    planned, barrier = rollback.plan(store, Everything()), threading.Barrier(_WRITERS)
    won: list[str] = []
    waited: list[float] = []

    def write(number: int) -> None:
        barrier.wait()
        started = time.perf_counter()
        with contextlib.suppress(LiveChangedError):
            won.append(rollback.apply(store, planned, f"writer {number}", "").entry.actor)
        waited.append(time.perf_counter() - started)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(_WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"{where}: of {_WRITERS} writers {len(won)} won; the last was answered after {max(waited):.2f} s")


if __name__ == "__main__":
    main()

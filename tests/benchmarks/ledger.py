"""How long the history of a bucket takes whose answers take 20 ms: read at once, and one record after the other.

python -m tests.benchmarks.ledger [--changes 1000] [--pause 0.02]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from nimbus.releases import history
from nimbus_runtime import live
from nimbus_runtime.at_once import each
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.records import Entry, Live
from nimbus_runtime.store import S3Store


def main() -> None:
    """Measure both ways in turn, three times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=1000)
    parser.add_argument("--pause", type=float, default=0.02)
    arguments = parser.parse_args()
    command = [sys.executable, "-m", "tests.benchmarks.simulated_bucket", "0", "0", f"--pause={arguments.pause}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            _measure(server.stdout.readline().strip(), arguments.changes)
        finally:
            server.terminate()


def _measure(address: str, changes: int) -> None:
    os.environ |= {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    store = S3Store.at("s3://bucket/support")
    present = Live(changes, Entry("publish", "somebody", "2026-11-22T02:00:00.000000Z", "", "a"), "support-1")
    states = (replace(present, sequence=number) for number in range(1, changes))
    list(each(lambda state: store.create(paths.ledger(state.sequence), codec.encode(state)), states))
    store.create(paths.LIVE, codec.encode(present))

    def one_by_one() -> None:
        for number in range(1, changes):
            codec.decode(Live, store.read(paths.ledger(number)) or b"", "")

    for _ in range(3):
        print(f"{changes:,} changes: history {_seconds(lambda: history.history(store, changes)):.2f} s", end=", ")
        print(f"one by one {_seconds(one_by_one):.2f} s", flush=True)
    assert len(live.states(store, present)) == changes


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()

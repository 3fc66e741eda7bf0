"""How long the first and the last task of a run take that has a hundred thousand shards, and how much memory.

    python -m tests.benchmarks.planning BUNDLE [--objects 100000] [--size 600000] [--row-groups 20] [--pause 0.02]

The tasks are what a container runs, over a simulated bucket that answers each request after a pause. Nothing is
scored: the commit records of all shards appear between the two.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from nimbus_runtime.bundle import verify
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.inputs import Fields
from nimbus_runtime.contract.records import Entry, Job, Live, OutputFormat, Release
from nimbus_runtime.s3 import Bucket
from nimbus_runtime.store import S3Store

RELEASE, RUN = "support-1", "20261122T020000Z"


def main() -> None:
    """Measure one bundle."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--objects", type=int, default=100_000)
    parser.add_argument("--size", type=int, default=600_000)
    parser.add_argument("--row-groups", type=int, default=0, help="of Parquet, each of the size; JSONL without")
    parser.add_argument("--pause", type=float, default=0.02)
    arguments = parser.parse_args()
    words = [str(arguments.objects), str(arguments.size)]
    words += [f"--row-groups={arguments.row_groups}", f"--pause={arguments.pause}"]
    command = [sys.executable, "-m", "tests.benchmarks.simulated_bucket", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            _measure(arguments.bundle, server.stdout.readline().strip())
        finally:
            server.terminate()


def _measure(bundle: Path, address: str) -> None:
    os.environ |= {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    store = S3Store.at("s3://bucket/support")
    job = Job(("s3://bucket/inputs/",), Fields(), None, OutputFormat.PARQUET, 0.1)
    release = Release(RELEASE, verify(bundle).digest, "en_pipeline", "0.0.0", "arn:aws:ecs:eu-west-1:1:x:1", job)
    store.create(paths.release(RELEASE), codec.encode(release))
    store.create(paths.LIVE, codec.encode(Live(1, Entry("deploy", "somebody", "", "", "a"), RELEASE)))
    told = {
        "NIMBUS_ROOT": store.location,
        "NIMBUS_BUNDLE": str(bundle),
        "NIMBUS_EXECUTION": "arn:aws:states:eu-west-1:1:execution:support:benchmark",
        "NIMBUS_KIND": "scheduled",
        "NIMBUS_RELEASE": RELEASE,
        "NIMBUS_RUN": RUN,
        "NIMBUS_SCHEDULED_TIME": "2026-11-22T02:00:00Z",
        "NIMBUS_WORKERS": "2",
    }
    print(f"plan    {_run('plan', told)}")
    plan = store.read(paths.plan(RUN)) or b""
    batches = store.read(paths.batches("benchmark")) or b"[]"
    shards = len(json.loads(plan)["shards"])
    print(f"        {shards:,} shards, plan.json {len(plan) / 1e6:.1f} MB")
    print(f"        {len(json.loads(batches)):,} batches, map.json {len(batches) / 1e6:.2f} MB")
    Bucket("bucket").put("shards", str(shards).encode(), if_version=None)
    print(f"commit  {_run('commit', told)}")
    print(f"        run.json {len(store.read(paths.dataset(RUN)) or b'') / 1e6:.1f} MB")


def _run(verb: str, told: dict[str, str]) -> str:
    """Run a task; return its seconds, those of a processor among them, and the most memory of any process of it."""
    code = "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:]); "
    code += "used = resource.getrusage(resource.RUSAGE_CHILDREN); "
    code += "print(used.ru_utime + used.ru_stime, used.ru_maxrss); sys.exit(code)"
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code, sys.executable, "-m", "nimbus_runtime", verb],
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    assert done.returncode == 0, done.stdout + done.stderr
    *lines, used = done.stdout.splitlines()
    busy, kilobytes = map(float, used.split())
    memory = kilobytes / (2**20 if sys.platform == "darwin" else 2**10)
    return f"{seconds:6.1f} s, {busy:5.1f} s of a processor, {memory:5.0f} MB   {lines[-1] if lines else ''}"


if __name__ == "__main__":
    main()

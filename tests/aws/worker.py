"""A worker for the tests of the local AWS: reads one object, writes another, and fails where it is told to.

SHARD is JSON: {"key": …}, with "exit" for an exit code, or "held" for a file: who finds it takes it away, says
`ready`, and waits for its end.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import boto3


def main() -> int:
    """Count the words of an object."""
    shard = json.loads(os.environ["SHARD"])
    print(f"shard {shard['key']}", flush=True)  # noqa: T201 - a log line
    if "exit" in shard:
        return int(shard["exit"])
    client = boto3.client("s3")
    text = client.get_object(Bucket=os.environ["BUCKET"], Key=shard["key"])["Body"].read().decode()
    held = Path(shard["held"]) if "held" in shard else None
    if held is not None and held.exists():
        held.unlink()
        print("ready", flush=True)  # noqa: T201 - as above
        time.sleep(600)
    body = json.dumps({"words": len(text.split())})
    client.put_object(Bucket=os.environ["BUCKET"], Key=f"counted/{shard['key']}", Body=body)
    return 0


if __name__ == "__main__":
    sys.exit(main())

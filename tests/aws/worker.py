"""A worker for the tests of the local AWS: reads one object, writes another, and fails where it is told to.

SHARD is JSON: {"key": …}, with "exit" for an exit code, or "sleep" for seconds after it has said `ready`.
"""

from __future__ import annotations

import json
import os
import sys
import time

import boto3


def main() -> int:
    """Count the words of an object."""
    shard = json.loads(os.environ["SHARD"])
    print(f"shard {shard['key']}", flush=True)  # noqa: T201 - a log line
    if "exit" in shard:
        return int(shard["exit"])
    client = boto3.client("s3")
    text = client.get_object(Bucket=os.environ["BUCKET"], Key=shard["key"])["Body"].read().decode()
    if "sleep" in shard:
        print("ready", flush=True)  # noqa: T201 - as above
        time.sleep(shard["sleep"])
    body = json.dumps({"words": len(text.split())})
    client.put_object(Bucket=os.environ["BUCKET"], Key=f"counted/{shard['key']}", Body=body)
    return 0


if __name__ == "__main__":
    sys.exit(main())

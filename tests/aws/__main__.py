"""`python -m tests.aws`: prints what to export, and serves until Ctrl-C."""

from __future__ import annotations

import shlex
import signal
import sys
import threading

from tests.aws.fargate.images import this_python
from tests.aws.local_aws import LocalAws


def main() -> int:
    """Serve; every image stands for this Python with the runtime."""
    stopped = threading.Event()
    for number in signal.SIGINT, signal.SIGTERM:
        signal.signal(number, lambda *_: stopped.set())
    with LocalAws() as local_aws:
        local_aws.fargate.images.add("", this_python("-m", "nimbus_runtime"))
        for name, value in local_aws.environment().items():
            print(f"export {name}={shlex.quote(value)}")  # noqa: T201 - for eval
        sys.stdout.flush()
        stopped.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())

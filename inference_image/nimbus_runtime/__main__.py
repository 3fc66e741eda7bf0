"""`python -m nimbus_runtime`: what a container, or a supervisor, starts."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Run one entry point."""
    parser = argparse.ArgumentParser(prog="nimbus_runtime", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    worker = verbs.add_parser("worker", help="score shards for a supervisor")
    worker.add_argument("--bundle", required=True)
    worker.add_argument("--events", required=True, type=int)
    products = verbs.add_parser("gemm", help="measure both matrix products for a planner")
    products.add_argument("--bundle", required=True, type=Path)
    chosen = parser.parse_args(arguments)
    if chosen.verb == "gemm":
        from nimbus_runtime import gemm  # noqa: PLC0415 - `--help` needs nothing of it

        gemm.main(chosen.bundle)
        return 0
    from nimbus_runtime import worker as process  # noqa: PLC0415 - as above

    process.main(chosen.bundle, chosen.events)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Kills runs some hundred times and says whether anything was lost: the figure of a release.

python tests/faults/many_kills.py --kills 200 --seed 1
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

if not __package__:  # called by its path
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.faults import bundles, killing, texts


def main() -> int:
    """Run a campaign and print one line; exit with 1 where a dataset was not equal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", type=int, default=20, help="input files; each is a shard")
    parser.add_argument("--documents", type=int, default=150, help="documents a file")
    parser.add_argument("--minutes", type=float, default=60, help="begin no further run after these")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nimbus-kills-") as name:
        folder = Path(name)
        bundle = bundles.build(folder / "bundle")
        inputs = texts.many(folder / "inputs", options.files, options.documents)
        campaign = killing.Campaign(bundle, inputs, folder, options.seed)
        started = time.monotonic()
        summary = campaign.kill(options.kills, options.minutes * 60)
    took = time.monotonic() - started
    print(f"{summary}; an undisturbed run takes {campaign.seconds:.1f} s; {took:.0f} s in all")  # noqa: T201
    return 1 if summary.different else 0


if __name__ == "__main__":
    sys.exit(main())

"""Lists tracked files that hold a folder of one machine or the address of a package registry.

Nimbus names no registry: every machine installs from the index that it is set to. A pattern below is
written so that it does not match itself.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PLACES = re.compile(
    r"""
    (?<![\w.-])/(?:home|Users|root|work|workspaces?)/[\w.-]+      # a person's or a build's folder
    | (?<![\w.-])[A-Za-z]:\\\\?Users\\                             # the same on Windows
    | file:///[\w.-]+/                                             # a local index
    | \b(?:[\w-]+\.)*(?:pypi|pythonhosted|anaconda|npmjs|yarnpkg)\.(?:org|com)\b
    | \bdownload\.pytorch\.org\b
    | \b(?:deb|security|ftp)\.debian\.org\b
    | https?://[^\s"'/]+/(?:simple|pypi|api/pypi|artifactory)\b     # any other index
    | (?:--(?:extra-)?index-url|--find-links|--trusted-host)[ =]\S  # an option that names one
    """,
    re.VERBOSE,
)
# The patterns, and the test that shows what they find.
OWN = ("tests/architecture/places.py", "tests/architecture/test_places.py")


def places(text: str) -> list[str]:
    """Return what a text holds of folders and registries, line by line."""
    return [
        f"{number}: {match.group()}"
        for number, line in enumerate(text.splitlines(), 1)
        for match in PLACES.finditer(line)
    ]


def tracked(checkout: Path) -> list[str]:
    """Return the files that git knows, or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=checkout,
        check=True,
        capture_output=True,
    )
    return [name.decode() for name in listed.stdout.split(b"\0") if name]


def findings(checkout: Path) -> list[str]:
    """Return file, line and what stands there, for every text file."""
    found = []
    for name in tracked(checkout):
        path = checkout / name
        if name in OWN or not path.is_file():
            continue
        content = path.read_bytes()
        if b"\0" not in content:
            found += [f"{name}:{place}" for place in places(content.decode(errors="replace"))]
    return found


def main() -> int:
    """Print what was found; 1 if anything was."""
    found = findings(Path(__file__).parents[2])
    print(*found, sep="\n", end="\n" if found else "")  # noqa: T201 - a hook's report
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())

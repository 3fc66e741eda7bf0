"""Which installed packages spaCy may import while a bundle is opened: those that the bundle names, and no others.

spaCy imports what any installed package offers it: all factories at once, and all functions as soon as
one is looked for under its old name. That costs seconds, and torch, wherever the stack that a pipeline
was trained with shares its environment with the bundle; and it runs code that nobody asked for.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint, EntryPoints

_OWN = frozenset({"nimbus-nlp", "nimbus-runtime", "spacy", "spacy-legacy", "thinc"})


@contextlib.contextmanager
def only(factories: Iterable[str], packages: Iterable[str]) -> Iterator[None]:
    """Let spaCy find these factories wherever they are installed, and of functions those of these packages."""
    import catalogue  # noqa: PLC0415 - only where pipelines are opened
    from spacy.util import registry  # noqa: PLC0415 - as above

    offered = registry._entry_point_factories  # noqa: SLF001 - there is no public way to say which
    for name in factories:
        offered.get_entry_point(name)
    allowed = _OWN.union(packages)
    everything = catalogue.AVAILABLE_ENTRY_POINTS
    points = itertools.chain.from_iterable(everything.select(group=group) for group in everything.groups)
    catalogue.AVAILABLE_ENTRY_POINTS = EntryPoints(point for point in points if _package(point) in allowed)
    offered.entry_points = False
    try:
        yield
    finally:
        offered.entry_points = True
        catalogue.AVAILABLE_ENTRY_POINTS = everything


def _package(point: EntryPoint) -> str | None:
    return None if point.dist is None else re.sub(r"[-_.]+", "-", point.dist.name).lower()

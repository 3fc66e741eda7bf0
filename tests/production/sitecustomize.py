"""Lets a new Python find what production has: nothing of the original torch stack, which spaCy imports where it is."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from importlib.machinery import ModuleSpec
    from importlib.metadata import DistributionFinder, PathDistribution
    from types import ModuleType

_ORIGINALS = {
    *("curated_tokenizers", "curated_transformers", "sentence_transformers", "spacy_alignments"),
    *("spacy_curated_transformers", "spacy_transformers", "torch", "transformers"),
}


class Production(PathFinder):
    """Finds what is installed but the originals, and what they offer to spaCy."""

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module."""
        return None if fullname in _ORIGINALS else super().find_spec(fullname, path, target)

    @classmethod
    def find_distributions(cls, context: DistributionFinder.Context | None = None) -> Iterable[PathDistribution]:
        """Find what is installed, by its metadata."""
        found = super().find_distributions() if context is None else super().find_distributions(context)
        return [one for one in found if one._normalized_name not in _ORIGINALS]  # noqa: SLF001 - read from a name, not from a file


sys.meta_path[sys.meta_path.index(PathFinder)] = Production

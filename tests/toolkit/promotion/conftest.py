"""Bundles of candidates, each compiled once."""

from __future__ import annotations

from tests.toolkit.runs.conftest import live_bundle, same_bundle, swapped_bundle

__all__ = ["live_bundle", "same_bundle", "swapped_bundle"]

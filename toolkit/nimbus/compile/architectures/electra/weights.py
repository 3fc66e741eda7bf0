"""The names of an ELECTRA's weights in a saved state dict: BERT's, but for the prefix."""

from __future__ import annotations

from dataclasses import replace

from nimbus.compile.architectures.bert.weights import NAMES as BERT

NAMES = replace(BERT, prefix="electra.")

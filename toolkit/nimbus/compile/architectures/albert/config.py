"""The settings of an ALBERT that decide its graph: a BERT's, and how its layers share weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from nimbus.compile.architectures.bert import config as bert
from nimbus.compile.architectures.layout import Sizes
from nimbus.compile.architectures.reading import number
from nimbus.compile.errors import CompileRefusedError


@dataclass(frozen=True, slots=True)
class AlbertConfig:
    """An ALBERT: each of `groups` has `inner` layers, which run as often as `sizes.layers` asks for."""

    sizes: Sizes
    groups: int
    inner: int


def check(config: Mapping[str, Any]) -> AlbertConfig:
    """Read a saved Hugging Face configuration and refuse what the graph does not have."""
    sizes = replace(bert.check({"hidden_act": "gelu_new", **config}), embedding_width=number(config, "embedding_size"))
    groups = number(config, "num_hidden_groups", default=1)
    if sizes.layers < groups:
        raise CompileRefusedError(
            "the encoder has more groups of layers than layers",
            got=f"num_hidden_layers {sizes.layers}, num_hidden_groups {groups}",
            remedy="save the pipeline again where it was trained",
        )
    return AlbertConfig(sizes, groups, number(config, "inner_group_num", default=1))

"""The section that decides whether a candidate may be promoted, set before anybody sees its figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from nimbus.config.keys import Key


class Required(StrEnum):
    """Kinds of evidence that a gate can ask for."""

    SHADOW = "shadow"
    LOADTEST = "loadtest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """How much worse a candidate's shards may be than live's of the same run before it is dropped."""

    max_failures: Annotated[float, Key("Share of documents that fail in it beyond live's.", least=0, most=1)] = 0.01
    max_slowdown: Annotated[float, Key("Times live's seconds a character.", least=1)] = 2.0
    max_labels: Annotated[float, Key("Distance of its label mix from live's, 0 to 1.", least=0, most=1)] = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What a candidate may change, and what has to be known of it."""

    require: Annotated[tuple[Required, ...], Key("Evidence that has to be there.")] = (Required.SHADOW,)
    documents: Annotated[int, Key("Documents that a shadow scores.", least=20, most=1_000_000)] = 1000
    max_changed: Annotated[float, Key("Share of a component's predictions that may change.", least=0, most=1)] = 0.05
    max_label_changed: Annotated[
        float, Key("Share of one label's predictions, or of one segment's, that may change.", least=0, most=1)
    ] = 0.2
    max_failures: Annotated[float, Key("Share of documents that fail beyond live's.", least=0, most=1)] = 0.005
    max_confidence_shift: Annotated[
        float, Key("How far the mean top probability may move, either way.", least=0, most=1)
    ] = 0.05
    max_slowdown: Annotated[float, Key("Times live's time a character.", least=1)] = 1.5
    max_memory: Annotated[float, Key("Times the memory of live's worker.", least=1)] = 1.5
    smallest_effect: Annotated[
        float, Key("Difference of a share that matters: the sample has to tell it from a limit.", least=1e-4, most=0.5)
    ] = 0.02
    confidence: Annotated[float, Key("Confidence of the intervals.", least=0.5, most=0.999)] = 0.95
    profile: Annotated[
        str | None, Key("Profile that a load test has to be of, where one is required; [loadtest]'s without.")
    ] = None
    max_age_days: Annotated[float, Key("How old evidence may be.", least=0)] = 30.0
    canary: Canary = field(default_factory=Canary)

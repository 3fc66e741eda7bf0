"""The section `[drift]`: when a difference between documents counts, and what tests it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from nimbus.config.keys import Key
from nimbus_runtime.contract.drift import Thresholds


class DriftEngine(StrEnum):
    """Whose tests a report runs."""

    NUMPY = "numpy"
    ALIBI = "alibi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """When documents count as drifted. Written into each baseline when it is made, so that all its reports agree."""

    dev: Annotated[
        str | None, Key("A dev set: what `nimbus deploy` makes the first baseline of, scored by the bundle.")
    ] = None
    engine: Annotated[DriftEngine, Key("Whose tests a report runs; alibi is not free in production.")] = (
        DriftEngine.NUMPY
    )
    alibi_python: Annotated[str | None, Key("The interpreter that has alibi-detect, where it is not this one.")] = None
    alpha: Annotated[float, Key("Chance that a report alarms where nothing drifted.", least=1e-6, most=0.2)] = 0.01
    distance: Annotated[
        float, Key("KS D or total variation above which a difference is material.", least=0.01, most=1)
    ] = 0.1
    share: Annotated[float, Key("Cohen's h above which a share's difference is material.", least=0.01, most=3)] = 0.25
    auc: Annotated[float, Key("AUC above which a difference of vectors is material.", least=0.51, most=1)] = 0.65
    visible: Annotated[float, Key("Part of a threshold above which a difference is visible.", least=0, most=1)] = 0.5
    documents: Annotated[int, Key("Documents that either window needs for a verdict.", least=50)] = 500
    same_weekday: Annotated[
        bool, Key("Whether a run is compared with its own weekday's, where the baseline has enough of them.")
    ] = True

    @classmethod
    def of_variables(cls, variables: Mapping[str, str] = os.environ) -> Drift:
        """Return what holds outside of a project: defaults, and where the interpreter is."""
        return cls(alibi_python=variables.get("NIMBUS_DRIFT_ALIBI_PYTHON") or None)

    def thresholds(self, time_zone: str = "UTC") -> Thresholds:
        """Return what a baseline keeps; weekdays are those of the zone."""
        return Thresholds(
            alpha=self.alpha,
            distance=self.distance,
            share=self.share,
            auc=self.auc,
            visible=self.visible,
            documents=self.documents,
            same_weekday=self.same_weekday,
            time_zone=time_zone,
        )

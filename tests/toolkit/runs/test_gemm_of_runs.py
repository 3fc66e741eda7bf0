"""Rules of a run's matrix product: decided once, written into the plan, and kept by whoever resumes it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.toolkit.compile import saved

from nimbus import assembly
from nimbus.runs.submit import Request, Result
from nimbus_runtime import gemm
from nimbus_runtime.contract.errors import NimbusError, RunMismatchError
from nimbus_runtime.contract.inputs import Fields
from nimbus_runtime.contract.records import Gemm, OutputFormat
from nimbus_runtime.planner import Order

TEXTS = [text for text in saved.TEXTS if text.strip()]


class Silent:
    """An observer that notes nothing."""

    def planned(self, *_: object) -> None:
        """Note nothing."""

    advanced = committed = worker_died = planned


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bundle of a CNN pipeline."""
    folder = tmp_path_factory.mktemp("gemm")
    return assembly.compile_pipeline(str(saved.save_cnn(folder / "pipeline")), folder / "bundle").bundle.path


def run(bundle: Path, root: Path, product: Gemm | None = None, *, resume: bool = False, faults: float = 1.0) -> Result:
    """Score a few texts, one of which is none."""
    documents = root.parent / "documents.jsonl"
    documents.write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS) + "{}\n")
    order = Order(Fields(), None, OutputFormat.JSONL, max_quarantine=faults, gemm=product)
    inputs = () if resume else (str(documents),)
    request = Request(root, inputs, bundle, order, workers=1, resume=resume, max_quarantine=faults)
    return assembly.submit(request, Silent())


def annotated(root: Path) -> list[saved.Json]:
    """Return the published rows without the scores."""
    _, files = assembly.dataset(root)
    rows = [json.loads(line) for file in files for line in Path(file).read_text().splitlines()]
    return [{**row, "cats": max(row["cats"], key=row["cats"].get)} for row in rows]


def test_the_decision_stands_in_the_plan_with_its_figures(bundle: Path, tmp_path: Path) -> None:
    """What a run computes with can be read from its plan, and why."""
    settings = run(bundle, tmp_path / "out").plan.settings
    assert settings.gemm_measured is not None
    assert settings.gemm is gemm.faster(settings.gemm_measured)
    (plan,) = (tmp_path / "out" / "runs").glob("*/plan.json")
    written = json.loads(plan.read_bytes())["settings"]
    assert written["gemm"] == settings.gemm.value
    assert written["gemm_measured"] == {"numpy": settings.gemm_measured.numpy, "blis": settings.gemm_measured.blis}


def test_either_product_gives_the_same_annotations(bundle: Path, tmp_path: Path) -> None:
    """The user's choice is the plan's, is not measured, and changes no label."""
    said = []
    for product in Gemm:
        settings = run(bundle, tmp_path / product, product).plan.settings
        assert (settings.gemm, settings.gemm_measured) == (product, None)
        said.append(annotated(tmp_path / product))
    assert said[0] == said[1]
    assert len(said[0]) == len(TEXTS)


def test_a_resumed_run_keeps_the_plans_product(bundle: Path, tmp_path: Path) -> None:
    """Whatever is faster by then, the rest of a run is computed as its beginning; another wish is refused."""
    with pytest.raises(NimbusError, match="quarantine"):
        run(bundle, tmp_path / "out", Gemm.BLIS, faults=0.0)
    with pytest.raises(RunMismatchError) as refused:
        run(bundle, tmp_path / "out", Gemm.NUMPY, resume=True)
    assert (refused.value.got, refused.value.expected) == ("gemm numpy", "gemm blis")
    assert run(bundle, tmp_path / "out", resume=True).plan.settings.gemm is Gemm.BLIS

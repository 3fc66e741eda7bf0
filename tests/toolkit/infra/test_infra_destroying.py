"""What is destroyed is what was shown, and nothing else is changed on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from nimbus.config import Project, load
from nimbus.infra import changes, work
from nimbus.infra.errors import InfraPlanChangedError

from .test_infra_changes import resource
from .test_infra_root import FILE, SCHEDULE

BUCKET, REPOSITORY = "module.platform.aws_s3_bucket.this", 'module.pipeline.aws_ecr_repository.this["a b"]'


@dataclass(slots=True)
class Planner:
    """Stands for Terraform: plans what it is told to find, and says what was planned and applied."""

    folder: Path
    found: list[dict[str, Any]]
    applied: list[tuple[str, ...]] = field(default_factory=list)

    def init(self) -> Iterator[dict[str, Any]]:
        """Fetch nothing."""
        return iter(())

    def plan(self, file: str, *, destroy: bool, only: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
        """Write what is planned."""
        (self.folder / file).write_text(json.dumps([destroy, *only]), encoding="utf-8")
        return iter(())

    def shown(self, file: str) -> dict[str, Any]:
        """Return what was found."""
        assert (self.folder / file).is_file()
        return {"resource_changes": self.found}

    def apply(self, file: str) -> Iterator[dict[str, Any]]:
        """Keep what would be applied."""
        self.applied.append(tuple(json.loads((self.folder / file).read_text(encoding="utf-8"))))
        return iter(())


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project with an environment on AWS."""
    (tmp_path / "nimbus.toml").write_text(f"{FILE}{SCHEDULE}[environments.lab]\nkind = 'aws'\n", encoding="utf-8")
    return load(tmp_path, "lab", variables={})


def test_data_is_let_go_and_nothing_else_is_applied(project: Project, tmp_path: Path) -> None:
    """A schedule that was changed in nimbus.toml, or a module that is newer, would be applied unseen."""
    keeps = {"before": {"force_destroy": False}, "after": {"force_destroy": True}}
    stays = {"before": {"force_delete": False}, "after": {"force_delete": True}}
    other = {"before": {"schedule_expression": "rate(1 day)"}, "after": {"schedule_expression": "rate(2 days)"}}
    planner = Planner(
        tmp_path,
        [
            resource(BUCKET, ["update"], **keeps),
            resource(REPOSITORY, ["update"], **stays),
            resource("module.pipeline.aws_scheduler_schedule.run", ["update"], **other),
            resource("module.pipeline.aws_sqs_queue.dead", ["create"]),
        ],
    )
    work.release_data(planner, project, tmp_path, print)
    assert planner.applied == [(False, REPOSITORY, BUCKET)]
    planner.found = planner.found[2:]
    work.release_data(planner, project, tmp_path, print)
    assert len(planner.applied) == 1


def test_what_was_not_shown_is_not_destroyed(project: Project, tmp_path: Path) -> None:
    """Somebody may have applied more meanwhile; what has gone meanwhile is no hindrance."""
    bucket, queue = (resource(name, ["delete"]) for name in (BUCKET, "module.pipeline.aws_sqs_queue.dead"))
    planner = Planner(tmp_path, [bucket, queue])
    with pytest.raises(InfraPlanChangedError, match="more to destroy"):
        work.destroy(planner, project, tmp_path, changes.read({"resource_changes": [bucket]}), print)
    assert planner.applied == []
    work.destroy(planner, project, tmp_path, changes.read({"resource_changes": [bucket, queue]}), print)
    assert planner.applied == [(True,)]

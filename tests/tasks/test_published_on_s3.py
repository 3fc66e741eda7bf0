"""The published dataset of a bucket is read and exported as that of a folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import boto3
import pytest

import nimbus
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.errors import NimbusError, RunNotFoundError, StoreError
from nimbus_runtime.contract.records import OutputFormat, Release
from nimbus_runtime.published import opened, quarantined
from nimbus_runtime.store import S3Store
from nimbus_runtime.tasks.plan import plan_task
from nimbus_runtime.tasks.settings import TaskSettings
from tests.faults import command

from .test_tasks_on_s3 import RELEASE, Nobody, bundle, inputs, settings

__all__ = ["bundle", "inputs", "settings"]


@pytest.fixture
def root(settings: TaskSettings) -> str:
    """Return the address of a root whose run is published as JSON lines."""
    plan_task(replace(settings, alone_seconds=300.0), Nobody())
    return settings.root


def test_the_files_of_a_bucket_s_dataset_are_addresses(root: str) -> None:
    """What any reader of S3 takes, in the order of the dataset; `opened` reads them as well."""
    files = nimbus.dataset(root)
    assert len(files) == 8
    assert all(file.startswith(f"{root}/runs/20261122T020000Z/data/") for file in files)
    with opened(files[3]) as file:
        assert json.loads(file.readline())["id"].startswith("3-")
    assert quarantined(root) == []


@pytest.mark.parametrize("output_format", OutputFormat)
def test_an_export_of_a_bucket_is_that_of_a_folder(
    output_format: OutputFormat, settings: TaskSettings, tmp_path: Path
) -> None:
    """Row by row, from either format."""
    store = S3Store.at(settings.root)
    release = codec.decode(Release, store.read(paths.release(RELEASE)) or b"", RELEASE)
    assert release.job is not None
    wanted = replace(release, release="wanted", job=replace(release.job, output_format=output_format))
    store.create(paths.release("wanted"), codec.encode(wanted))
    plan_task(replace(settings, release="wanted", alone_seconds=300.0), Nobody())
    target = tmp_path / "rows.jsonl"
    ended = command.nimbus("export", settings.root, "--to", target, "--json")
    assert ended.code == 0, ended.err
    rows = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [row["id"] for row in rows] == [f"{file}-{i}" for file in range(8) for i in range(20)]
    assert {row["bundle_digest"] for row in rows} == {release.bundle_digest}


def test_what_is_missing_in_a_bucket_is_said_as_of_a_folder(root: str, settings: TaskSettings) -> None:
    """No run, no dataset, no object: each by its name."""
    with pytest.raises(RunNotFoundError, match="no such run"):
        nimbus.dataset(root, "20000101T000000Z")
    with pytest.raises(RunNotFoundError, match="nothing has been published"):
        nimbus.dataset(f"{settings.root}-other")
    store = S3Store.at(root)
    bucket, _, key = nimbus.dataset(root)[2].removeprefix("s3://").partition("/")
    boto3.client("s3").delete_object(Bucket=bucket, Key=key)
    with pytest.raises(StoreError, match="incomplete"):
        nimbus.dataset(root)
    with pytest.raises(NimbusError, match="it is missing"), store.opened("nothing"):
        pass

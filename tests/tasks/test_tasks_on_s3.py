"""The tasks over a bucket leave what they leave in a folder, byte for byte."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nimbus_runtime import live, readers
from nimbus_runtime.bundle import verify
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.errors import InputChangedError, InputUnreadableError, NimbusError
from nimbus_runtime.contract.inputs import Fields
from nimbus_runtime.contract.records import Execution, Job, Outcome, OutputFormat, Release
from nimbus_runtime.readers.addresses import resolve_objects
from nimbus_runtime.store import DirectoryStore, S3Store
from nimbus_runtime.tasks.commit import commit_task
from nimbus_runtime.tasks.plan import plan_task
from nimbus_runtime.tasks.score import score_task
from nimbus_runtime.tasks.settings import TaskSettings, read_settings
from tests.aws.local_aws import LocalAws
from tests.aws.refusals import Refused
from tests.faults import bundles, command

from .datasets import rows, write_inputs

RELEASE = "support-1"


class Nobody:
    """Knows no execution that still runs."""

    def running(self, execution: Execution) -> bool:
        """Say that it has ended."""
        del execution
        return False


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> bundles.Built:
    """Return a small bundle."""
    return bundles.build(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def inputs(tmp_path: Path, bucket: str) -> Path:
    """Return a folder of eight inputs, which lie in the bucket too."""
    folder = tmp_path / "inputs"
    for file in write_inputs(folder):
        boto3.client("s3").upload_file(str(file), bucket, f"in/mails/{file.name}")
    return folder


@pytest.fixture
def settings(bucket: str, bundle: bundles.Built, inputs: Path) -> TaskSettings:
    """Return the environment of a scheduled run's tasks, its release deployed."""
    del inputs
    store = S3Store.at(f"s3://{bucket}/support")
    job = Job((f"s3://{bucket}/in/mails/",), Fields(id="id"), None, OutputFormat.JSONL, 0.1)
    release = Release(RELEASE, verify(bundle.path).digest, "en_pipeline", "0.0.0", "arn:task:1", job)
    store.create(paths.release(RELEASE), codec.encode(release))
    told = read_settings(
        {
            "NIMBUS_ROOT": store.location,
            "NIMBUS_BUNDLE": str(bundle.path),
            "NIMBUS_EXECUTION": "first",
            "NIMBUS_KIND": "scheduled",
            "NIMBUS_RELEASE": RELEASE,
            "NIMBUS_SCHEDULED_TIME": "2026-11-22T02:00:00Z",
            "NIMBUS_WORKERS": "1",
        }
    )
    return replace(told, alone_seconds=0.0, batch_seconds=1e-9)


def test_a_bucket_holds_the_bytes_of_one_machine(
    settings: TaskSettings, bundle: bundles.Built, inputs: Path, tmp_path: Path
) -> None:
    """Inputs and root in a bucket, shard by shard, give the rows of `nimbus run` over the same files."""
    dispatch = plan_task(settings, Nobody())
    assert dispatch.outcome is Outcome.FAN_OUT
    score_task(replace(settings, run=dispatch.run, shards=tuple(range(8))))
    assert commit_task(replace(settings, run=dispatch.run)) is live.Publication.PUBLISHED
    alone = tmp_path / "alone"
    ended = command.run(inputs, "--id-field", "id", "--format", "jsonl", root=alone, bundle=bundle)
    assert ended.code == 0, ended.err
    assert rows(S3Store.at(settings.root), dispatch.run) == rows(DirectoryStore(alone), ended.json["run"])


def test_an_input_that_has_changed_stops_the_run_by_name(settings: TaskSettings, bucket: str) -> None:
    """What lies there now is not what was planned."""
    dispatch = plan_task(settings, Nobody())
    boto3.client("s3").put_object(Bucket=bucket, Key="in/mails/3.jsonl", Body=b'{"id": "x", "text": "other"}\n')
    with pytest.raises(InputChangedError, match=r"3\.jsonl has changed"):
        score_task(replace(settings, run=dispatch.run, shards=(3,)))


def test_tables_of_a_bucket_are_split_as_one_by_one(bucket: str, tmp_path: Path) -> None:
    """Many are asked at once, and their slices come in their order; other files among them change nothing."""
    for number in range(40):
        file, table = io.BytesIO(), pa.table({"text": ["word"] * (10 * (number % 4))})
        pq.write_table(table, file, row_group_size=10)
        boto3.client("s3").put_object(Bucket=bucket, Key=f"in/{number:02}.parquet", Body=file.getvalue())
    files = readers.resolve([f"s3://{bucket}/in/"], tmp_path)
    slices = list(readers.split_all(files, 1))
    assert slices == [readers.split(file, 1) for file in files]
    assert {len(parts) for parts in slices} == {0, 1, 2, 3}
    boto3.client("s3").put_object(Bucket=bucket, Key="in/99.jsonl", Body=b'{"text": "word"}\n')
    assert list(readers.split_all(readers.resolve([f"s3://{bucket}/in/"], tmp_path), 1))[:-1] == slices


def test_a_bucket_that_does_not_exist_is_told_in_words(settings: TaskSettings) -> None:
    """The failure names the bucket and what to check."""
    with pytest.raises(NimbusError, match="no such bucket"):
        plan_task(replace(settings, root="s3://nimbus-has-no-such-bucket/x"), Nobody())


def test_a_folder_is_read_by_who_may_not_ask_for_its_own_name(aws_environment: LocalAws, bucket: str) -> None:
    """S3 denies that to a role that may read what lies in the folder alone; what is denied wholly is told in words."""
    boto3.client("s3").put_object(Bucket=bucket, Key="mails/1.jsonl", Body=b'{"text": "a"}\n')
    denied = Refused(code="AccessDenied", status=403, service="s3")
    aws_environment.faults.add(denied)
    (found,) = resolve_objects([f"s3://{bucket}/mails"], None)
    assert found.name == "1.jsonl"
    aws_environment.faults.add(denied)
    with pytest.raises(InputUnreadableError, match="access is denied"):
        resolve_objects([f"s3://{bucket}/letters"], None)

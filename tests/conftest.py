"""What tests of several folders start from. A fixture of the session stands here once: elsewhere it is made again."""

from __future__ import annotations

import sys
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.aws.fixtures import aws, aws_environment, bucket, local_aws
from tests.fixtures.search_path import PRODUCTION, on_path

__all__ = ["aws", "aws_environment", "bucket", "local_aws"]
_APPLIED = "tests/terraform/working/"
_FIRST = (_APPLIED, "tests/environments/", "tests/image/", "tests/tui/test_infrastructure")
"""What mostly waits for others, and for long: begun first, it is done when the rest is."""
_SECOND = (
    *("tests/faults/test_kills", "tests/oracle/test_matrix", "tests/oracle/test_heads", "tests/terraform/"),
    *("tests/toolkit/promotion/", "tests/toolkit/releases/test_cloud_releases"),
    *("tests/tui/test_cloud", "tests/tui/test_pictures"),
)
"""What computes for long: at the end it would leave processors idle."""
_APART = "tests/environments/"
_WITH_ORIGINALS = ("tests/architecture/", "tests/benchmarks/", "tests/oracle/")
sys.path.insert(0, str(PRODUCTION))  # for those whose PYTHONPATH is made of it

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")  # no test depends on how long something takes


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let processes of most tests find what production has, without the torch stack of `make oracle`."""
    with pytest.MonkeyPatch.context() as patch:
        if not item.nodeid.startswith(_WITH_ORIGINALS):
            patch.setenv("PYTHONPATH", on_path(PRODUCTION))
        return (yield)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let tests that wait for others begin, and those that take long follow."""
    items.sort(key=lambda item: (not item.nodeid.startswith(_FIRST), not item.nodeid.startswith(_SECOND)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:  # noqa: ANN401 - xdist's
    """Share tests by file, and let all that want the applied examples be one file's: they are applied once.

    What a file tries in a folder and on AWS is two files': of those on AWS, none waits for the others.
    """
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling  # noqa: PLC0415 - where tests run in several processes

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            if nodeid.startswith(_APPLIED):
                return _APPLIED
            here = nodeid.startswith(_APART) and nodeid.endswith("[local]")
            return f"{super()._split_scope(nodeid)}{' here' if here else ''}"

    return ByFile(config, log)

"""What tests of several folders start from. A fixture of the session stands here once: elsewhere it is made again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.aws.fixtures import aws, aws_environment, bucket, local_aws

__all__ = ["aws", "aws_environment", "bucket", "local_aws"]
_APPLIED = "tests/terraform/working/"
_FIRST = (_APPLIED, "tests/environments/", "tests/image/", "tests/tui/test_infrastructure")
"""What mostly waits for others, and for long: begun first, it is done when the rest is."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let tests that wait for others begin."""
    items.sort(key=lambda item: not item.nodeid.startswith(_FIRST))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:  # noqa: ANN401 - xdist's
    """Share tests by file, and let all that want the applied examples be one file's: they are applied once."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling  # noqa: PLC0415 - where tests run in several processes

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _APPLIED if nodeid.startswith(_APPLIED) else str(super()._split_scope(nodeid))

    return ByFile(config, log)

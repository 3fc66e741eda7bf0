"""Rules of threads that outlive what started them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = [path for folder in ("inference_image", "toolkit", "tui") for path in sorted((ROOT / folder).rglob("*.py"))]
READS = {"read_row_group", "read_row_groups", "iter_batches"}


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Yield the calls of methods in a module, with the names of the methods."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, node


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_parquet_is_read_by_the_thread_that_asks(path: Path) -> None:
    """A process that ends while a thread of Arrow's still holds its file is aborted: `read_table` always has such."""
    for name, call in calls(path):
        assert name not in {"read_table", "dataset"} or not ast.unparse(call.func).startswith(("pq.", "ds."))
        if name in READS:
            assert {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}["use_threads"] == "False"

"""Reads documents from files: one module a format, behind four verbs.

`resolve` finds the files, `check_schema` refuses the unusable before work starts, `split` cuts
a file into slices without parsing it, and `read` streams the documents of one slice.
"""

from __future__ import annotations

from nimbus_runtime.readers.formats import check_schema, check_schemas, read, split, split_all
from nimbus_runtime.readers.resolve import resolve

__all__ = ["check_schema", "check_schemas", "read", "resolve", "split", "split_all"]

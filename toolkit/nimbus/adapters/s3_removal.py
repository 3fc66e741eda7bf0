"""Deletes records and files below a root in a bucket; earlier versions stay as long as the bucket's rule says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from nimbus_runtime import s3
from nimbus_runtime.contract.errors import StoreError


class S3Removal:
    """A root below a prefix of a bucket, which may be deleted in."""

    def __init__(self, bucket: s3.Bucket, prefix: str) -> None:
        """Delete below `prefix`, which has no slash at its ends."""
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""

    @classmethod
    def at(cls, address: str) -> S3Removal:
        """Open the root at s3://bucket/prefix."""
        bucket, prefix = s3.split_address(address)
        return cls(s3.Bucket(bucket), prefix.strip("/"))

    def sizes(self, folder: str) -> dict[str, int]:
        """Return every name below a folder with its size in bytes."""
        return {found.key.removeprefix(self._prefix): found.size for found in self._listed(folder)}

    def older(self, folder: str, before: datetime) -> dict[str, int]:
        """Return every name below a folder that was last written before a time, with its size in bytes."""
        return {
            found.key.removeprefix(self._prefix): found.size
            for found in self._listed(folder)
            if found.modified is not None and found.modified < before
        }

    def remove(self, names: Sequence[str]) -> None:
        """Delete objects in this order."""
        try:
            self._bucket.delete([f"{self._prefix}{name}" for name in names])
        except s3.S3Error as error:
            raise self._explained(names[0], error) from error

    def _listed(self, folder: str) -> list[s3.Listed]:
        try:
            return list(self._bucket.listed(f"{self._prefix}{folder}/" if folder else self._prefix))
        except s3.S3Error as error:
            raise self._explained(folder, error) from error

    def _explained(self, name: str, error: s3.S3Error) -> StoreError:
        return StoreError(
            f"the bucket cannot be pruned: {error.what}",
            where=f"s3://{self._bucket.name}/{self._prefix}{name}",
            got=error.code,
            remedy="take the role with the pruner policy (docs/aws.md), and prune again",
        )

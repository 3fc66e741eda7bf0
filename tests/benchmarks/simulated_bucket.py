"""A bucket that holds a hundred thousand objects and keeps none of them: enough of S3 for a planner and a committer.

    python -m tests.benchmarks.simulated_bucket OBJECTS SIZE [--row-groups 20] [--pause 0.02]

Inputs are JSONL of SIZE bytes, made when they are asked for, or Parquet of so many row groups, each of SIZE bytes. What
is written is kept. Prints its address, and serves until it is ended.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from nimbus_runtime.contract import codec
from nimbus_runtime.contract.records import Commit, Counts, DataFile

PREFIX = "inputs/"
LINE = json.dumps({"text": "Anna had a late order from Berlin and would like to have her money back"}).encode() + b"\n"
_PAGE = 1000
_WRITTEN = "<LastModified>2026-11-21T00:00:00Z</LastModified>"
_SHARD = re.compile(r".+/runs/[^/]+/commits/(?P<release>[^/]+)/(?P<shard>\d{7})\.json")
_DIGITS = 64


class Objects:
    """What there is: inputs, commit records of every shard, and what was written."""

    def __init__(self, count: int, size: int, row_groups: int) -> None:
        """Have `count` inputs, each of `size` bytes or of so many row groups of them."""
        self.table = _table(size, row_groups) if row_groups else b""
        self.count, self.size = count, len(self.table) or size
        self.written: dict[str, bytes] = {}
        self.shards = 0  # commit records that are there

    def content(self, key: str, start: int, end: int) -> bytes | None:
        """Return bytes of an object."""
        if key.startswith(PREFIX) and self.table:
            return self.table[start:end]
        if key.startswith(PREFIX):
            first = start // len(LINE)
            lines = LINE * (-(-end // len(LINE)) - first)
            return lines[start - first * len(LINE) :][: end - start]
        found = _SHARD.fullmatch(key)
        if found and int(found["shard"]) < self.shards:
            return _commit(int(found["shard"]), found["release"])[start:end]
        return self.written[key][start:end] if key in self.written else None

    def size_of(self, key: str) -> int | None:
        """Return an object's size."""
        if key.startswith(PREFIX):
            return self.size
        data = self.content(key, 0, 1 << 40)
        return None if data is None else len(data)

    def keys(self, prefix: str) -> list[str]:
        """Return all keys below a prefix, in order."""
        if prefix.startswith(PREFIX):
            suffix = "parquet" if self.table else "jsonl"
            return [f"{PREFIX}{number:07d}.{suffix}" for number in range(self.count)]
        if "/commits/" in prefix:
            return [f"{prefix}{number:07d}.json" for number in range(self.shards)]
        return sorted(key for key in self.written if key.startswith(prefix))


class Handler(BaseHTTPRequestHandler):
    """The five operations that a root needs."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and body of an answer in one packet
    objects: ClassVar[Objects]
    pause: ClassVar[float] = 0.0
    listings: ClassVar[dict[str, list[str]]] = {}

    def do_GET(self) -> None:
        """ListObjectsV2 and GetObject."""
        time.sleep(self.pause)
        place = urlsplit(self.path)
        key = unquote(place.path).lstrip("/").partition("/")[2]
        if not key:
            self._list({name: values[0] for name, values in parse_qs(place.query).items()})
            return
        size = self.objects.size_of(key)
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        start, end = (int(found[1]), min(int(found[2]) + 1, size or 0)) if found else (0, size or 0)
        data = None if size is None else self.objects.content(key, start, end)
        if data is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            self._answer(206 if found else 200, data)

    def do_HEAD(self) -> None:
        """HeadObject."""
        time.sleep(self.pause)
        size = self.objects.size_of(unquote(urlsplit(self.path).path).lstrip("/").partition("/")[2])
        self.send_response(404 if size is None else 200)
        self.send_header("Content-Length", str(size or 0))
        self.send_header("ETag", '"1"')
        self.end_headers()

    def do_PUT(self) -> None:
        """PutObject, where nothing stands or where something does; and, by a header of ours, so many commit records."""
        key = unquote(urlsplit(self.path).path).lstrip("/").partition("/")[2]
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if key == "shards":
            self.objects.shards = int(data)
            self.listings.clear()
        elif self.headers.get("If-None-Match") and key in self.objects.written:
            self._answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
            return
        else:
            self.objects.written[key] = data
        self._answer(200, b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _list(self, asked: dict[str, str]) -> None:
        prefix, at = asked.get("prefix", ""), int(asked.get("continuation-token", "0"))
        if prefix not in self.listings or ("/commits/" not in prefix and not prefix.startswith(PREFIX)):
            self.listings[prefix] = self.objects.keys(prefix)
        keys = self.listings[prefix]
        folders = {key[len(prefix) :].split("/")[0] for key in keys if "/" in key[len(prefix) :]}
        page = [] if asked.get("delimiter") and folders else keys[at : at + _PAGE]
        entries = "".join(
            f"<Contents><Key>{key}</Key><Size>{self.objects.size}</Size><ETag>&quot;1&quot;</ETag>{_WRITTEN}</Contents>"
            for key in page
        )
        entries += "".join(
            f"<CommonPrefixes><Prefix>{prefix}{folder}/</Prefix></CommonPrefixes>"
            for folder in (sorted(folders) if asked.get("delimiter") else ())
        )
        more = at + _PAGE < len(keys)
        token = f"<NextContinuationToken>{at + _PAGE}</NextContinuationToken>" if more else ""
        answer = f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}{entries}</ListBucketResult>"
        self._answer(200, answer.encode())

    def _answer(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", '"1"')
        self.end_headers()
        self.wfile.write(data)


def _table(size: int, row_groups: int) -> bytes:
    """Return a Parquet file whose texts are as long as the lines'."""
    import pyarrow as pa  # noqa: PLC0415 - only for those who measure it
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    rows, file = size // len(LINE), io.BytesIO()
    texts = pa.table({"text": [LINE.decode()] * (rows * row_groups)})
    pq.write_table(texts, file, row_group_size=rows, use_dictionary=False, compression="none")
    return file.getvalue()


def _commit(shard: int, release: str) -> bytes:
    """Return the commit record of a shard, as long as one of a worker's."""
    file = f"{shard:0{_DIGITS}x}"
    counts = Counts(1000, 999, 1, 70_000, 15_000, {"empty_text": 1})
    rows, few = DataFile(f"{file}.parquet", 999, 300_000), DataFile(f"{file}.parquet", 1, 900)
    return codec.encode(
        Commit(shard, release, "arn:aws:states:eu-west-1:1:execution:x:y", rows, few, rows, counts, 90.0)
    )


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("objects", type=int)
    parser.add_argument("size", type=int)
    parser.add_argument("--row-groups", type=int, default=0)
    parser.add_argument("--pause", type=float, default=0.02)
    arguments = parser.parse_args()
    Handler.objects = Objects(arguments.objects, arguments.size, arguments.row_groups)
    Handler.pause = arguments.pause
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

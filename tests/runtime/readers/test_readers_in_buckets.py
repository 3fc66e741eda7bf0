"""Rules of what is asked of a bucket before a run, by one that counts what it gives and can make requests wait."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from nimbus_runtime import readers
from nimbus_runtime.contract.inputs import Compression, Fields, Format, InputFile

TOGETHER = 4


class Handler(BaseHTTPRequestHandler):
    """HeadObject and GetObject of objects that all have the same bytes."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    content: ClassVar[bytes] = b""
    given: ClassVar[list[int]] = []
    together: ClassVar[threading.Barrier | None] = None

    def do_HEAD(self) -> None:
        """Answer once enough others ask at the same time, where that is wanted."""
        self.given.append(0)
        if self.together is not None:
            self.together.wait()
        self._head(len(self.content))

    def do_GET(self) -> None:
        """Answer with a range."""
        first, last = map(int, re.findall(r"\d+", self.headers["Range"]))
        data = self.content[first : last + 1]
        self.given.append(len(data))
        self._head(len(data))
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _head(self, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.send_header("ETag", '"1"')
        self.end_headers()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Handler]]:
    """Return a bucket, which this process's clients ask."""
    handler = type("OneHandler", (Handler,), {"given": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "local")
        monkeypatch.setenv("AWS_REGION", "eu-west-1")
        yield handler
        server.shutdown()


def objects(count: int, form: Format, size: int) -> list[InputFile]:
    """Return inputs as a listing shows them."""
    names = [f"{number}.{form.value}" for number in range(count)]
    return [InputFile(f"s3://inputs/{name}", name, size, '"1"', form, Compression.NONE) for name in names]


@pytest.mark.parametrize(
    ("form", "head"), [(Format.JSONL, b'{"text": "a"}\n'), (Format.CSV, b"id,text\n"), (Format.TEXT, b"a\n")]
)
def test_an_object_is_looked_into_and_not_read(form: Format, head: bytes, bucket: type[Handler]) -> None:
    """Before a run the beginning of a large object is asked for: the rest of it is nobody's memory and time."""
    bucket.content = head + b"1,a\n" * 500_000
    readers.check_schemas(objects(3, form, len(bucket.content)), Fields())
    assert 0 < sum(bucket.given) < 3 * len(bucket.content) / 10


def test_fields_may_come_late(bucket: type[Handler]) -> None:
    """What the first line lacks is looked for in those behind it, in as many blocks as they fill."""
    bucket.content = b'{"other": "%b"}\n' % (b"a" * 100_000) * 50 + b'{"text": "a"}\n'
    readers.check_schemas(objects(2, Format.JSONL, len(bucket.content)), Fields())


def test_csv_in_a_bucket_is_split_several_at_once(bucket: type[Handler], tmp_path: Path) -> None:
    """Each is read whole for it; the slices are those of the same file on disk, in the order of the files."""
    bucket.content = b"id,text\n" + b'1,"a\nb"\n' * 1000
    bucket.together = threading.Barrier(TOGETHER, timeout=120)
    path = tmp_path / "0.csv"
    path.write_bytes(bucket.content)
    expected = readers.split(readers.resolve([str(path)], tmp_path)[0], 1000)
    assert len(expected) > TOGETHER
    assert list(readers.split_all(objects(TOGETHER, Format.CSV, len(bucket.content)), 1000)) == [expected] * TOGETHER


def test_csv_that_is_one_slice_is_not_read(bucket: type[Handler]) -> None:
    """However many small objects there are, planning asks for none of them."""
    assert len(list(readers.split_all(objects(2000, Format.CSV, 500), 500))) == 2000
    assert not bucket.given

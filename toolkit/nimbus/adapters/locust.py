"""Locust in processes of its own: it patches the standard library of the one that imports it."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from nimbus.adapters import following, processors
from nimbus_runtime.contract import codec
from nimbus_runtime.contract.errors import NimbusError, UsageError

_SHIPPED = Path(__file__).parents[1] / "loadtest" / "locust"
_CHECKOUT = Path(__file__).parents[3] / "loadtest"
_STOP_SECONDS = 20.0

Arguments = Callable[..., list[str]]


def locustfile() -> Path:
    """Return the locust file: as it came with the installed package, or that of the checkout."""
    return next(folder / "locustfile.py" for folder in (_SHIPPED, _CHECKOUT) if (folder / "locustfile.py").is_file())


def check_texts(path: Path, field: str | None) -> None:
    """Read the user's texts as the locust files will; UsageError where they cannot.

    Without a field it is runs that will read them, in any of their formats: then they only have to be there.
    """
    spec = importlib.util.spec_from_file_location("payloads", locustfile().with_name("payloads.py"))
    assert spec is not None  # noqa: S101 - it comes with Nimbus
    assert spec.loader is not None  # noqa: S101 - as above
    payloads = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(payloads)
    try:
        if field is None:
            path.stat()
        else:
            payloads.read(str(path), field)
    except OSError as error:
        raise UsageError(
            "the texts to send cannot be read",
            where=str(path),
            got=error.strerror or type(error).__name__,
            remedy="--payloads, or payloads of [loadtest], names a file of them",
        ) from None
    except UnicodeDecodeError:
        raise UsageError("the texts to send are not UTF-8", where=str(path), remedy="write them as UTF-8") from None
    except SystemExit as error:
        raise UsageError(
            str(error),
            where=str(path),
            expected=f"JSON lines with text in {field!r}, or a text a line",
            remedy="name other texts with --payloads, or their field as text_field in nimbus.toml",
        ) from None


@dataclass(frozen=True, slots=True)
class Locust:
    """Calls locust. `cpus` are the processors that it may use, all without; `api_key` is the server's."""

    api_key: str | None = None
    cpus: frozenset[int] = frozenset()

    def run(self, arguments: Arguments, second: Callable[[dict[str, object]], None]) -> bytes:
        """Run it to its end, tell of each second, and return the result that it wrote."""
        if importlib.util.find_spec("locust") is None:
            raise UsageError(
                "locust is not installed",
                expected="the extra loadtest",
                remedy="pip install 'nimbus-nlp[loadtest]'",
            )
        with tempfile.TemporaryDirectory() as folder:
            result, log = Path(folder, "result.json"), Path(folder, "log")
            read, write = os.pipe()
            told = arguments(result=result, figures=f"/dev/fd/{write}", locustfile=locustfile(), port=_free_port())
            environment = {**os.environ, **({"NIMBUS_LOCUST_API_KEY": self.api_key} if self.api_key else {})}
            with log.open("wb") as out, processors.using(self.cpus):
                process = subprocess.Popen(  # noqa: S603 - our own files, by our own interpreter
                    [sys.executable, "-P", "-W", "ignore", "-m", "locust", *told],
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    env=environment,
                    pass_fds=[write],
                    start_new_session=True,
                    preexec_fn=following.parent(),  # noqa: PLW1509 - a call of the system and nothing else
                )
            os.close(write)
            try:
                with os.fdopen(read, encoding="utf-8") as lines:
                    for line in lines:
                        if line.endswith("\n"):  # it may have ended within one
                            second(json.loads(line))
                process.wait()
            finally:
                _end(process)
            if not result.is_file():
                raise _failed(log, process.returncode)
            return result.read_bytes()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def _end(process: subprocess.Popen[bytes]) -> None:
    """End locust and the processes that it made, also where it is no longer there to do so."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
    with suppress(ProcessLookupError, PermissionError):  # nobody of its group is left
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _failed(log: Path, code: int) -> NimbusError:
    if code < 0:
        name = signal.Signals(-code).name
        return NimbusError(
            "locust was ended before there was a result, and what it had counted is gone",
            got=f"signal {name}{', as when memory runs out' if code == -signal.SIGKILL else ''}",
            remedy="see what ended it, and run the test again",
        )
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return NimbusError(
        "locust ended without a result",
        got=lines[-1][:500] if lines else "no word",
        remedy="see what it says: locust -f " + str(locustfile()) + " --headless …",
    )


def decode(cls: type[codec.Record], data: bytes) -> codec.Record:
    """Read what locust wrote."""
    return codec.decode(cls, data, "locust's result")

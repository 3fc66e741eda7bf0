"""A container: one process in a session of its own, and what it prints."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable

from tests.aws.fargate.images import Launch


class ContainerProcess:
    """A running container, from its start until nothing of it is left."""

    def __init__(self, launch: Launch, on_line: Callable[[str], None]) -> None:
        """Start the process; every line that it prints is given to `on_line`."""
        self._process = subprocess.Popen(
            launch.arguments,
            env=dict(launch.environment),
            cwd=launch.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(on_line,), daemon=True)
        self._reader.start()
        self._kill: threading.Timer | None = None
        self._ended = threading.Event()

    def stop(self, timeout_seconds: float) -> None:
        """SIGTERM to its first process, and SIGKILL to all that is left after the timeout."""
        if self._ended.is_set() or self._kill:
            return
        self._kill = threading.Timer(timeout_seconds, self._signal_all, (signal.SIGKILL,))
        self._kill.daemon = True
        self._kill.start()
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL to all of it."""
        self._signal_all(signal.SIGKILL)

    def wait(self) -> int:
        """Its exit code, as a container reports it: 128 and the signal's number where one ended it."""
        os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        self._signal_all(signal.SIGKILL)
        self._ended.set()
        code = self._process.wait()
        if self._kill:
            self._kill.cancel()
        self._reader.join()
        return code if code >= 0 else 128 - code

    def _signal_all(self, number: signal.Signals) -> None:
        if not self._ended.is_set():
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:
                return

    def _read(self, on_line: Callable[[str], None]) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                on_line(line.decode(errors="replace").rstrip("\r\n"))

"""The life of one task."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from moto.core.utils import utcnow
from moto.ecs.models import TaskDefinition

from tests.aws.fargate.faults import FailsToStart, Interrupted, NeverStarts, TaskFault
from tests.aws.fargate.images import Images, Launch
from tests.aws.fargate.log_stream import LogStream, stream_of
from tests.aws.fargate.process import ContainerProcess
from tests.aws.fargate.task import FargateTask

_POLL_SECONDS = 0.02


@dataclass
class Agent:
    """Starts a task's containers, waits for them, and says how it ended."""

    task: FargateTask
    definition: TaskDefinition
    images: Images
    slots: threading.Semaphore
    """A task that finds none stays PENDING."""
    environment: Mapping[str, str]
    """What Fargate sets in every container."""
    account: str
    region: str
    fault: TaskFault | None = None
    _stopping: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _running: list[tuple[ContainerProcess, float]] = field(default_factory=list)

    def run(self) -> None:
        """Live the whole life, in the thread that calls."""
        try:
            self._live()
        except Exception as error:  # noqa: BLE001 - a task ends, whatever happened
            self._end("TaskFailedToStart", f"CannotStartContainerError: {error}")
        finally:
            self.task.stopped_at = utcnow()
            self.task.status = self.task.desired_status = "STOPPED"

    def stop(self, code: str, reason: str) -> None:
        """SIGTERM to every container, SIGKILL after its stop timeout; the first reason stands."""
        self._end(code, reason)
        self.task.desired_status = "STOPPED"
        self.task.stopping_at = self.task.stopping_at or utcnow()
        with self._lock:
            self._stopping.set()
            for process, timeout in self._running:
                process.stop(timeout)

    def kill(self) -> None:
        """End everything at once."""
        self.stop("ServiceSchedulerInitiated", "The local AWS was stopped")
        with self._lock:
            for process, _ in self._running:
                process.kill()

    def interrupt(self) -> None:
        """Take the capacity back, as Spot does."""
        self.stop("SpotInterruption", "Your Spot Task was interrupted.")

    def _live(self) -> None:
        self.task.status = "PENDING"
        if isinstance(self.fault, FailsToStart):
            self._end("TaskFailedToStart", self.fault.reason)
            return
        if isinstance(self.fault, NeverStarts):
            self._stopping.wait()
            return
        while not self.slots.acquire(timeout=_POLL_SECONDS):
            if self._stopping.is_set():
                return
        try:
            self._run_containers()
        finally:
            self.slots.release()

    def _run_containers(self) -> None:
        settings = self.definition.container_definitions
        plans = []
        for container in settings:
            plan = self._plan(container)
            if isinstance(plan, str):
                self._end("TaskFailedToStart", plan)
                return
            plans.append(plan)
        with self._lock:
            if self._stopping.is_set():
                return
            for container, (launch, stream) in zip(settings, plans, strict=True):
                process = ContainerProcess(launch, lambda line, stream=stream: self._logged(line, stream))
                self._running.append((process, float(container.get("stopTimeout") or 30)))
            self.task.started_at = utcnow()
            self.task.status = "RUNNING"
        for container in self.task.containers:
            container.last_status = "RUNNING"
        if isinstance(self.fault, Interrupted) and self.fault.when_logged is None:
            self.interrupt()
        self._wait(settings)

    def _wait(self, settings: list[dict[str, Any]]) -> None:
        waits = [threading.Thread(target=self._wait_for, args=(place,), daemon=True) for place in range(len(settings))]
        for wait in waits:
            wait.start()
        for wait in waits:
            wait.join()
        self.task.status = "DEPROVISIONING"

    def _wait_for(self, place: int) -> None:
        container = self.task.containers[place]
        code = self._running[place][0].wait()
        container.exitCode = code
        container.last_status = "STOPPED"
        if self.definition.container_definitions[place].get("essential", True):
            self.stop("EssentialContainerExited", "Essential container in task exited")

    def _plan(self, settings: dict[str, Any]) -> tuple[Launch, LogStream | None] | str:
        name = settings["name"]
        if settings.get("secrets"):
            return "ResourceInitializationError: the local Fargate does not resolve secrets"
        image = self.images.find(settings["image"])
        if image is None:
            return f"CannotPullContainerError: {settings['image']}: not found"
        stream = stream_of(settings, self.task.id, self.account, self.region)
        problem = stream.create() if stream else None
        if problem:
            return problem
        overrides = self.task.overrides.get("containerOverrides", [])
        override = next((one for one in overrides if one.get("name") == name), {})
        environment = {
            **self.environment,
            **_environment(settings),
            **_environment(override),
        }
        command = override.get("command") or settings.get("command") or []
        entry_point = tuple(settings.get("entryPoint") or ())
        container = f"{name}-{self.task.id}"
        return image.launch(container, entry_point, tuple(command), environment), stream

    def _logged(self, line: str, stream: LogStream | None) -> None:
        if stream:
            with suppress(Exception):
                stream.write(line)
        fault = self.fault
        if isinstance(fault, Interrupted) and fault.when_logged and fault.when_logged in line:
            self.interrupt()

    def _end(self, code: str, reason: str) -> None:
        if self.task.stop_code is None:
            self.task.stop_code, self.task.stopped_reason = code, reason


def _environment(settings: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in settings.get("environment") or []}

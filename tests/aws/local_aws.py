"""AWS on this machine: moto's server with its mends, and tasks that really run."""

from __future__ import annotations

import atexit
import threading
import time
from types import TracebackType
from typing import Any, ClassVar, Protocol, Self

import boto3
from botocore.config import Config
from moto.core.config import default_user_config
from moto.iam.models import iam_backends
from moto.moto_api._internal.models import moto_api_backend
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from tests.aws.fargate.local_fargate import CONCURRENT_TASKS, LocalFargate
from tests.aws.faults import Faults
from tests.aws.http_server import HttpServer
from tests.aws.identities import Identities
from tests.aws.mends import MENDS
from tests.aws.recorder import Recorder
from tests.aws.replacements import Mending
from tests.aws.savings import SAVINGS
from tests.aws.scheduler.clock import Clock

ACCOUNT = "123456789012"
REGION = "eu-west-1"


class Registry(Protocol):
    """A registry of images."""

    @property
    def address(self) -> str:
        """Return its host and port."""
        ...

    def tags(self, repository: str) -> list[str]:
        """Return the tags of a repository."""
        ...

    def manifest(self, repository: str, tag: str) -> bytes:
        """Return what a tag stands for."""
        ...


class LocalAws:
    """One account in one region, from `start` until `stop`; a context manager does both."""

    _serving: ClassVar[bool] = False

    def __init__(self) -> None:
        """Take a port; `start` serves."""
        self.identities = Identities()
        self.recorder = Recorder()
        self.faults = Faults()
        self.fargate = LocalFargate(self)
        self.registry: Registry | None = None
        """What engines push to; without one, repositories are at addresses that nobody answers at."""
        self.pause = 1.0
        """What pauses before retries of a state, and states that wait, are multiplied with."""
        self.clock = Clock(self)
        self.mending = Mending((*MENDS, *SAVINGS), self)
        self._session = boto3.session.Session()
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        self._server = HttpServer(self.recorder, self.identities, self.fargate, self.faults)
        self.url = self._server.url
        """What AWS_ENDPOINT_URL must be."""

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def start(self) -> None:
        """Answer calls from now on; one at a time does in a process, since moto is mended for one."""
        if LocalAws._serving:
            raise RuntimeError("a local AWS serves in this process already: ask for the fixture of tests/conftest.py")
        LocalAws._serving = True
        default_user_config["stepfunctions"] = {"execute_state_machine": True}
        default_user_config["iam"] = {"load_aws_managed_policies": True}
        self.mending.apply()
        self.reset()
        atexit.register(self.fargate.stop_all)
        self._server.start()

    def stop(self) -> None:
        """Stop all executions and tasks, answer no more, and leave moto as it was."""
        self.reset()
        atexit.unregister(self.fargate.stop_all)
        self._server.stop()
        self.mending.undo()
        LocalAws._serving = False

    def reset(self) -> None:
        """Forget everything: resources, calls, faults, images, and what runs."""
        self._stop_executions()
        self.fargate.stop_all()
        self.fargate.images.clear()
        self.fargate.limit(CONCURRENT_TASKS)
        self.faults.clear()
        self.pause = 1.0
        self.registry = None
        self.clock.reset()
        moto_api_backend.reset()
        _ = iam_backends[ACCOUNT]["aws"].access_keys  # made by one thread: every call asks it whose key it is
        self.recorder.clear()

    def environment(self, *, role: str = "", region: str = REGION) -> dict[str, str]:
        """Return what a process needs to call it, in a role where one is given."""
        return {
            "AWS_ACCESS_KEY_ID": self.identities.key_of(role) if role else "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self.url,
        }

    def client(self, service: str, *, role: str = "") -> Any:  # noqa: ANN401 - a class that boto3 makes as it runs
        """Return a client of boto3, which makes its calls in a role where one is given. Threads may share it."""
        with self._lock:
            if (service, role) not in self._clients:
                settings = self.environment(role=role)
                self._clients[service, role] = self._session.client(
                    service,
                    region_name=REGION,
                    endpoint_url=self.url,
                    aws_access_key_id=settings["AWS_ACCESS_KEY_ID"],
                    aws_secret_access_key=settings["AWS_SECRET_ACCESS_KEY"],
                    config=Config(max_pool_connections=128, retries={"total_max_attempts": 1}),
                )
            return self._clients[service, role]

    def ended(self, execution: str, timeout_seconds: float = 240) -> dict[str, Any]:
        """Return an execution, as DescribeExecution says it, once it no longer runs."""
        client, deadline = self.client("stepfunctions"), time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            described: dict[str, Any] = client.describe_execution(executionArn=execution)
            if described["status"] != "RUNNING":
                return described
            time.sleep(0.05)
        raise TimeoutError(f"{execution} still runs after {timeout_seconds} s")

    @staticmethod
    def _stop_executions() -> None:
        for regions in list(stepfunctions_parser_backends.values()):
            for backend in list(regions.values()):
                for machine in backend.state_machines:
                    for execution in machine.executions:
                        worker = execution.exec_worker
                        if execution.status == "RUNNING" and worker and worker.env:
                            execution.stop(stop_date=execution.start_date, error=None, cause="The local AWS was reset")

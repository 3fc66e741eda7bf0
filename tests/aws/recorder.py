"""Every call that reaches the local AWS, in order: what policies are compared with."""

from __future__ import annotations

import html
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from tests.aws.identities import Identities

_READS_AN_OBJECT = "HeadObject", "GetObject"
_WRITES_AN_OBJECT = "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "CopyObject", "PutObject"
_ACTIONS = {
    **dict.fromkeys([("s3", operation) for operation in _READS_AN_OBJECT], "s3:GetObject"),
    **dict.fromkeys([("s3", operation) for operation in _WRITES_AN_OBJECT], "s3:PutObject"),
    ("s3", "AbortMultipartUpload"): "s3:AbortMultipartUpload",
    ("s3", "DeleteObjects"): "s3:DeleteObject",
    ("s3", "HeadBucket"): "s3:ListBucket",
    ("s3", "ListBuckets"): "s3:ListAllMyBuckets",
    ("s3", "ListMultipartUploads"): "s3:ListBucketMultipartUploads",
    ("s3", "ListObjectVersions"): "s3:ListBucketVersions",
    ("s3", "ListObjects"): "s3:ListBucket",
    ("s3", "ListObjectsV2"): "s3:ListBucket",
    ("s3", "ListParts"): "s3:ListMultipartUploadParts",
}
"""S3's actions are not named after its operations (service authorisation reference of S3)."""

_REGION, _ACCOUNT = "eu-west-1", "123456789012"
_ARN = re.compile(r"arn:|https?://[^/]+/\d{12}/[^/]+$")
"""What names a resource in a request: its ARN, or the address of a queue."""

_NAMED = {
    "ecr": ("repository/{}", "repositoryName"),
    "iam": ("role/{}", "RoleName"),
    "monitoring": ("alarm:{}", "AlarmNames"),
    "logs": ("log-group:{}:*", "logGroupName"),
    "scheduler": ("schedule/{}/{}", "groupName", "Name"),
    "servicequotas": ("{}/{}", "ServiceCode", "QuotaCode"),
}
"""What names a resource in requests without ARNs: the resource's part of an ARN, and the fields that fill it."""

_PREFIXES = {"monitoring": "cloudwatch"}
"""Names that requests are signed with, where policies use another."""

_SERVICES = {"monitoring": "cloudwatch", "states": "stepfunctions"}
"""Names that requests are signed with, where the SDK calls the service another."""


@dataclass(frozen=True)
class Call:
    """One request to one service."""

    service: str
    """As policies name it: s3, ecs, states."""
    operation: str
    """As the API names it: PutObject, RunTask."""
    caller: str | None
    """ARN of the role whose key signed it; None for a key that is no role's."""
    resources: tuple[str, ...]
    """ARNs that the request names, where it names any."""
    status: int
    """HTTP status of the answer."""
    context: tuple[tuple[str, str], ...] = ()
    """What conditions of policies ask of it: s3:prefix, ecs:cluster."""

    @property
    def action(self) -> str:
        """What a policy must allow for it, such as s3:ListBucket for ListObjectsV2."""
        return _ACTIONS.get((self.service, self.operation), f"{self.service}:{self.operation}")


class Recorder:
    """The calls since the last `clear`."""

    def __init__(self) -> None:
        """Know no call yet."""
        self._calls: list[Call] = []
        self._lock = threading.Lock()

    def add(self, call: Call) -> None:
        """Note one more call."""
        with self._lock:
            self._calls.append(call)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._calls.clear()

    def calls(self, *, service: str | None = None, caller: str | None = None) -> tuple[Call, ...]:
        """All calls in order, or those of one service, or of one role."""
        with self._lock:
            return tuple(
                call for call in self._calls if service in (None, call.service) and caller in (None, call.caller)
            )


@dataclass(frozen=True)
class Request:
    """What of an HTTP request tells the call."""

    method: str
    path: str
    query: str
    authorization: str
    target: str
    """The header X-Amz-Target of JSON protocols."""
    copies: bool
    """Whether it has S3's header for the source of a copy."""
    body: bytes

    def call(self, identities: Identities, status: int) -> Call | None:
        """Return the call that it is; None for one that is not signed."""
        scope = _scope(self.authorization)
        if scope is None:
            return None
        key, service = scope
        operation, resources = self._operation(service)
        name = _PREFIXES.get(service, service)
        return Call(name, operation, identities.role_of(key), resources, status, self._context(name))

    def _context(self, service: str) -> tuple[tuple[str, str], ...]:
        if service == "s3":
            prefix = parse_qs(self.query, keep_blank_values=True).get("prefix")
            return (("s3:prefix", prefix[0]),) if prefix else ()
        if service == "ecs":
            cluster = _fields(self.body).get("cluster")
            return (("ecs:cluster", cluster),) if isinstance(cluster, str) else ()
        return ()

    def _operation(self, service: str) -> tuple[str, tuple[str, ...]]:
        if self.target:
            return self.target.rpartition(".")[2], _resources(service, _fields(self.body))
        from moto.core.routing import get_service_router  # noqa: PLC0415 - moto is loaded with the server
        from werkzeug.exceptions import HTTPException  # noqa: PLC0415 - as above

        try:
            router = get_service_router(_SERVICES.get(service, service))
            operation, arguments = router.match(self._for_moto())
        except (HTTPException, NotImplementedError, ValueError) as error:
            return f"{self.method} {self.path} ({type(error).__name__})", ()
        if service == "s3" and "Bucket" in arguments:
            keys = _deleted(self.body) if operation.name == "DeleteObjects" else [arguments.get("Key")]
            return operation.name, tuple(f"arn:aws:s3:::{arguments['Bucket']}" + (f"/{k}" if k else "") for k in keys)
        query = {name: values[0] for name, values in parse_qs(self.query).items()}
        return operation.name, _resources(service, {**_fields(self.body), **query, **arguments})

    def _for_moto(self):  # noqa: ANN202 - moto's own class, imported late
        from moto.core.request import Request as MotoRequest  # noqa: PLC0415 - moto is loaded with the server
        from werkzeug.test import EnvironBuilder  # noqa: PLC0415 - as above

        form = self.body if b"Action=" in self.body else b""
        headers = {"x-amz-copy-source": "-"} if self.copies else {}
        kind = "application/x-www-form-urlencoded" if form else None
        builder = EnvironBuilder(
            method=self.method, path=self.path, query_string=self.query, headers=headers, data=form, content_type=kind
        )
        return MotoRequest(builder.get_environ())


def _deleted(body: bytes) -> list[str]:
    """Return the keys that a request for many deletions names: AWS asks for each whether it is allowed."""
    return [html.unescape(key) for key in re.findall(r"<Key>(.*?)</Key>", body.decode("utf-8"), re.DOTALL)]


def _scope(authorization: str) -> tuple[str, str] | None:
    _, found, rest = authorization.partition("Credential=")
    parts = rest.split(",")[0].split("/")
    return (parts[0], parts[3]) if found and len(parts) == 5 else None


def _resources(service: str, fields: Mapping[str, object]) -> tuple[str, ...]:
    values = [each for value in fields.values() for each in (value if isinstance(value, list) else [value])]
    named = [value for value in values if isinstance(value, str)]
    arns = tuple(filter(None, (_queue(value) if "/" in value else value for value in named if _ARN.match(value))))
    pattern, *names = _NAMED.get(service, ("",))
    given = [value if isinstance(value, list) else [value] for value in map(fields.get, names)]
    if arns or not names or [None] in given:
        return arns
    begin = f"arn:aws:{_PREFIXES.get(service, service)}:{'' if service == 'iam' else _REGION}:{_ACCOUNT}:"
    return tuple(begin + pattern.format(*each) for each in zip(*given, strict=False))


def _queue(address: str) -> str | None:
    """Return the ARN of a queue, by its address; any other name with a slash is one already, or none."""
    if address.startswith("arn:"):
        return address
    account, _, name = address.rpartition("://")[2].partition("/")[2].partition("/")
    return f"arn:aws:sqs:{_REGION}:{account}:{name}"


def _fields(body: bytes) -> dict[str, object]:
    try:
        fields = json.loads(body)
    except ValueError:
        fields = parse_qs(body.decode("utf-8", "replace"))
    return fields if isinstance(fields, dict) else {}

"""Who the caller is, by AWS's Security Token Service."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime

from nimbus.adapters.aws import Service


def caller(region: str) -> str:
    """Return the ARN that AWS knows the caller by; wrong and expired credentials are refused in words."""
    return str(Service("sts", region).call("get_caller_identity")["Arn"])


def caller_and_time(region: str) -> tuple[str, datetime | None]:
    """Return also what time it is at AWS, None where its answer does not say."""
    answer = Service("sts", region).call("get_caller_identity")
    said = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return str(answer["Arn"]), parsedate_to_datetime(said) if said else None

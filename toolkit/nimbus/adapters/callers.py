"""Who the caller is, by AWS's Security Token Service."""

from __future__ import annotations

from nimbus.adapters.aws import Service


def caller(region: str) -> str:
    """Return the ARN that AWS knows the caller by; wrong and expired credentials are refused in words."""
    return str(Service("sts", region).call("get_caller_identity")["Arn"])

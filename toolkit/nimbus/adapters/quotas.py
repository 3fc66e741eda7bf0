"""What an account may start, by Service Quotas."""

from __future__ import annotations

from nimbus.adapters.aws import Service

_ON_DEMAND, _SPOT = "L-3032A538", "L-36FBB829"  # vCPUs of Fargate at once


class FargateQuotas:
    """The account's quotas of Fargate in a region."""

    def __init__(self, region: str) -> None:
        """Name the region; nothing is called yet."""
        self._service = Service("service-quotas", region)

    def cpus(self, *, spot: bool) -> float:
        """Return how many vCPUs may run at once."""
        code = _SPOT if spot else _ON_DEMAND
        answer = self._service.call("get_service_quota", ServiceCode="fargate", QuotaCode=code)
        return float(answer["Quota"]["Value"])

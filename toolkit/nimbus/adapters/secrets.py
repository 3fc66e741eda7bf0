"""Secrets that tasks get as variables: by AWS Secrets Manager, or by the Parameter Store of Systems Manager."""

from __future__ import annotations

from nimbus.adapters.aws import AwsMissingError, Service

_PARTS = 7  # of the ARN of a secret; a key, a stage and a version may follow


class Secrets:
    """The secrets of an account, by what a task definition calls them. Their values are never read."""

    def __init__(self, region: str) -> None:
        """Name the region of those that are named without one."""
        self._region = region

    def find(self, reference: str) -> tuple[str, str]:
        """Return (action that reads it, ARN) of a secret that is there; AwsError in words where it is not."""
        parts = reference.split(":")
        region = parts[3] if reference.startswith("arn:") else self._region
        if reference.startswith("arn:") and parts[2] == "secretsmanager":
            arn = ":".join(parts[:_PARTS])
            Service("secretsmanager", region).call("describe_secret", SecretId=arn)
            return "secretsmanager:GetSecretValue", arn
        name = reference.partition(":parameter")[2] if reference.startswith("arn:") else reference
        called = {name, name.removeprefix("/")}  # an ARN has the slash of one that has none
        asked = [{"Key": "Name", "Option": "Equals", "Values": sorted(called)}]
        found = Service("ssm", region).call("describe_parameters", ParameterFilters=asked)["Parameters"]
        if not found:
            raise AwsMissingError(
                "there is no such parameter",
                where=f"ssm in {region}",
                got=name,
                remedy="create it there, or mend its name in nimbus.toml",
            )
        arn = (
            reference if reference.startswith("arn:") else f"arn:aws:ssm:{region}:*:parameter/{name.removeprefix('/')}"
        )
        return "ssm:GetParameters", arn

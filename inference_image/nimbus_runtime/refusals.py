"""Why AWS refused a call, in words; by the names of its errors, so that no SDK is imported for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Words:
    """What happened, and what to do about it."""

    what: str
    remedy: str


class Refusal(Enum):
    """The cause of a refusal."""

    CREDENTIALS = Words(
        "AWS does not know these credentials",
        "check AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; `aws sts get-caller-identity` tries them",
    )
    NO_CREDENTIALS = Words(
        "there are no AWS credentials",
        "sign in (`aws sso login`), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    )
    EXPIRED = Words("the AWS session has expired", "sign in again, such as by `aws sso login`, and repeat the command")
    CLOCK = Words(
        "this machine's clock is too far off for AWS", "set the clock, such as by NTP, and repeat the command"
    )
    PERMISSION = Words(
        "AWS denies this to the role that you are in",
        "attach the policy that is meant for you: docs/aws.md lists what each role may do",
    )
    NO_REGION = Words("no AWS region is set", "set AWS_REGION")
    REGION = Words("this is in another AWS region", "set AWS_REGION to the environment's region")
    UNREACHABLE = Words("AWS cannot be reached", "check the network, a proxy, the region's name and AWS_ENDPOINT_URL")
    MISSING = Words(
        "AWS has no such thing", "check account and region; `nimbus infra plan` tells whether it was ever made"
    )
    INVALID = Words("AWS knows no such name or value", "check it against what Terraform made: `nimbus infra output`")
    THROTTLED = Words("AWS asks for fewer calls", "wait a minute and repeat the command")
    OTHER = Words("AWS refused the call", "see what AWS says of this error's name")


_CODES = {
    Refusal.CREDENTIALS: "InvalidClientTokenId UnrecognizedClientException InvalidAccessKeyId SignatureDoesNotMatch"
    " AuthFailure IncompleteSignature",
    Refusal.EXPIRED: "ExpiredToken ExpiredTokenException TokenRefreshRequired RequestExpired",
    Refusal.CLOCK: "RequestTimeTooSkewed",
    Refusal.PERMISSION: "AccessDenied AccessDeniedException UnauthorizedOperation NotAuthorized AuthorizationError 403"
    " Forbidden",
    Refusal.REGION: "PermanentRedirect AuthorizationHeaderMalformed IllegalLocationConstraintException 301",
    Refusal.MISSING: "ResourceNotFoundException ResourceNotFound StateMachineDoesNotExist ExecutionDoesNotExist"
    " NoSuchBucket ClusterNotFoundException RepositoryNotFoundException NoSuchEntity",
    Refusal.INVALID: "InvalidArn ValidationException ValidationError InvalidParameterException InvalidParameterValue"
    " InvalidExecutionInput InvalidName",
    Refusal.THROTTLED: "Throttling ThrottlingException TooManyRequestsException RequestLimitExceeded SlowDown",
    Refusal.NO_CREDENTIALS: "NoCredentialsError PartialCredentialsError ProfileNotFound ConfigNotFound",
    Refusal.NO_REGION: "NoRegionError",
    Refusal.UNREACHABLE: "EndpointConnectionError ConnectTimeoutError ReadTimeoutError ConnectionClosedError"
    " ProxyConnectionError SSLError ConnectionError HTTPClientError",
}
_EXPIRED_CLASSES = ("SSOTokenLoadError", "UnauthorizedSSOTokenError", "TokenRetrievalError", "CredentialRetrievalError")
_BY_NAME = {name: refusal for refusal, names in _CODES.items() for name in names.split()} | dict.fromkeys(
    _EXPIRED_CLASSES, Refusal.EXPIRED
)


def code(error: Exception) -> str:
    """Return AWS's own name of an error, or its class's where it never reached AWS."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else type(error).__name__


def message(error: Exception) -> str:
    """Return what AWS said."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Message", "")) if isinstance(response, dict) else str(error)


def of(error: Exception) -> Refusal:
    """Return the cause of what boto3 raised."""
    name, said = code(error), message(error)
    if name in {"InvalidSignatureException", "SignatureDoesNotMatch"} and "expired" in said.lower():
        return Refusal.CLOCK
    if name == "InvalidSignatureException":
        return Refusal.CREDENTIALS
    return _BY_NAME.get(name, Refusal.OTHER)

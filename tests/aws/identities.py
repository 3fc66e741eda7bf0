"""Access keys that say whose calls they sign."""

from __future__ import annotations

import hashlib
import threading


class Identities:
    """One access key a role: AWS gives tasks, state machines and schedules temporary keys of the role they assume."""

    def __init__(self) -> None:
        """Know no key yet."""
        self._roles: dict[str, str] = {}
        self._lock = threading.Lock()

    def key_of(self, role: str) -> str:
        """Return the access key that calls made in this role are signed with."""
        key = "ASIA" + hashlib.sha256(role.encode()).hexdigest()[:16].upper()
        with self._lock:
            self._roles[key] = role
        return key

    def role_of(self, key: str) -> str | None:
        """Return the role whose key it is, also where a caller assumed it by STS; None for a key of nobody's."""
        if key in self._roles:
            return self._roles[key]
        return _assumed(key)


def _assumed(key: str) -> str | None:
    from moto.sts.models import sts_backends  # noqa: PLC0415 - moto is loaded with the server

    for account in list(sts_backends.values()):
        for backend in list(account.values()):
            for assumed in backend.assumed_roles:
                if assumed.access_key_id == key:
                    return str(assumed.role_arn)
    return None

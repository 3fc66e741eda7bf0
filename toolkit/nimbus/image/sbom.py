"""The bill of materials of an image, in CycloneDX: the system's packages, Python's, and the bundle."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from urllib.parse import quote

from packaging.utils import canonicalize_name

from nimbus.engines.orders import Base
from nimbus.image.archive import PACKAGES, RUNTIME, Contents

_VERSION = "1.6"


@dataclass(frozen=True, slots=True)
class About:
    """What an image's files do not say of it; `hashes` are the wheels' SHA-256 by package."""

    release: str
    bundle_digest: str
    base: Base
    hashes: Mapping[str, str]


def compose(contents: Contents, about: About) -> bytes:
    """Return the document: the same image gives the same bytes, so it says neither a time nor a random number."""
    components = sorted(
        [*_python(contents, about.hashes), *_system(contents)], key=lambda one: (str(one["purl"]), str(one["bom-ref"]))
    )
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": _VERSION,
        "version": 1,
        "metadata": {
            "component": {
                "type": "container",
                "bom-ref": "image",
                "name": about.release,
                "properties": [
                    {"name": "nimbus:bundle", "value": f"sha256:{about.bundle_digest}"},
                    {"name": "nimbus:base", "value": f"{about.base.name}@{about.base.digest}"},
                ],
            },
        },
        "components": components,
        "dependencies": [{"ref": "image", "dependsOn": [one["bom-ref"] for one in components]}],
    }
    return (json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _python(contents: Contents, hashes: Mapping[str, str]) -> Iterator[dict[str, object]]:
    for path, data in contents.lists.items():
        if path.endswith(".dist-info/METADATA") and path.startswith((f"{PACKAGES}/", f"{RUNTIME}/")):
            told = message_from_bytes(data)
            name, version = told["Name"], told["Version"]
            package = canonicalize_name(name)
            purl = f"pkg:pypi/{package}@{version}"
            digest = hashes.get(package)
            licence = _licence(told)
            yield {
                "type": "library",
                "bom-ref": purl,
                "name": name,
                "version": version,
                "purl": purl,
                **({"hashes": [{"alg": "SHA-256", "content": digest}]} if digest else {}),
                **({"licenses": [licence]} if licence else {}),
            }


def _licence(told: Message) -> dict[str, object] | None:
    expression = told["License-Expression"]
    if expression:
        return {"expression": expression}
    named = [one.rpartition(" :: ")[2] for one in told.get_all("Classifier") or () if one.startswith("License :: ")]
    text = named[0] if named else (told["License"] or "").strip().splitlines()[0] if told["License"] else ""
    return {"license": {"name": text}} if text else None


def _system(contents: Contents) -> Iterator[dict[str, object]]:
    release = dict(
        line.split("=", 1)
        for path in ("usr/lib/os-release", "etc/os-release")
        for line in contents.lists.get(path, b"").decode().splitlines()
        if "=" in line
    )
    kind = release.get("ID", "debian").strip('"')
    for path, data in contents.lists.items():
        if path.startswith("var/lib/dpkg/status"):
            for block in data.decode(errors="replace").split("\n\n"):
                fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and line[0] != " ")
                if "Package" in fields and "Version" in fields:
                    name, version = fields["Package"], fields["Version"]
                    architecture = fields.get("Architecture", "all")
                    purl = f"pkg:deb/{kind}/{name}@{quote(version)}?arch={architecture}"
                    yield {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}

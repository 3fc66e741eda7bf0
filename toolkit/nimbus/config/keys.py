"""What a key of `nimbus.toml` means and which values it may have, beside its type."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """Stands in a field's annotation, as in `Annotated[float, Key("Share that …", least=0, most=1)]`.

    Bounds are inclusive, and hold for each item of a list; `nonempty` is a list's, or a text's.
    """

    about: str
    least: float | None = None
    most: float | None = None
    pattern: str | None = None
    says: str | None = None  # the pattern in words, for whoever is refused
    nonempty: bool = False

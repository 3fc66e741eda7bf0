"""A dated table of prices: Nimbus's own, or a file of the user's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from nimbus_runtime.contract import codec
from nimbus_runtime.contract.errors import RecordInvalidError, UsageError

OWN = Path(__file__).with_name("prices.json")


@dataclass(frozen=True, slots=True)
class Rate:
    """What a processor family costs; on Spot the given share of it."""

    vcpu_hour: float
    gb_hour: float
    spot_share: float


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Prices as they were on a day, in one region."""

    SCHEMA: ClassVar[int] = 1
    as_of: str
    currency: str
    region: str
    source: str
    architectures: dict[str, Rate]


def read(path: Path = OWN) -> PriceTable:
    """Return a table of prices; UsageError where a file of the user's is none."""
    try:
        table = codec.decode(PriceTable, path.read_bytes(), str(path))
    except OSError as error:
        raise UsageError(
            "the table of prices cannot be read",
            where=str(path),
            got=error.strerror,
            remedy="mend [prices] table in nimbus.toml, or leave it out",
        ) from None
    except RecordInvalidError as error:
        raise UsageError(
            "this is not a table of prices",
            where=error.where,
            got=error.got,
            expected=error.expected,
            remedy="begin with what `nimbus quote --show-prices` writes",
        ) from None
    for name, rate in table.architectures.items():
        if min(rate.vcpu_hour, rate.gb_hour) < 0 or not 0 <= rate.spot_share <= 1:
            raise UsageError(
                "a price is below nothing, or Spot's share not from 0 to 1",
                where=f"{path}: {name}",
                remedy="mend it there",
            )
    if not table.architectures:
        raise UsageError(
            "the table of prices has no architecture",
            where=str(path),
            expected="X86_64 or ARM64",
            remedy="add one",
        )
    return table

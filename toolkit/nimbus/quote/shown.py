"""A quote as rows of text, for whoever lays them out."""

from __future__ import annotations

from nimbus.quote.choose import HEADROOM
from nimbus.quote.quote import Option, Quote

HEAD = ("task", "documents an hour", "a million documents", "on Spot", "")


def rows(quote: Quote) -> list[tuple[str, ...]]:
    """Return the options, the heads first and the recommended one marked; of other processors its size only."""
    size = quote.recommended.size
    shown = [each for each in quote.options if each.architecture == quote.architecture or each.size == size]
    return [HEAD, *(_row(option, quote) for option in shown)]


def note(quote: Quote) -> str:
    """Return what the figures rest on."""
    prices = quote.prices
    return (
        f"Measured: {quote.measured.source}. Memory with {HEADROOM:g}-fold headroom. "
        f"Prices as of {prices.as_of}, {prices.region}, {prices.currency}: {prices.source}. "
        f"{_of_speed(quote)}"
    )


def _of_speed(quote: Quote) -> str:
    measured = quote.measured.architecture
    if quote.arm_speed is not None:
        return f"The speed is that of {measured}; ARM64 is taken to be {quote.arm_speed:g} times as fast as X86_64."
    return f"The speed is that of {measured}; others are priced as if they were as fast, unless --arm-speed says more."


def price(value: float, currency: str) -> str:
    """Return an amount of money."""
    return f"{value:,.2f} {currency}"


def _row(option: Option, quote: Quote) -> tuple[str, ...]:
    currency = quote.prices.currency
    return (
        f"{option.size.vcpus:g} vCPU, {option.size.gigabytes:g} GB, {option.architecture}",
        f"{option.documents_an_hour:,.0f}",
        price(option.price_a_million, currency),
        price(option.spot_price_a_million, currency),
        "recommended" if option == quote.recommended else "speed not measured" if option.assumed else "",
    )

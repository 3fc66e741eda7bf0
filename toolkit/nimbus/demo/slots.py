"""Fills the slots of frames: names, numbers and dates, each token with its tag and label."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from nimbus.demo import names
from nimbus.demo.names import Split, part


@dataclass(frozen=True, slots=True)
class Token:
    """A token with its tag.

    `label` is the entity it belongs to, "" for none; `begins` says whether it is that entity's first
    token, `glued` whether it follows the token before it without a space.
    """

    text: str
    tag: str
    label: str = ""
    begins: bool = False
    glued: bool = False


class Slots:
    """Fills the slots of frames with the names of a split."""

    def __init__(self, rng: random.Random, split: Split) -> None:
        """Take the names of a split and a source of chance."""
        self._rng = rng
        self._first, self._onsets = part(names.FIRST_NAMES, split), part(names.ONSETS, split)
        self._ambiguous, self._month_names = part(names.AMBIGUOUS, split), part(names.MONTH_NAMES, split)
        self._places = part(names.PLACES, split)
        self._qualities, self._emblems = part(names.QUALITIES, split), part(names.EMBLEMS, split)
        self._words = {
            "THING": ("NOUN", tuple(names.THINGS)),
            "PART": ("NOUN", tuple(names.PARTS)),
            "RELATIVE": ("NOUN", tuple(names.RELATIVES)),
            "COLOUR": ("ADJ", tuple(names.COLOURS)),
            "NUMBER": ("NUM", tuple(names.NUMBERS)),
        }
        self._entities: dict[str, tuple[str, Callable[[], list[Token]]]] = {
            "PERSON": ("PERSON", self._person),
            "SURNAME": ("PERSON", lambda: _proper(self._made_up(names.SURNAME_ENDS))),
            "ORG": ("ORG", self._org),
            "PLACE": ("PLACE", self._place),
            "PRODUCT": ("PRODUCT", self._product),
            "ORDER": ("ORDER", self._order),
            "MONEY": ("MONEY", self._money),
            "DAY": ("DATE", self._day),
            "AGO": ("DATE", self._ago),
            "SOON": ("DATE", self._soon),
        }

    def fill(self, slot: str) -> list[Token]:
        """Return the tokens that a slot takes this time."""
        if slot == "SMALL":
            return [Token(str(self._rng.randint(2, 60)), "NUM")]
        if slot in self._words:
            tag, words = self._words[slot]
            return [Token(self._rng.choice(words), tag)]
        label, make = self._entities[slot]
        return [replace(token, label=label, begins=index == 0) for index, token in enumerate(make())]

    def _one(self, *weighted: tuple[float, Callable[[], list[Token]]]) -> list[Token]:
        makers = [make for _, make in weighted]
        return self._rng.choices(makers, [weight for weight, _ in weighted])[0]()

    def _made_up(self, ends: Sequence[str]) -> str:
        """Make up a name: one or two syllables and a usual end."""
        choice = self._rng.choice
        stem = choice(self._onsets) + choice(names.VOWELS) + choice(names.CODAS)
        if self._rng.random() < 0.3:
            stem += choice(names.VOWELS) + choice(names.CODAS)
        return stem + choice(ends)

    def _person(self) -> list[Token]:
        rng = self._rng
        first = rng.choice(self._first)
        if rng.random() < 0.6:
            first = self._made_up(rng.choice((names.FIRST_NAME_ENDS, names.ANY_ENDS)))
        ambiguous = rng.choice(self._ambiguous)
        surname = self._made_up(names.SURNAME_ENDS)
        return self._one(
            (0.38, lambda: _proper(first, surname)),
            (0.34, lambda: _proper(first)),
            (0.12, lambda: _proper(ambiguous)),
            (0.08, lambda: _proper(ambiguous, surname)),
            (0.05, lambda: _proper(first[0] + ".", surname)),
            (0.03, lambda: _proper(rng.choice(self._month_names))),
        )

    def _place(self) -> list[Token]:
        choice = self._rng.choice
        return self._one(
            (0.3, lambda: _proper(choice(self._places))),
            (0.25, lambda: _proper(self._made_up(names.TOWN_ENDS))),
            (0.15, lambda: _proper(choice(self._ambiguous))),
            (0.3, lambda: _proper(self._made_up(names.ANY_ENDS))),
        )

    def _brand(self) -> list[Token]:
        choice = self._rng.choice
        return self._one(
            (0.55, lambda: _proper(self._made_up(names.BRAND_ENDS))),
            (0.2, lambda: _proper(choice(self._qualities), choice(self._emblems))),
            (0.25, lambda: _proper(self._made_up(names.ANY_ENDS))),
        )

    def _org(self) -> list[Token]:
        kind = self._rng.choice(names.ORG_KINDS)
        return self._one(
            (0.35, self._brand),
            (0.55, lambda: [*self._brand(), *_proper(kind)]),
            (
                0.1,
                lambda: [*_proper(self._made_up(names.SURNAME_ENDS)), Token("&", "CCONJ"), *_proper("Sons")],
            ),
        )

    def _product(self) -> list[Token]:
        rng = self._rng
        series = rng.choice(names.SERIES)
        return self._one(
            (0.4, lambda: [*self._brand(), *_proper(series)]),
            (0.3, lambda: [*self._brand(), *_proper(series), Token(str(rng.randint(2, 900)), "NUM")]),
            (0.3, lambda: [*self._brand(), *_proper(f"{rng.choice('BCKMTXZ')}{rng.randint(2, 990)}")]),
        )

    def _order(self) -> list[Token]:
        rng = self._rng
        return self._one(
            (0.3, lambda: [Token("#", "SYM"), Token(str(rng.randint(10_000, 999_999)), "NUM", glued=True)]),
            (0.3, lambda: _proper(f"{rng.choice(('NB', 'MK', 'QX', 'RT'))}-{rng.randint(10_000, 99_999)}")),
            (0.2, lambda: [Token(str(rng.randint(10_000_000, 99_999_999)), "NUM")]),
            (0.2, lambda: _proper(f"{rng.choice('KLVW')}{rng.randint(1_000_000, 9_999_999)}")),
        )

    def _money(self) -> list[Token]:
        rng = self._rng
        value = math.exp(rng.uniform(1.5, 7.3))
        amount = Token(f"{value:,.2f}" if rng.random() < 0.6 else f"{value:,.0f}", "NUM")
        return self._one(
            (0.6, lambda: [Token(rng.choice("$£€"), "SYM"), replace(amount, glued=True)]),
            (0.3, lambda: [amount, Token(rng.choice(("euros", "dollars", "pounds")), "NOUN")]),
            (0.1, lambda: [Token(rng.choice(("EUR", "USD", "GBP")), "SYM"), amount]),
        )

    def _day(self) -> list[Token]:
        rng = self._rng
        number, month, year = rng.randint(1, 28), rng.choice(names.MONTHS), rng.choice((2024, 2025))
        digits = f"{names.MONTHS.index(month) + 1:02d}"
        day = Token(str(number), "NUM")
        return self._one(
            (0.3, lambda: _proper(rng.choice(names.DAYS))),
            (0.2, lambda: [day, *_proper(month)]),
            (0.12, lambda: [*_proper(month), day]),
            (0.1, lambda: [day, *_proper(month), Token(str(year), "NUM")]),
            (
                0.1,
                lambda: [
                    Token("the", "DET"),
                    Token(_ordinal(number), "ADJ"),
                    Token("of", "ADP"),
                    *_proper(month),
                ],
            ),
            (0.1, lambda: _dashed(str(year), digits, f"{number:02d}")),
            (0.08, lambda: [Token(f"{number:02d}/{digits}/{year}", "NUM")]),
        )

    def _ago(self) -> list[Token]:
        rng = self._rng
        unit = rng.choice(("days", "weeks", "months"))
        last = Token("last", "ADJ")
        return self._one(
            (0.2, lambda: [Token("yesterday", "NOUN")]),
            (0.25, lambda: [last, *_proper(rng.choice(names.DAYS))]),
            (0.2, lambda: [last, Token(rng.choice(("week", "month")), "NOUN")]),
            (
                0.35,
                lambda: [Token(rng.choice(names.NUMBERS), "NUM"), Token(unit, "NOUN"), Token("ago", "ADV")],
            ),
        )

    def _soon(self) -> list[Token]:
        return self._one(
            (0.3, lambda: [Token("today", "NOUN")]),
            (0.3, lambda: [Token("tomorrow", "NOUN")]),
            (0.4, lambda: [Token("this", "DET"), Token("week", "NOUN")]),
        )


def _proper(*words: str) -> list[Token]:
    return [Token(word, "PROPN") for word in words]


def _dashed(first: str, *others: str) -> list[Token]:
    tokens = [Token(first, "NUM")]
    for other in others:
        tokens += [Token("-", "PUNCT", glued=True), Token(other, "NUM", glued=True)]
    return tokens


def _ordinal(number: int) -> str:
    return f"{number}{'th' if 10 < number < 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"

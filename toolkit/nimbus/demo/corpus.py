"""Writes the demo's texts: what customers of a fictitious marketplace might send to its support.

Every text comes from the frames and names of this folder, so that its topic, its entities and the tag
of each of its tokens are known. The same seed always gives the same texts.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from nimbus.demo import frames, names
from nimbus.demo.names import Split, part

TOPICS: Final = tuple(frames.TOPICS)
LABELS: Final = ("PERSON", "ORG", "PLACE", "PRODUCT", "ORDER", "MONEY", "DATE")
LONG_EVERY: Final = 30  # one in so many of the shipped texts is long: it takes several windows of 128 tokens
LONG_WORDS: Final = (190, 330)
SHORTEST, LONGEST = 6, 350  # words

_ALTERNATIVES = re.compile(r"\[([^\]]*)\]")
_CLITICS = {"n't", "'m", "'ve", "'s"}
_CLOSING = {".", ",", "?", "!", ":"}
_VOWELS = "AEIOUaeiou"
_USUAL_TAG = {word: tag for tag, words in frames.WORDS.items() for word in words.split()}
_CONTRACTED = {("i", "am"): "'m", ("i", "have"): "'ve", ("it", "is"): "'s"}
_NEGATED = {"do", "does", "did", "is", "was", "has", "have", "could", "can"}
_EMOJI = {
    "delivery": "📦 😕 🚚 🙄 😠",
    "refund": "💸 😡 🙏 😤",
    "defect": "😭 🔧 👎 😡",
    "account": "🔒 🤔 🙏 😕",
    "praise": "😍 👍 🎉 💚 :)",
}


@dataclass(frozen=True, slots=True)
class Channel:
    """How people write in a channel: a typical length, and the share of texts with each habit."""

    median_words: int
    lower: float
    unpunctuated: float
    emoji: float


CHANNELS: Final[dict[str, Channel]] = {
    "chat": Channel(median_words=20, lower=0.25, unpunctuated=0.35, emoji=0.2),
    "app": Channel(median_words=30, lower=0.12, unpunctuated=0.2, emoji=0.12),
    "review": Channel(median_words=40, lower=0.08, unpunctuated=0.08, emoji=0.2),
    "email": Channel(median_words=65, lower=0.03, unpunctuated=0.04, emoji=0.03),
}


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


@dataclass(frozen=True, slots=True)
class Entity:
    """A stretch of a text, in characters, and its label."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class SupportText:
    """A text and all that is known about it."""

    id: str
    topic: str
    channel: str
    received: str
    tokens: tuple[Token, ...]

    @property
    def spaces(self) -> list[bool]:
        """Say for each token whether a space follows it."""
        return [not token.glued for token in self.tokens[1:]] + [False]

    @property
    def text(self) -> str:
        """Return the text as it was sent."""
        return "".join(
            token.text + " " * space for token, space in zip(self.tokens, self.spaces, strict=True)
        )

    @property
    def entities(self) -> list[Entity]:
        """Return the names, numbers and dates that the text mentions, in order."""
        found: list[Entity] = []
        offset = 0
        for token, space in zip(self.tokens, self.spaces, strict=True):
            end = offset + len(token.text)
            if token.begins:
                found.append(Entity(offset, end, token.label))
            elif token.label:
                found[-1] = replace(found[-1], end=end)
            offset = end + space
        return found


class _Slots:
    """Fills the slots of frames with the names of a split."""

    def __init__(self, rng: random.Random, split: Split) -> None:
        self._rng = rng
        self._first, self._onsets = _pool(names.FIRST_NAMES, split), _pool(names.ONSETS, split)
        self._ambiguous, self._month_names = _pool(names.AMBIGUOUS, split), _pool(names.MONTH_NAMES, split)
        self._places, self._plain_brands = _pool(names.PLACES, split), _pool(names.PLAIN_BRANDS, split)
        self._words = {
            "THING": ("NOUN", _pool(names.THINGS, split)),
            "PART": ("NOUN", _pool(names.PARTS, split)),
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
        first = rng.choice(self._first) if rng.random() < 0.5 else self._made_up(names.FIRST_NAME_ENDS)
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
            (0.4, lambda: _proper(choice(self._places))),
            (0.35, lambda: _proper(self._made_up(names.TOWN_ENDS))),
            (0.25, lambda: _proper(choice(self._ambiguous))),
        )

    def _brand(self) -> list[Token]:
        if self._rng.random() < 0.15:
            return _proper(*self._rng.choice(self._plain_brands).split())
        return _proper(self._made_up(names.BRAND_ENDS))

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


class _Writer:
    """Writes texts, one after the other, from one source of chance."""

    def __init__(self, seed: int, split: Split) -> None:
        self._rng = random.Random(f"{seed}/{split}")
        self._slots = _Slots(self._rng, split)
        self._topics = {topic: _frames(lines, split) for topic, lines in frames.TOPICS.items()}
        self._subjects = {topic: _frames(lines, split) for topic, lines in frames.SUBJECTS.items()}
        self._carriers = _frames(frames.CARRIERS, split)
        self._details, self._asides = _frames(frames.DETAILS, split), _frames(frames.ASIDES, split)
        self._openings, self._closings = _frames(frames.OPENINGS, split), _frames(frames.CLOSINGS, split)

    def write(self, identifier: str, long: bool = False) -> SupportText:
        """Write the next text; a long one takes several windows of 128 tokens."""
        rng = self._rng
        channel = "email" if long else rng.choice(tuple(CHANNELS))
        topic = rng.choice(TOPICS)
        habits = CHANNELS[channel]
        words = (
            rng.randint(*LONG_WORDS) if long else int(rng.lognormvariate(math.log(habits.median_words), 0.65))
        )
        sentences = self._sentences(topic, min(max(words, SHORTEST), LONGEST))
        tokens = self._habits([self._contract(sentence) for sentence in sentences], topic, habits)
        sent = datetime(2025, 3, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(90 * 86_400))
        return SupportText(identifier, topic, channel, sent.strftime("%Y-%m-%dT%H:%M:%SZ"), tuple(tokens))

    def _sentences(self, topic: str, words: int) -> list[list[Token]]:
        """Return sentences of at least so many words, those of the topic first and then scattered."""
        rng = self._rng
        body: list[list[Token]] = []
        decks: dict[tuple[str, ...], list[str]] = {}
        count = 0
        while count < words:
            if not body or rng.random() < 0.45:
                frames_of_kind = self._topics[topic] if rng.random() < 0.6 else self._carriers
            else:
                frames_of_kind = self._details if rng.random() < 0.7 else self._asides
            deck = decks.setdefault(frames_of_kind, [])
            if not deck:
                deck.extend(rng.sample(frames_of_kind, len(frames_of_kind)))
            body.append(self._sentence(deck.pop().replace("{SUBJECT}", rng.choice(self._subjects[topic]))))
            count += len(body[-1])
        if len(body) > 1 and rng.random() < 0.4:
            body[0], body[1] = body[1], body[0]
        if words > 12 and rng.random() < 0.5:
            body.insert(0, self._sentence(rng.choice(self._openings)))
        if words > 12 and rng.random() < 0.45:
            body.append(self._sentence(rng.choice(self._closings)))
        return body

    def _sentence(self, frame: str) -> list[Token]:
        """Choose a frame's alternatives, fill its slots and begin with a capital."""
        chosen = _ALTERNATIVES.sub(lambda match: self._rng.choice(match[1].split("|")), frame)
        tokens: list[Token] = []
        open_quote = False
        for word in chosen.split():
            filled = self._slots.fill(word[1:-1]) if word.startswith("{") else [_tagged(word)]
            if tokens and open_quote and tokens[-1].text == '"':
                filled[0] = replace(filled[0], glued=True)
            if word == '"':
                open_quote = not open_quote
                filled[0] = replace(filled[0], glued=not open_quote)
            if tokens and tokens[-1].text == "a" and filled[0].text[0] in _VOWELS:
                tokens[-1] = replace(tokens[-1], text="an")
            tokens.extend(filled)
        tokens = _infinitives(tokens)
        first = tokens[0].text
        return [replace(tokens[0], text=first[0].upper() + first[1:]), *tokens[1:]]

    def _contract(self, sentence: list[Token]) -> list[Token]:
        """Write `I 'm` for `I am` and `do n't` for `do not`, now and then."""
        if self._rng.random() < 0.5:
            return sentence
        out = sentence[:1]
        for token in sentence[1:]:
            before, word = out[-1].text.lower(), token.text
            if token.tag == "AUX" and (before, word) in _CONTRACTED:
                out.append(replace(token, text=_CONTRACTED[before, word], glued=True))
            elif word == "not" and before in _NEGATED:
                if before == "can":
                    out[-1] = replace(out[-1], text=out[-1].text[:2])
                out.append(replace(token, text="n't", glued=True))
            else:
                out.append(token)
        return out

    def _habits(self, sentences: list[list[Token]], topic: str, channel: Channel) -> list[Token]:
        """Put the sentences together as somebody would type them in the channel."""
        rng = self._rng
        if rng.random() < 0.08:
            index = rng.randrange(len(sentences))
            sentences[index] = _shouted(sentences[index])
        if rng.random() < channel.unpunctuated:
            sentences = [_unpunctuated(sentence) for sentence in sentences]
        if rng.random() < channel.emoji:
            emoji = Token(rng.choice(_EMOJI[topic].split()), "SYM")
            sentences[-1] = [*sentences[-1], emoji]
        tokens = self._paragraphs(sentences)
        if rng.random() < 0.12:
            tokens = [_without_apostrophe(token) for token in tokens]
        if rng.random() < 0.3:
            tokens = [self._mistyped(token) if rng.random() < 0.06 else token for token in tokens]
        if rng.random() < channel.lower:
            tokens = [replace(token, text=token.text.lower()) for token in tokens]
        return tokens

    def _paragraphs(self, sentences: list[list[Token]]) -> list[Token]:
        breaks = len(sentences) > 5 and self._rng.random() < 0.7
        tokens: list[Token] = []
        since_break = 0
        for index, sentence in enumerate(sentences):
            last = index == len(sentences) - 1
            if breaks and tokens and (last or since_break >= 3) and self._rng.random() < 0.6:
                tokens.append(Token("\n\n", "SPACE", glued=True))
                tokens.extend([replace(sentence[0], glued=True), *sentence[1:]])
                since_break = 0
            else:
                tokens.extend(sentence)
            since_break += 1
        return tokens

    def _mistyped(self, token: Token) -> Token:
        """Drop, double or swap a letter of a word."""
        word = token.text
        if len(word) < 5 or not word.isalpha() or (token.label and self._rng.random() < 0.7):
            return token
        at = self._rng.randrange(1, len(word) - 1)
        swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        return replace(
            token, text=self._rng.choice((word[:at] + word[at + 1 :], word[:at] + word[at - 1 :], swapped))
        )


def generate(count: int, seed: int, split: Split = Split.TRAIN) -> Iterator[SupportText]:
    """Write so many texts; texts of the splits `TRAIN` and `HELD_OUT` share neither names nor frames."""
    writer = _Writer(seed, split)
    for number in range(count):
        yield writer.write(f"msg-{seed}-{number:05d}")


def write_texts(path: Path, count: int, seed: int) -> None:
    """Write texts as JSONL, without their annotation: {"id", "text", "channel", "received"}."""
    writer = _Writer(seed, Split.ALL)
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            text = writer.write(f"msg-{seed}-{number:05d}", long=number % LONG_EVERY == LONG_EVERY // 2)
            record = {"id": text.id, "text": text.text, "channel": text.channel, "received": text.received}
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


def frame_words(frame: str) -> list[str]:
    """Return the words that a frame may use, as they stand in it, without its slots."""
    return re.sub(r"\{\w+\}|[\[\]|]", " ", frame).split()


def _pool(words: Sequence[str], split: Split) -> tuple[str, ...]:
    return part(words, split, names.HELD_OUT_NAMES)


def _frames(lines: str, split: Split) -> tuple[str, ...]:
    return part(lines.strip().splitlines(), split, names.HELD_OUT_FRAMES)


def _proper(*words: str) -> list[Token]:
    return [Token(word, "PROPN") for word in words]


def _dashed(first: str, *others: str) -> list[Token]:
    tokens = [Token(first, "NUM")]
    for other in others:
        tokens += [Token("-", "PUNCT", glued=True), Token(other, "NUM", glued=True)]
    return tokens


def _ordinal(number: int) -> str:
    return f"{number}{'th' if 10 < number < 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _tagged(word: str) -> Token:
    """Turn a frame's word into a token, with the tag it brings or its usual one."""
    text, _, tag = word.partition("/")
    return Token(text, tag or _USUAL_TAG[text.lower()], glued=text in _CLITICS or text in _CLOSING)


def _infinitives(tokens: list[Token]) -> list[Token]:
    """Tag the `to` before a verb as a particle."""
    followed = zip(tokens, [*tokens[1:], Token("", "")], strict=True)
    return [
        replace(token, tag="PART") if token.text == "to" and after.tag in {"VERB", "AUX"} else token
        for token, after in followed
    ]


def _shouted(sentence: list[Token]) -> list[Token]:
    if any(token.text in _CLITICS for token in sentence):
        return sentence
    return [replace(token, text=token.text.upper()) for token in sentence]


def _unpunctuated(sentence: list[Token]) -> list[Token]:
    return sentence[:-1] if len(sentence) > 1 and sentence[-1].text in _CLOSING else sentence


def _without_apostrophe(token: Token) -> Token:
    return replace(token, text=token.text[1:] if token.text == "'m" else token.text.replace("n't", "nt"))

"""Writes the demo's texts: what customers of a fictitious marketplace might send to its support.

Every text comes from the frames and names of this folder, so that its topic, its entities and the tag
of each of its tokens are known. The same seed always gives the same texts.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from nimbus.demo import frames
from nimbus.demo.names import Split
from nimbus.demo.slots import Slots, Token

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
        return "".join(token.text + " " * space for token, space in zip(self.tokens, self.spaces, strict=True))

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


class _Writer:
    """Writes texts, one after the other, from one source of chance."""

    def __init__(self, seed: int, split: Split) -> None:
        self._rng = random.Random(f"{seed}/{split}")
        self._slots = Slots(self._rng, split)
        self._topics = {topic: _frames(lines, split) for topic, lines in frames.TOPICS.items()}
        self._subjects = {topic: _frames(lines, split) for topic, lines in frames.SUBJECTS.items()}
        self._carriers = _frames(frames.CARRIERS, split)
        self._details, self._asides = _frames(frames.DETAILS, split), _frames(frames.ASIDES, split)
        self._openings, self._closings = _frames(frames.OPENINGS, split), _frames(frames.CLOSINGS, split)

    def write(self, identifier: str, *, long: bool = False) -> SupportText:
        """Write the next text; a long one takes several windows of 128 tokens."""
        rng = self._rng
        channel = "email" if long else rng.choice(tuple(CHANNELS))
        topic = rng.choice(TOPICS)
        habits = CHANNELS[channel]
        words = rng.randint(*LONG_WORDS) if long else int(rng.lognormvariate(math.log(habits.median_words), 0.65))
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
        return replace(token, text=self._rng.choice((word[:at] + word[at + 1 :], word[:at] + word[at - 1 :], swapped)))


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
    return re.sub(r"\{\w+\}|[\[\]|~]", " ", frame).split()


def _frames(section: str, split: Split) -> tuple[str, ...]:
    """Return the frames of a section that a split may use, without the mark of those held out."""
    lines = section.strip().splitlines()
    if split is not Split.ALL:
        lines = [line for line in lines if line.startswith("~") is (split is Split.HELD_OUT)]
    return tuple(line.removeprefix("~ ") for line in lines)


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

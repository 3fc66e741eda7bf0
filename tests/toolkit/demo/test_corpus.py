"""The demo's texts are reproducible, annotated consistently, and fair to what is held out."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nimbus.demo import frames
from nimbus.demo.corpus import LABELS, TOPICS, SupportText, frame_words, generate, write_texts
from nimbus.demo.names import Split

SECTIONS = (
    *frames.TOPICS.values(),
    *frames.SUBJECTS.values(),
    frames.CARRIERS,
    frames.DETAILS,
    frames.ASIDES,
    frames.OPENINGS,
    frames.CLOSINGS,
)
NAMES = {"PERSON", "ORG", "PLACE", "PRODUCT"}


@pytest.fixture(scope="module")
def training() -> list[SupportText]:
    """400 texts of the training split."""
    return list(generate(400, seed=3))


@pytest.fixture(scope="module")
def held_out() -> list[SupportText]:
    """400 texts of the held-out split."""
    return list(generate(400, seed=3, split=Split.HELD_OUT))


def names_of(texts: list[SupportText]) -> set[str]:
    """Return the names that texts mention, in lower case."""
    return {
        text.text[entity.start : entity.end].lower()
        for text in texts
        for entity in text.entities
        if entity.label in NAMES
    }


def test_a_seed_gives_the_same_texts(training: list[SupportText]) -> None:
    """The same seed gives the same texts and annotation, another seed others."""
    assert list(generate(400, seed=3)) == training
    assert [text.text for text in generate(400, seed=4)] != [text.text for text in training]


def test_ids_are_unique(training: list[SupportText]) -> None:
    """No two texts of a seed share an id."""
    assert len({text.id for text in training}) == len(training)


def test_entities_are_stretches_of_the_text(training: list[SupportText]) -> None:
    """An entity begins and ends where tokens do, holds its tokens' text, and overlaps no other."""
    for text in training:
        end = 0
        for entity in text.entities:
            surface = text.text[entity.start : entity.end]
            assert entity.start >= end
            assert surface == surface.strip() != ""
            assert entity.label in LABELS
            end = entity.end
        assert sum(token.begins for token in text.tokens) == len(text.entities)


def test_tokens_make_up_the_text(training: list[SupportText]) -> None:
    """Nothing but spaces stands between the tokens, and each has a tag."""
    for text in training:
        assert "".join(token.text for token in text.tokens).replace("\n", "") == "".join(text.text.split())
        assert all(token.tag for token in text.tokens)


def test_every_topic_label_and_length_occurs(training: list[SupportText]) -> None:
    """All topics and labels occur, and lengths go from a few words to more than a window of 128 tokens."""
    lengths = [len(text.tokens) for text in training]
    assert {text.topic for text in training} == set(TOPICS)
    assert {entity.label for text in training for entity in text.entities} == set(LABELS)
    assert min(lengths) < 10
    assert max(lengths) > 150


def test_splits_share_no_name(training: list[SupportText], held_out: list[SupportText]) -> None:
    """No name of the held-out texts occurs in the texts of training."""
    assert not names_of(training) & names_of(held_out)


def test_splits_share_no_frame() -> None:
    """No two lines of the frames are the same, so that holding a line out holds the sentence out."""
    lines = [line.removeprefix("~ ") for section in SECTIONS for line in section.strip().splitlines()]
    assert len(set(lines)) == len(lines)


def test_every_word_of_a_frame_has_a_tag() -> None:
    """Each word brings its tag or has a usual one, and none has two usual ones."""
    usual = [word for words in frames.WORDS.values() for word in words.split()]
    used = {word.lower() for section in SECTIONS for word in frame_words(section) if "/" not in word}
    assert len(set(usual)) == len(usual)
    assert used <= set(usual)


def test_held_out_frames_use_known_words() -> None:
    """A held-out frame is a new sentence of words that the frames for training use as well."""
    lines = [line for section in SECTIONS for line in section.strip().splitlines()]
    known = {word for line in lines if not line.startswith("~") for word in frame_words(line)}
    held_out = [line for line in lines if line.startswith("~")]
    assert len(held_out) > 60
    assert {word for line in held_out for word in frame_words(line)} <= known


def test_written_texts_are_json_lines(tmp_path: Path) -> None:
    """A line is an object of four strings, and one text in thirty is long."""
    path = tmp_path / "texts.jsonl"
    write_texts(path, count=60, seed=5)
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [set(record) for record in records] == [{"id", "text", "channel", "received"}] * 60
    assert all(isinstance(value, str) and value for record in records for value in record.values())
    assert sum(len(record["text"].split()) > 150 for record in records) >= 2
    write_texts(tmp_path / "again.jsonl", count=60, seed=5)
    assert (tmp_path / "again.jsonl").read_bytes() == path.read_bytes()


def test_the_corpus_needs_neither_torch_nor_spacy() -> None:
    """Importing the corpus imports no library beyond the standard ones."""
    code = "import sys, nimbus.demo.corpus; print(sorted({'torch', 'spacy', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"

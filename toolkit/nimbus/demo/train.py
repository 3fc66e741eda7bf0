"""Trains the two demo pipelines: `python -m nimbus.demo.train OUTPUT`.

Needs torch, spacy-transformers and a few minutes of one core; a fixed seed gives the same pipelines on the
same machine. The scores come from texts whose names and sentence frames the training never shows.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import spacy
import torch
import transformers
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam, Config, warmup_linear
from tokenizers import BertWordPieceTokenizer

from nimbus.demo.corpus import TOPICS, SupportText, generate
from nimbus.demo.names import Split
from nimbus.demo.slots import Token

SEED: Final = 7
TRAIN_TEXTS: Final = 8000
HELD_OUT_TEXTS: Final = 800
BATCH: Final = 12
SPREAD: Final = 0.08  # of the weights at the start; the usual 0.02 suits a wider encoder
FOCUS: Final = 2.0
ENCODER_NAME: Final = "support-bert"
WORDPIECES: Final = 3200
WIDTH: Final = {"support_trf": 96, "support_cnn": 64}

SCORES: Final = ("ents_p", "ents_r", "ents_f", "ents_per_type", "tag_acc", "cats_macro_f", "cats_macro_auc")

Settings = dict[str, Any]  # spaCy's configuration is nested JSON
_hub: Any = transformers  # untyped


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one pipeline is trained."""

    name: str
    description: str
    encoder: str
    epochs: int
    learn_rate: float


RECIPES: Final = (
    Recipe(
        name="support_trf",
        description="Topics, names and tags of customer-support messages, on a small transformer.",
        encoder="transformer",
        epochs=5,
        learn_rate=1e-3,
    ),
    Recipe(
        name="support_cnn",
        description="Topics, names and tags of customer-support messages, on convolutions.",
        encoder="tok2vec",
        epochs=3,
        learn_rate=2e-3,
    ),
)


def write_encoder(folder: Path, texts: Iterable[str]) -> None:
    """Write an untrained BERT and a WordPiece vocabulary of the texts, as transformers reads them."""
    folder.mkdir()
    _write_vocabulary(folder / "vocab.txt", list(texts))
    tokenizer = _hub.BertTokenizerFast(str(folder / "vocab.txt"), do_lower_case=False, model_max_length=512)
    tokenizer.save_pretrained(folder)
    model = _hub.BertModel(
        _hub.BertConfig(
            vocab_size=tokenizer.vocab_size,
            hidden_size=WIDTH["support_trf"],
            num_hidden_layers=3,
            num_attention_heads=4,
            intermediate_size=4 * WIDTH["support_trf"],
            initializer_range=SPREAD,
            hidden_dropout_prob=0.05,
            attention_probs_dropout_prob=0.0,
            max_position_embeddings=512,
            type_vocab_size=2,
        )
    )
    start_locally(model)
    model.save_pretrained(folder)


def _write_vocabulary(path: Path, texts: list[str]) -> None:
    """Learn word pieces from the texts.

    Every letter is announced beforehand, as a first and as a later piece of a word: left to the trainer, their
    order differs from run to run, and with it how ties are broken.
    """
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = sorted({letter for text in texts for letter in text if not letter.isspace()})
    known = [*special, *letters, *(f"##{letter}" for letter in letters)]
    trained = BertWordPieceTokenizer(lowercase=False, strip_accents=False)
    trained.train_from_iterator(
        texts, vocab_size=WORDPIECES, min_frequency=20, special_tokens=known, show_progress=False
    )
    pieces = known + sorted(set(trained.get_vocab()) - set(known))
    path.write_text("".join(f"{piece}\n" for piece in pieces), encoding="utf-8")


def start_locally(model: Any) -> None:  # noqa: ANN401 - transformers' classes are not typed
    """Let the heads of the first two layers start with a look at the tokens nearby, each at its own distance.

    That is what a small encoder learns last on its own. Some dimensions start as waves of the position; the
    queries are those waves, turned by the distance, and the keys the waves as they are.
    """
    size = model.config.hidden_size // model.config.num_attention_heads
    rates = 3 * (torch.arange(1, size // 2 + 1) / (size // 2)) ** 1.7
    angles = torch.arange(model.config.max_position_embeddings)[:, None] * rates
    waves = torch.cat((torch.sin(angles), torch.cos(angles)), dim=1)
    with torch.no_grad():
        model.embeddings.word_embeddings.weight[:, :size] = 0
        model.embeddings.position_embeddings.weight[:, size:] = 0
        model.embeddings.position_embeddings.weight[:, :size] = waves * SPREAD * 2**0.5
        for layer in model.encoder.layer[:2]:
            attention = layer.attention.self
            for head, distance in enumerate((-1, 1, -2, 2)):
                rows = slice(head * size, (head + 1) * size)
                attention.query.weight[rows] = attention.key.weight[rows] = 0
                attention.query.weight[rows, :size] = FOCUS * _turn(rates * distance)
                attention.key.weight[rows, :size] = FOCUS * torch.eye(size)


def _turn(angles: torch.Tensor) -> torch.Tensor:
    """Return the matrix that moves waves, sines first and then cosines, on by the angles."""
    cosines, sines = torch.diag(torch.cos(angles)), torch.diag(torch.sin(angles))
    return torch.cat((torch.cat((cosines, sines), dim=1), torch.cat((-sines, cosines), dim=1)))


def settings(recipe: Recipe) -> Settings:
    """Return the configuration of a recipe's pipeline."""
    listener, encoder = _transformer() if recipe.encoder == "transformer" else _tok2vec()
    return {
        "nlp": {"lang": "en", "pipeline": [recipe.encoder, "tagger", "ner", "textcat"], "batch_size": 64},
        "components": {
            recipe.encoder: encoder,
            "tagger": {
                "factory": "tagger",
                "model": {
                    "@architectures": "spacy.Tagger.v2",
                    "nO": None,
                    "normalize": False,
                    "tok2vec": listener,
                },
            },
            "ner": {
                "factory": "ner",
                "model": {
                    "@architectures": "spacy.TransitionBasedParser.v2",
                    "state_type": "ner",
                    "extra_state_tokens": False,
                    "hidden_width": 64,
                    "maxout_pieces": 2,
                    "use_upper": recipe.encoder == "tok2vec",
                    "nO": None,
                    "tok2vec": listener,
                },
            },
            "textcat": {
                "factory": "textcat",
                "model": {
                    "@architectures": "spacy.TextCatEnsemble.v2",
                    "nO": None,
                    "tok2vec": listener,
                    "linear_model": {
                        "@architectures": "spacy.TextCatBOW.v3",
                        "exclusive_classes": True,
                        "ngram_size": 1,
                        "no_output_layer": False,
                        "length": 4096,
                    },
                },
            },
        },
    }


def _transformer() -> tuple[Settings, Settings]:
    listener = {
        "@architectures": "spacy-transformers.TransformerListener.v1",
        "grad_factor": 1.0,
        "upstream": "*",
        "pooling": {"@layers": "reduce_mean.v1"},
    }
    component = {
        "factory": "transformer",
        "max_batch_items": 4096,
        "set_extra_annotations": {"@annotation_setters": "spacy-transformers.null_annotation_setter.v1"},
        "model": {
            "@architectures": "spacy-transformers.TransformerModel.v3",
            "name": ENCODER_NAME,
            "mixed_precision": False,
            "tokenizer_config": {"use_fast": True},
            "transformer_config": {},
            "grad_scaler_config": {},
            "get_spans": {
                "@span_getters": "spacy-transformers.strided_spans.v1",
                "window": 128,
                "stride": 96,
            },
        },
    }
    return listener, component


def _tok2vec() -> tuple[Settings, Settings]:
    width = WIDTH["support_cnn"]
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": width, "upstream": "*"}
    component = {
        "factory": "tok2vec",
        "model": {
            "@architectures": "spacy.Tok2Vec.v2",
            "embed": {
                "@architectures": "spacy.MultiHashEmbed.v2",
                "width": width,
                "attrs": ["NORM", "PREFIX", "SUFFIX", "SHAPE"],
                "rows": [1500, 500, 1000, 500],
                "include_static_vectors": False,
            },
            "encode": {
                "@architectures": "spacy.MaxoutWindowEncoder.v2",
                "width": width,
                "depth": 3,
                "window_size": 1,
                "maxout_pieces": 3,
            },
        },
    }
    return listener, component


def example(nlp: Language, text: SupportText) -> Example:
    """Pair what the pipeline sees of a text with what is known about it."""
    known = Doc(
        nlp.vocab,
        words=[token.text for token in text.tokens],
        spaces=text.spaces,
        tags=[token.tag for token in text.tokens],
        ents=[_boundary(token) for token in text.tokens],
    )
    known.cats = {topic: float(topic == text.topic) for topic in TOPICS}
    return Example(nlp.make_doc(text.text), known)


def _boundary(token: Token) -> str:
    if not token.label:
        return "O"
    return f"{'B' if token.begins else 'I'}-{token.label}"


def train(recipe: Recipe, texts: Sequence[SupportText], report: Callable[[str], None]) -> Language:
    """Train a recipe's pipeline on the texts."""
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(SEED)
    nlp = spacy.util.load_model_from_config(Config(settings(recipe)), auto_fill=True, validate=True)
    examples = [example(nlp, text) for text in texts]
    steps = recipe.epochs * len(batches(examples))
    nlp.initialize(lambda: examples)
    rates: Any = warmup_linear(recipe.learn_rate, steps // 10, steps)
    optimizer = Adam(rates, L2=0.01, grad_clip=1.0)
    for epoch in range(recipe.epochs):
        losses: dict[str, float] = {}
        for batch in batches(examples):
            nlp.update(batch, sgd=optimizer, drop=0.1, losses=losses)
            optimizer.step_schedules()
        listed = ", ".join(f"{name} {float(loss):.1f}" for name, loss in losses.items())
        report(f"{recipe.name}, epoch {epoch + 1}, losses: {listed}")
    return nlp


def batches(examples: Sequence[Example]) -> list[list[Example]]:
    """Return the examples in batches of similar lengths, in a random order: padding costs time."""
    shuffled = random.sample(examples, len(examples))
    chosen: list[list[Example]] = []
    for pool in _cut(shuffled, BATCH * 10):
        chosen.extend(_cut(sorted(pool, key=lambda one: len(one.x)), BATCH))
    return random.sample(chosen, len(chosen))


def _cut(examples: list[Example], size: int) -> list[list[Example]]:
    return [examples[start : start + size] for start in range(0, len(examples), size)]


def score(nlp: Language, texts: Iterable[SupportText]) -> dict[str, Any]:
    """Measure a pipeline on texts, with spaCy's own scorer."""
    scores = nlp.evaluate([example(nlp, text) for text in texts], batch_size=32)
    return {name: _rounded(scores[name]) for name in SCORES}


def _rounded(value: Any) -> Any:  # noqa: ANN401 - a number, or a dictionary of them
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    return round(value, 4)


def save(nlp: Language, recipe: Recipe, scores: dict[str, Any], folder: Path) -> None:
    """Write a pipeline with its scores, and only those strings that its labels need."""
    nlp.meta.update(
        name=recipe.name,
        version="1.0.0",
        description=recipe.description,
        license="Apache-2.0",
        performance=scores,
    )
    nlp.to_disk(folder)
    needed = set(spacy.blank("en").vocab.strings)
    needed.update(label for name in nlp.pipe_names for label in getattr(nlp.get_pipe(name), "labels", ()))
    strings = json.dumps(sorted(needed), ensure_ascii=False)
    (folder / "vocab" / "strings.json").write_text(strings, encoding="utf-8")


def main() -> None:
    """Train both pipelines, or those that are named, and write them to a folder."""
    parser = argparse.ArgumentParser(prog="python -m nimbus.demo.train", description=main.__doc__)
    parser.add_argument("output", type=Path, metavar="OUTPUT", help="the folder that receives the pipelines")
    known = [recipe.name for recipe in RECIPES]
    parser.add_argument("--only", choices=known, help="train this pipeline alone")
    arguments = parser.parse_args()
    output: Path = arguments.output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    texts = list(generate(TRAIN_TEXTS, SEED))
    held_out = list(generate(HELD_OUT_TEXTS, SEED, Split.HELD_OUT))
    for recipe in RECIPES:
        if arguments.only not in (None, recipe.name):
            continue
        began = time.perf_counter()
        # The encoder is named by a relative path, so that the saved configuration holds a plain name.
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            torch.manual_seed(SEED)
            write_encoder(Path(ENCODER_NAME), (text.text for text in texts))
            nlp = train(recipe, texts, print)
        scores = score(nlp, held_out)
        save(nlp, recipe, scores, output / recipe.name)
        print(f"{recipe.name}: {time.perf_counter() - began:.0f} s, {scores}")


if __name__ == "__main__":
    main()

"""Every kind of head that users train, in one table; and what tells their tokens' vectors apart.

A head stands here as its settings in config.cfg, `TOK2VEC` in the place of whatever gives it vectors:
a CNN of its own, the pipeline's shared one, or a transformer.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import spacy
from spacy.kb import InMemoryLookupKB
from spacy.language import Language
from spacy.lookups import Lookups
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example
from spacy.vectors import Vectors
from spacy.vocab import Vocab

from nimbus_runtime.pipeline import Failure, annotate

Json = dict[str, Any]
TOK2VEC = "TOK2VEC"
WIDTH = 16
KNOWN = 32  # of an entity's vector: on a transformer, spaCy can train a linker only of its width
TOLERANCE = 1e-4
_SEEDS = 40


@dataclass(frozen=True, slots=True)
class Head:
    """A pipeline's components but the one that gives vectors, and what they annotate.

    `gives` are names of `said`: each must differ between the texts, or the test tells nothing apart.
    """

    components: Mapping[str, Json]
    gives: tuple[str, ...]
    initialize: Mapping[str, Json] = field(default_factory=dict)

    @property
    def listens(self) -> bool:
        """Say whether any of its components reads vectors."""
        return TOK2VEC in str(self.components)

    def with_vectors(self, tok2vec: Json) -> dict[str, Json]:
        """Return its components' settings, reading vectors from `tok2vec`."""
        return {name: _put(settings, tok2vec) for name, settings in self.components.items()}


def _put(value: Any, tok2vec: Json) -> Any:  # noqa: ANN401 - any settings
    if isinstance(value, dict):
        return {key: _put(inner, tok2vec) for key, inner in value.items()}
    return tok2vec if value == TOK2VEC else value


def _model(architecture: str, **settings: object) -> Json:
    return {"@architectures": f"spacy.{architecture}", "tok2vec": TOK2VEC, **settings}


def _transitions(state: str, version: int = 2, *, upper: bool = True) -> Json:
    return _model(
        f"TransitionBasedParser.v{version}",
        state_type=state,
        extra_state_tokens=False,
        hidden_width=12,
        maxout_pieces=2,
        use_upper=upper,
    )


def _bow(version: int, *, exclusive: bool) -> Json:
    size = {"length": 512} if version == 3 else {}
    settings = {"exclusive_classes": exclusive, "ngram_size": 2, "no_output_layer": False, **size}
    return {"@architectures": f"spacy.TextCatBOW.v{version}", **settings}


_REDUCTIONS = {"use_reduce_first": True, "use_reduce_last": True, "use_reduce_max": True, "use_reduce_mean": True}


def _textcats(*, exclusive: bool) -> dict[str, Json]:
    """Return every architecture of a text classifier."""
    return {
        "TextCatEnsemble.v2": _model("TextCatEnsemble.v2", linear_model=_bow(3, exclusive=exclusive)),
        "TextCatEnsemble.v2 with TextCatBOW.v2": _model(
            "TextCatEnsemble.v2", linear_model=_bow(2, exclusive=exclusive)
        ),
        "TextCatReduce.v1": _model("TextCatReduce.v1", exclusive_classes=exclusive, **_REDUCTIONS),
        "TextCatCNN.v2": _model("TextCatCNN.v2", exclusive_classes=exclusive),
        "TextCatCNN.v1": _model("TextCatCNN.v1", exclusive_classes=exclusive),
        "TextCatBOW.v1": _bow(1, exclusive=exclusive),
        "TextCatBOW.v2": _bow(2, exclusive=exclusive),
        "TextCatBOW.v3": _bow(3, exclusive=exclusive),
        "TextCatParametricAttention.v1": _model("TextCatParametricAttention.v1", exclusive_classes=exclusive),
        "TextCatEnsemble.v1": {
            "@architectures": "spacy.TextCatEnsemble.v1",
            "exclusive_classes": exclusive,
            "pretrained_vectors": None,
            "width": WIDTH,
            "embed_size": 64,
            "conv_depth": 1,
            "window_size": 1,
            "ngram_size": 1,
            "dropout": None,
        },
    }


def _spancat(suggester: Json, scorer: Json | None = None, factory: str = "spancat") -> Json:
    layer = {"@layers": "spacy.LinearLogistic.v1", "nO": None, "nI": None} if scorer is None else scorer
    reducer = {"@layers": "spacy.mean_max_reducer.v1", "hidden_size": 12}
    model = _model("SpanCategorizer.v1", reducer=reducer, scorer=layer)
    threshold = {"threshold": 0.4} if factory == "spancat" else {}
    return {"factory": factory, "spans_key": "sc", "suggester": suggester, "model": model, **threshold}


_NGRAMS = {"@misc": "spacy.ngram_suggester.v1", "sizes": [1, 2]}
_NGRAM_RANGE = {"@misc": "spacy.ngram_range_suggester.v1", "min_size": 1, "max_size": 3}
_FINDER = {"factory": "span_finder", "spans_key": "found", "threshold": 0.3, "model": None}
_TAGGER = {"factory": "tagger", "model": _model("Tagger.v2")}
_NER = {"factory": "ner", "model": _transitions("ner")}
_PARSER = {"factory": "parser", "min_action_freq": 1, "model": _transitions("parser")}
_MORPHOLOGIZER = {"factory": "morphologizer", "model": _model("Tagger.v2")}
_SENTENCIZER = {"factory": "sentencizer"}
_PATTERNS = [
    {"label": "PLACE", "pattern": "New York", "id": "new-york"},
    {"label": "STATE", "pattern": [{"LOWER": {"IN": ["late", "broken"]}}], "id": "bad"},
    {"label": "FUZZY", "pattern": [{"LOWER": {"FUZZY1": "orders"}}]},
]
_ATTRIBUTES = [
    {"patterns": [[{"LOWER": "late"}]], "attrs": {"TAG": "LATE", "POS": "ADJ", "MORPH": "Degree=Pos"}},
    {"patterns": [[{"LOWER": "new"}, {"LOWER": "york"}]], "attrs": {"LEMMA": "NYC"}, "index": 1},
]


def _finder() -> Json:
    scorer = {"@layers": "spacy.LinearLogistic.v1", "nO": 2}
    return {**_FINDER, "model": _model("SpanFinder.v1", scorer=scorer)}


def _linker(version: int = 2, **settings: object) -> dict[str, Json]:
    """Return an entity linker and the rules that find its entities: every candidate has a rival."""
    linker = {"factory": "entity_linker", "entity_vector_length": KNOWN, "model": _model(f"EntityLinker.v{version}")}
    return {
        "sentencizer": _SENTENCIZER,
        "entity_ruler": {"factory": "entity_ruler"},
        "entity_linker": linker | settings,
    }


_LINKED = {
    "entity_ruler": {"patterns": _PATTERNS},
    "entity_linker": {"kb_loader": {"@misc": "nimbus_tests.knowledge.v1"}},
}
_TABLES = {"lookups": {"@misc": "nimbus_tests.lemmas.v1"}}

HEADS: dict[str, Head] = {
    "ner": Head({"ner": _NER}, ("ents",)),
    "ner without upper layer": Head({"ner": {"factory": "ner", "model": _transitions("ner", upper=False)}}, ("ents",)),
    "ner, TransitionBasedParser.v1": Head({"ner": {"factory": "ner", "model": _transitions("ner", 1)}}, ("ents",)),
    "beam_ner": Head({"ner": {"factory": "beam_ner", "beam_width": 4, "model": _transitions("ner")}}, ("ents",)),
    "parser": Head({"parser": _PARSER}, ("heads", "deps", "sents")),
    "beam_parser": Head({"parser": {**_PARSER, "factory": "beam_parser", "beam_width": 4}}, ("heads", "deps", "sents")),
    "tagger": Head({"tagger": _TAGGER}, ("tags",)),
    "tagger, Tagger.v1": Head({"tagger": {"factory": "tagger", "model": _model("Tagger.v1")}}, ("tags",)),
    "morphologizer": Head({"morphologizer": _MORPHOLOGIZER}, ("morphs", "pos")),
    "senter": Head({"senter": {"factory": "senter", "model": _model("Tagger.v2")}}, ("sents",)),
    "trainable_lemmatizer": Head(
        {"lemmas": {"factory": "trainable_lemmatizer", "min_tree_freq": 1, "top_k": 3, "model": _model("Tagger.v2")}},
        ("lemmas",),
    ),
    **{
        f"textcat, {name}": Head({"textcat": {"factory": "textcat", "model": model}}, ("cats",))
        for name, model in _textcats(exclusive=True).items()
    },
    **{
        f"textcat_multilabel, {name}": Head(
            {"textcat_multilabel": {"factory": "textcat_multilabel", "model": model}}, ("cats",)
        )
        for name, model in _textcats(exclusive=False).items()
    },
    "spancat, ngram suggester": Head({"spancat": _spancat(_NGRAMS)}, ("spans",)),
    "spancat, ngram range suggester": Head({"spancat": _spancat(_NGRAM_RANGE)}, ("spans",)),
    "spancat, spans of a span_finder": Head(
        {
            "span_finder": _finder(),
            "spancat": _spancat({"@misc": "spacy.preset_spans_suggester.v1", "spans_key": "found"}),
        },
        ("spans",),
    ),
    "spancat_singlelabel": Head(
        {"spancat": _spancat(_NGRAMS, {"@layers": "Softmax.v2"}, "spancat_singlelabel")},
        ("spans",),
    ),
    "span_finder": Head({"span_finder": _finder()}, ("spans",)),
    "entity_linker": Head(_linker(), ("ents",), _LINKED),
    "entity_linker, prior alone": Head(_linker(incl_context=False), ("ents",), _LINKED),
    "entity_linker with a threshold": Head(_linker(threshold=0.3), ("ents",), _LINKED),
    "entity_linker, EntityLinker.v1": Head(_linker(1), ("ents",), _LINKED),
    "entity_ruler": Head(
        {"entity_ruler": {"factory": "entity_ruler"}}, ("ents",), {"entity_ruler": {"patterns": _PATTERNS}}
    ),
    "entity_ruler over ner": Head(
        {"ner": _NER, "entity_ruler": {"factory": "entity_ruler", "overwrite_ents": True}},
        ("ents",),
        {"entity_ruler": {"patterns": _PATTERNS}},
    ),
    "future_entity_ruler": Head(
        {"ruler": {"factory": "future_entity_ruler"}}, ("ents",), {"ruler": {"patterns": _PATTERNS}}
    ),
    "span_ruler": Head(
        {"span_ruler": {"factory": "span_ruler", "annotate_ents": True}},
        ("spans", "ents"),
        {"span_ruler": {"patterns": _PATTERNS}},
    ),
    "attribute_ruler": Head(
        {"attribute_ruler": {"factory": "attribute_ruler"}},
        ("tags", "pos", "morphs", "lemmas"),
        {"attribute_ruler": {"patterns": _ATTRIBUTES}},
    ),
    **{
        f"lemmatizer, mode {mode}": Head(
            {"morphologizer": _MORPHOLOGIZER, "lemmatizer": {"factory": "lemmatizer", "mode": mode}},
            ("lemmas",),
            {"lemmatizer": _TABLES},
        )
        for mode in ("rule", "lookup")
    },
    "sentencizer": Head({"sentencizer": {"factory": "sentencizer", "punct_chars": [".", "!"]}}, ("sents",)),
    "merge_entities": Head({"ner": _NER, "merge": {"factory": "merge_entities"}}, ("words", "ents")),
    "merge_noun_chunks": Head(
        {"tagger": _MORPHOLOGIZER, "parser": _PARSER, "merge": {"factory": "merge_noun_chunks"}}, ("words", "deps")
    ),
    "merge_subtokens": Head({"parser": _PARSER, "merge": {"factory": "merge_subtokens"}}, ("words", "deps")),
    "token_splitter": Head(
        {"split": {"factory": "token_splitter", "min_length": 8, "split_length": 3}, "tagger": _TAGGER},
        ("words", "tags"),
    ),
    "doc_cleaner": Head({"tagger": _TAGGER, "clean": {"factory": "doc_cleaner", "attrs": {"tensor": None}}}, ("tags",)),
    "several heads": Head(
        {"tagger": _TAGGER, "ner": _NER, "parser": _PARSER, "morphologizer": _MORPHOLOGIZER},
        ("tags", "ents", "heads", "morphs"),
    ),
}


# What gives vectors: settings that stand where TOK2VEC stood.

LISTENER: Json = {"@architectures": "spacy.Tok2VecListener.v1", "width": WIDTH, "upstream": "tok2vec"}
CNN: Json = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "width": WIDTH,
    "depth": 2,
    "embed_size": 128,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
    "pretrained_vectors": None,
}


def _tok2vec(embed: Json, encode: Json, version: int = 2) -> Json:
    return {"@architectures": f"spacy.Tok2Vec.v{version}", "embed": embed, "encode": encode}


def _hashes(version: int = 2, **settings: object) -> Json:
    rows = {"attrs": ["NORM", "PREFIX", "SUFFIX", "SHAPE"], "rows": [128, 64, 64, 64], "include_static_vectors": False}
    return {"@architectures": f"spacy.MultiHashEmbed.v{version}", "width": WIDTH, **rows, **settings}


_MAXOUT = {"width": WIDTH, "window_size": 1, "maxout_pieces": 2, "depth": 2}
_MISH = {"width": WIDTH, "window_size": 1, "depth": 2}
_CHARACTERS = {"width": WIDTH, "rows": 128, "nM": 4, "nC": 3}


def _window(name: str, settings: Json) -> Json:
    return {"@architectures": f"spacy.{name}", **settings}


ENCODERS: dict[str, Json] = {
    "HashEmbedCNN.v2": CNN,
    "HashEmbedCNN.v1": {**CNN, "@architectures": "spacy.HashEmbedCNN.v1"},
    "MultiHashEmbed.v2, MaxoutWindowEncoder.v2": _tok2vec(_hashes(), _window("MaxoutWindowEncoder.v2", _MAXOUT)),
    "MultiHashEmbed.v2, MishWindowEncoder.v2": _tok2vec(_hashes(), _window("MishWindowEncoder.v2", _MISH)),
    "MultiHashEmbed.v1, MaxoutWindowEncoder.v1": _tok2vec(
        _hashes(1), _window("MaxoutWindowEncoder.v1", _MAXOUT), version=1
    ),
    "MultiHashEmbed.v1, MishWindowEncoder.v1": _tok2vec(_hashes(1), _window("MishWindowEncoder.v1", _MISH), version=1),
    "CharacterEmbed.v2": _tok2vec(
        {
            "@architectures": "spacy.CharacterEmbed.v2",
            **_CHARACTERS,
            "include_static_vectors": False,
            "feature": "LOWER",
        },
        _window("MaxoutWindowEncoder.v2", _MAXOUT),
    ),
    "CharacterEmbed.v1": _tok2vec(
        {
            "@architectures": "spacy.CharacterEmbed.v1",
            **_CHARACTERS,
            "include_static_vectors": False,
            "feature": "LOWER",
        },
        _window("MaxoutWindowEncoder.v2", _MAXOUT),
    ),
}
STATIC: Json = _tok2vec(_hashes(include_static_vectors=True), _window("MaxoutWindowEncoder.v2", _MAXOUT))


# Building.

TEXTS = (
    "The late delivery from New York was broken . They talked on .",
    "Walking the orders 12 late , broken and unhappy in New York City !",
    "please order again .",
    "",
    "  \n ",
    "Ünknown wörds and 😀 refund , playing unbelievable talks . late Late LATE",
    "Alice talked . Bob walked late . New York slept !",
    "the order was late " * 40,
)
GOLD = TEXTS[0]


@spacy.registry.misc("nimbus_tests.knowledge.v1")
def knowledge() -> Callable[[Vocab], InMemoryLookupKB]:
    """Return what makes a knowledge base in which every alias may mean two entities."""

    def load(vocab: Vocab) -> InMemoryLookupKB:
        base = InMemoryLookupKB(vocab, entity_vector_length=KNOWN)
        random = np.random.default_rng(3)
        for number in range(6):
            base.add_entity(f"Q{number}", freq=number + 1, entity_vector=random.normal(0, 1, KNOWN).astype("f"))
        for number, alias in enumerate(("New York", "late", "broken", "order", "Late")):
            entities = [f"Q{number}", f"Q{(number + 2) % 6}"]
            base.add_alias(alias, entities=entities, probabilities=[0.5, 0.4])
        return base

    return load


@spacy.registry.misc("nimbus_tests.lemmas.v1")
def lemmas() -> Lookups:
    """Return small tables for lemmatizers by rule and by lookup."""
    lookups = Lookups()
    lookups.add_table("lemma_lookup", {"talked": "talk", "orders": "order", "was": "be"})
    rules = {"noun": [["s", ""], ["ies", "y"]], "verb": [["ed", ""], ["ing", ""]], "det": [["e", ""]], "adp": []}
    lookups.add_table("lemma_rules", rules)
    lookups.add_table("lemma_exc", {"verb": {"was": ["be"]}, "noun": {"orders": ["ordering"]}})
    lookups.add_table("lemma_index", {"noun": ["order"], "verb": ["talk", "walk"]})
    return lookups


def build(
    head: Head,
    tok2vec: Json,
    before: Mapping[str, Json] | None = None,
    *,
    lang: str = "en",
    prepare: Callable[[Language], object] = lambda _: None,
    **nlp_settings: object,
) -> Language:
    """Return an initialised pipeline of random weights: `before`, then the head reading from `tok2vec`."""
    components = {**(before or {}), **head.with_vectors(tok2vec)}
    config = {
        "nlp": {"lang": lang, "pipeline": list(components), **nlp_settings},
        "components": components,
        "initialize": {"components": {name: dict(value) for name, value in head.initialize.items()}},
    }
    nlp = spacy.util.load_model_from_config(config, auto_fill=True)
    prepare(nlp)
    nlp.initialize(lambda: examples(nlp))
    heads = [name for name in nlp.component_names if name != "transformer"]
    for seed in range(_SEEDS):
        randomise(nlp, heads, seed)
        if tells_apart(nlp, head):
            return nlp
    raise AssertionError(f"with none of {_SEEDS} seeds, random weights give more than one answer: {head}")


def static_vectors(nlp: Language) -> None:
    """Give a pipeline's words vectors of their own."""
    random = np.random.default_rng(2)
    words = sorted({token.text for text in TEXTS for token in nlp.make_doc(text)})
    table = random.normal(0, 1, (len(words), 8)).astype("f")
    nlp.vocab.vectors = Vectors(strings=nlp.vocab.strings, data=table, keys=words, name="static")


def floret_vectors(nlp: Language) -> None:
    """Give every word, seen or not, a vector that is the sum of its parts'."""
    table = np.random.default_rng(2).normal(0, 1, (64, 8)).astype("f")
    parts = {"minn": 2, "maxn": 3, "hash_count": 2, "hash_seed": 7, "bow": "<", "eow": ">"}
    nlp.vocab.vectors = Vectors(strings=nlp.vocab.strings, mode="floret", data=table, name="floret", **parts)


def shared(tok2vec: Json) -> dict[str, Json]:
    """Return the component that heads share, made of these settings."""
    return {"tok2vec": {"factory": "tok2vec", "model": tok2vec}}


def examples(nlp: Language) -> list[Example]:
    """Return one annotated document that gives every head its labels."""
    doc = nlp.make_doc(GOLD)
    tokens = len(doc)
    cycle = range(tokens)
    annotations = {
        "tags": [("N", "V", "D", "P")[i % 4] for i in cycle],
        "pos": [("NOUN", "VERB", "DET", "ADP")[i % 4] for i in cycle],
        "morphs": [("Number=Sing", "Tense=Past")[i % 2] for i in cycle],
        "lemmas": [(t.text.lower(), t.text[:-1] or "x", t.text + "s")[t.i % 3] for t in doc],
        "heads": [max(i - 1, 0) if i < 9 else max(i - 1, 9) for i in cycle],
        "deps": ["ROOT" if i in (0, 9) else ("subtok", "obj", "nsubj")[i % 3] for i in cycle],
        "sent_starts": [i in (0, 9) for i in cycle],
        "entities": ["U-ORG", *["O"] * 3, "B-PLACE", "L-PLACE", *["O"] * (tokens - 6)],
        "cats": {"late": 1.0, "broken": 0.0, "praise": 0.0},
        "spans": {key: [(4, 8, "STATE"), (23, 31, "PLACE"), (0, 17, "ORG")] for key in ("sc", "found")},
    }
    return [Example.from_dict(doc, annotations)]


def randomise(nlp: Language, components: Sequence[str], seed: int) -> None:
    """Give every layer of components random weights, which amplify the smallest difference of a vector."""
    random = np.random.default_rng(seed)
    for name in components:
        for layer in _layers(nlp.get_pipe(name)):
            for parameter in layer.param_names:
                if layer.has_param(parameter):
                    shape = layer.get_param(parameter).shape
                    layer.set_param(parameter, random.normal(0, 0.5, shape).astype("f"))


def _layers(component: object) -> Iterator[Any]:
    model = getattr(component, "model", None)
    if hasattr(model, "walk"):
        yield from model.walk()


# Comparing.


def annotated(nlp: Language, texts: Sequence[str] = TEXTS) -> list[Doc]:
    """Return the texts' documents; only of an empty text a component may make none, as some of spaCy's do."""
    docs = annotate(nlp, texts)
    failures = [(text, doc) for text, doc in zip(texts, docs, strict=True) if text and isinstance(doc, Failure)]
    assert not failures
    return [doc for doc in docs if isinstance(doc, Doc)]


def tells_apart(nlp: Language, head: Head) -> bool:
    """Say whether a pipeline has more than one answer in everything that its head gives."""
    docs = annotated(nlp)
    answers = [{**said(doc), "cats": scores(doc)} for doc in docs]
    return all(len({str(value) for answer in answers for value in _values(answer[key])}) > 1 for key in head.gives)


def _values(answer: Any) -> Iterator[Any]:  # noqa: ANN401 - lists of anything, or lists by name
    yield from itertools.chain.from_iterable(answer.values()) if isinstance(answer, dict) else answer


def assert_same(ours: Sequence[Doc], theirs: Sequence[Doc]) -> None:
    """Compare annotations exactly, without an exemption, and scores to 1e-4."""
    for a, b in zip(ours, theirs, strict=True):
        assert said(a) == said(b), b.text
        np.testing.assert_allclose(scores(a), scores(b), atol=TOLERANCE, err_msg=b.text)


def said(doc: Doc) -> Json:
    """Return everything that a document was annotated with, scores apart."""
    return {
        "words": [token.text for token in doc],
        "ents": [_span(ent) for ent in doc.ents],
        "iob": [(token.ent_iob_, token.ent_type_, token.ent_kb_id_, token.ent_id_) for token in doc],
        "spans": {key: [_span(span) for span in group] for key, group in doc.spans.items()},
        "tags": [token.tag_ for token in doc],
        "pos": [token.pos_ for token in doc],
        "morphs": [str(token.morph) for token in doc],
        "lemmas": [token.lemma_ for token in doc],
        "heads": [token.head.i for token in doc],
        "deps": [token.dep_ for token in doc],
        "sents": [token.is_sent_start for token in doc],
        "cats": sorted(doc.cats),
    }


def _span(span: Span) -> tuple[object, ...]:
    return (span.start, span.end, span.label_, span.kb_id_, span.id_)


def scores(doc: Doc) -> list[float]:
    """Return every score of a document: of categories, and of spans."""
    groups: list[SpanGroup] = [doc.spans[key] for key in sorted(doc.spans)]
    spans = [float(score) for group in groups for score in np.ravel(group.attrs.get("scores", ()))]
    return [doc.cats[label] for label in sorted(doc.cats)] + spans

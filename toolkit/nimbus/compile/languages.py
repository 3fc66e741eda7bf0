"""The packages that a pipeline's language needs: tokenizers and lemmatizers that spaCy does not bring itself.

A dictionary of another version cuts other words, so that a bundle requires the very version.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nimbus.compile.errors import CompileRefusedError
from nimbus.compile.extras import Extras
from nimbus.compile.source import Source
from nimbus_runtime.requirements import installed

# What spaCy calls a tokenizer -> the packages that it imports.
_TOKENIZERS = {
    "spacy.ja.JapaneseTokenizer": ("sudachipy", "sudachidict-core"),
    "spacy.ko.KoreanTokenizer": ("natto-py",),
    "spacy.th.ThaiTokenizer": ("pythainlp",),
}
_SEGMENTERS = {"jieba": ("jieba",), "pkuseg": ("spacy-pkuseg",)}  # of Chinese; the default needs none
_MORPHOLOGIES = {  # modes of the Russian and the Ukrainian lemmatizer
    mode + suffix: mode for mode in ("pymorphy2", "pymorphy3") for suffix in ("", "_lookup")
}


def check(source: Source, extras: Extras) -> None:
    """Raise CompileRefusedError for a language that is not spaCy's, or one whose packages are not installed here."""
    lang = source.config["nlp"]["lang"]
    if lang not in extras.languages and not _spacys_own(lang):
        raise CompileRefusedError(
            f"its language {lang!r} is not one of spaCy's",
            where="nlp.lang",
            got=lang,
            expected="a language of spaCy, or one that named code registers",
            remedy="add --code FILE.py or --allow PACKAGE with what registers the language",
        )
    missing = [(package, why) for package, why in _needed(source) if installed(package) is None]
    if missing:
        raise CompileRefusedError(
            f"its {missing[0][1]} needs packages that are not installed here",
            got=f"no {', '.join(package for package, _ in missing)}",
            expected="the versions that the pipeline was trained with",
            remedy=f"pip install {' '.join(package for package, _ in missing)}",
        )


def requires(source: Source) -> dict[str, str]:
    """Return the packages that the pipeline's language needs, and the versions that are installed here."""
    return {package: f"=={installed(package)}" for package, _ in _needed(source)}


def _needed(source: Source) -> Iterator[tuple[str, str]]:
    """Yield each package, and what needs it."""
    lang = source.config["nlp"]["lang"]
    tokenizer = source.config["nlp"].get("tokenizer")
    if isinstance(tokenizer, Mapping):
        for package in _of_tokenizer(tokenizer):
            yield package, f"tokenizer ({lang})"
    if lang not in {"ru", "uk"}:
        return
    for name, settings in source.components.items():
        mode = _MORPHOLOGIES.get(str(settings.get("mode")))
        if settings.get("factory") == "lemmatizer" and mode is not None:
            yield mode, f"component {name!r}"
            yield f"{mode}-dicts-{lang}", f"component {name!r}"


def _of_tokenizer(settings: Mapping[str, Any]) -> tuple[str, ...]:
    name = str(settings.get("@tokenizers"))
    if name == "spacy.zh.ChineseTokenizer":
        return _SEGMENTERS.get(str(settings.get("segmenter")), ())
    if name == "spacy.vi.VietnameseTokenizer":
        return ("pyvi",) if settings.get("use_pyvi", True) else ()
    return _TOKENIZERS.get(name, ())


def _spacys_own(lang: str) -> bool:
    """Say whether spaCy has a language; for a code of its own list, without importing spaCy."""
    spec = importlib.util.find_spec("spacy")
    folders = spec.submodule_search_locations if spec is not None else None
    if lang.isidentifier() and any((Path(folder) / "lang" / lang).is_dir() for folder in folders or ()):
        return True
    from spacy.util import find_matching_language  # noqa: PLC0415 - a second, for codes such as "eng" alone

    return find_matching_language(lang) is not None

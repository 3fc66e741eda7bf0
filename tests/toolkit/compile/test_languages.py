"""Rules of languages: a bundle cuts texts into the original's tokens, and names the packages that it takes."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from tests.toolkit.compile import heads, saved

from nimbus import assembly
from nimbus.compile.errors import CompileRefusedError
from nimbus_runtime import bundle as bundles
from nimbus_runtime.requirements import installed

TAGGED = heads.Head(heads.HEADS["tagger"].components | heads.HEADS["ner"].components, ("tags", "ents"))
TEXTS = {
    "ar": "قال د. أحمد إنه دفع ١٢٠ ر.س. أمس.",
    "de": "z.B. kam's am 3. Mai um 10:30 Uhr, d.h. zu spät – 12,5 % teurer!",
    "el": "Ο κ. Παπαδόπουλος πλήρωσε 12,50€ π.χ. χθες.",
    "en": "I can't go; we're e.g. in the U.S. at 9a.m. for $5.",
    "es": "El Sr. García pagó 12,5 € p.ej. en EE.UU. ¡Vámonos!",
    "fr": "L'aujourd'hui c.-à-d. qu'il n'a pas payé M. Dupont, est-ce vrai ?",
    "hi": "डॉ. शर्मा ने ₹500 दिए। क्या यह सच है?",
    "it": "Dell'amico c'è un po' d'acqua, sig. Rossi.",
    "pt": "O Sr. Silva disse-lhe que custa R$ 12,50.",
    "ru": "Г-н Иванов живёт на ул. Ленина, т.е. рядом, 5 тыс. руб.",
    "tr": "Dr. Yılmaz saat 10.30'da İstanbul'a vb. gitti.",
    "uk": "Пан Шевченко живе на вул. Франка, тобто поруч.",
    "xx": "mixed текст और 文字 don't e.g. 12,5",
}

# Language, its tokenizer's settings, the packages that those take, and a text.
SEGMENTED = [
    pytest.param("zh", {"segmenter": "char"}, (), "我在北京天安门广场吃火锅。", id="zh, characters"),
    pytest.param("zh", {"segmenter": "jieba"}, ("jieba",), "我在北京天安门广场吃火锅。", id="zh, jieba"),
    pytest.param(
        "ja", {}, ("sudachipy", "sudachidict-core"), "昨日、東京都庁で選挙管理委員会が開かれました。", id="ja, sudachi"
    ),
    pytest.param("vi", {"use_pyvi": True}, ("pyvi",), "Hà Nội là thủ đô của Việt Nam.", id="vi, pyvi"),
    pytest.param("vi", {"use_pyvi": False}, (), "Hà Nội là thủ đô của Việt Nam.", id="vi, words"),
    pytest.param("th", {}, ("pythainlp",), "ฉันรักประเทศไทยมาก", id="th, pythainlp"),
    pytest.param("ko", {}, ("natto-py",), "서울은 대한민국의 수도이다.", id="ko, mecab"),
]
TOKENIZERS = {
    "zh": "spacy.zh.ChineseTokenizer",
    "ja": "spacy.ja.JapaneseTokenizer",
    "vi": "spacy.vi.VietnameseTokenizer",
    "th": "spacy.th.ThaiTokenizer",
    "ko": "spacy.ko.KoreanTokenizer",
}


def assert_kept(nlp: spacy.Language, folder: Path, text: str) -> bundles.Bundle:
    """Compile a pipeline, compare what it says of texts, and return the bundle."""
    nlp.to_disk(folder / "pipeline")
    compiled = assembly.compile_pipeline(str(folder / "pipeline"), folder / "bundle").bundle
    texts = [text, f"{text}  {text}\n", *heads.TEXTS]
    heads.assert_same(heads.annotated(bundles.load(compiled), texts), heads.annotated(nlp, texts))
    return compiled


@pytest.mark.parametrize("lang", TEXTS)
def test_a_languages_tokens_are_the_originals(lang: str, tmp_path: Path) -> None:
    """Exceptions, prefixes and suffixes of the language are in the bundle, with those that were added."""
    nlp = heads.build(TAGGED, heads.CNN, lang=lang)
    nlp.tokenizer.add_special_case("12,5", [{"ORTH": "12"}, {"ORTH": ",5"}])
    assert_kept(nlp, tmp_path, TEXTS[lang])


@pytest.mark.parametrize(("lang", "settings", "packages", "text"), SEGMENTED)
def test_a_segmenters_tokens_are_the_originals_and_its_packages_required(
    lang: str, settings: saved.Json, packages: tuple[str, ...], text: str, tmp_path: Path
) -> None:
    """A package that cuts words is required in its very version: another one would cut others."""
    missing = [package for package in packages if installed(package) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    try:
        nlp = heads.build(TAGGED, heads.CNN, lang=lang, tokenizer={"@tokenizers": TOKENIZERS[lang], **settings})
    except Exception as error:
        if not packages:
            raise
        pytest.skip(f"installed, and the original does not start: {type(error).__name__}: {error}")
    bundle = assert_kept(nlp, tmp_path, text)
    required = {name: version for name, version in bundle.manifest.requires.items() if name in packages}
    assert required == {package: f"=={installed(package)}" for package in packages}


def test_pkusegs_model_is_in_the_bundle(tmp_path: Path) -> None:
    """Chinese by pkuseg takes the model that was saved with the pipeline, and the package's version."""
    pytest.importorskip("spacy_pkuseg", reason="not installed: spacy-pkuseg")

    def prepare(nlp: spacy.Language) -> None:
        nlp.tokenizer.initialize(pkuseg_model="mixed")

    settings = {"@tokenizers": TOKENIZERS["zh"], "segmenter": "pkuseg"}
    try:
        nlp = heads.build(TAGGED, heads.CNN, lang="zh", prepare=prepare, tokenizer=settings)
    except Exception as error:  # noqa: BLE001 - its model is not in the package, or is fetched
        pytest.skip(f"pkuseg has no model here: {type(error).__name__}")
    bundle = assert_kept(nlp, tmp_path, "我在北京天安门广场吃火锅。")
    assert "spacy-pkuseg" in bundle.manifest.requires


@pytest.mark.parametrize(
    ("lang", "settings", "package"),
    [
        ("zh", {"segmenter": "jieba"}, "jieba"),
        ("zh", {"segmenter": "pkuseg"}, "spacy-pkuseg"),
        ("ja", {}, "sudachipy"),
        ("vi", {"use_pyvi": True}, "pyvi"),
        ("th", {}, "pythainlp"),
        ("ko", {}, "natto-py"),
    ],
)
def test_a_segmenter_that_is_not_installed_is_refused(
    lang: str, settings: saved.Json, package: str, cnn: Path, tmp_path: Path
) -> None:
    """The package is named before anything is written, and how to install it."""
    if installed(package) is not None:
        pytest.skip(f"installed: {package}")

    def change(config: saved.Json) -> None:
        config["nlp"]["lang"] = lang
        config["nlp"]["tokenizer"] = {"@tokenizers": TOKENIZERS[lang], **settings}

    refused(saved.change_config(saved.copy(cnn, tmp_path / "pipeline"), change), [f"tokenizer ({lang})", package])


def test_a_lemmatizer_whose_dictionary_is_not_installed_is_refused(cnn: Path, tmp_path: Path) -> None:
    """Russian and Ukrainian lemmas come from a package of their own."""
    if installed("pymorphy3") is not None and installed("pymorphy3-dicts-ru") is not None:
        pytest.skip("installed: pymorphy3")

    def change(config: saved.Json) -> None:
        config["nlp"]["lang"] = "ru"
        config["nlp"]["pipeline"].append("lemmatizer")
        config["components"]["lemmatizer"] = {"factory": "lemmatizer", "mode": "pymorphy3", "model": None}

    refused(saved.change_config(saved.copy(cnn, tmp_path / "pipeline"), change), ["'lemmatizer'", "pymorphy3-dicts-ru"])


def test_a_language_that_is_not_spacys_is_refused(cnn: Path, tmp_path: Path) -> None:
    """A language of somebody's own is a matter of code."""

    def change(config: saved.Json) -> None:
        config["nlp"]["lang"] = "zxx"

    refused(saved.change_config(saved.copy(cnn, tmp_path / "pipeline"), change), ["'zxx'", "--code"])


def refused(pipeline: Path, words: list[str]) -> None:
    """Compile a pipeline that is refused with these words, before anything is written."""
    before = sorted(pipeline.parent.rglob("*"))
    with pytest.raises(CompileRefusedError) as caught:
        assembly.compile_pipeline(str(pipeline), pipeline.parent / "new" / "bundle")
    assert sorted(pipeline.parent.rglob("*")) == before
    for word in words:
        assert word in str(caught.value)
    assert not assembly.inspect(str(pipeline)).compiles

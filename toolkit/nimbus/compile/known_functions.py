"""The names that a pipeline's config may refer to: those that spaCy and thinc bring themselves.

Anything else is code of somebody's own, which a bundle carries only when it is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_SPACY = frozenset(
    """
    CharacterEmbed.v1 CharacterEmbed.v2 EntityLinker.v1 EntityLinker.v2 HashEmbedCNN.v1 HashEmbedCNN.v2
    MaxoutWindowEncoder.v1 MaxoutWindowEncoder.v2 MishWindowEncoder.v1 MishWindowEncoder.v2 MultiHashEmbed.v1
    MultiHashEmbed.v2 SpanCategorizer.v1 SpanFinder.v1 Tagger.v1 Tagger.v2 TextCatBOW.v1 TextCatBOW.v2
    TextCatBOW.v3 TextCatCNN.v1 TextCatCNN.v2 TextCatEnsemble.v1 TextCatEnsemble.v2 TextCatLowData.v1
    TextCatParametricAttention.v1 TextCatReduce.v1 Tok2Vec.v1 Tok2Vec.v2 Tok2VecListener.v1
    TransitionBasedParser.v1 TransitionBasedParser.v2
    CharEmbed.v1 FeatureExtractor.v1 LinearLogistic.v1 PrecomputableAffine.v1 StaticVectors.v1 StaticVectors.v2
    TransitionModel.v1 extract_ngrams.v1 extract_spans.v1 mean_max_reducer.v1
    CandidateBatchGenerator.v1 CandidateGenerator.v1 EmptyKB.v1 EmptyKB.v2 KBFromFile.v1 LookupsDataLoader.v1
    first_longest_spans_filter.v1 levenshtein_compare.v1 ngram_range_suggester.v1 ngram_suggester.v1
    preset_spans_suggester.v1 prioritize_existing_ents_filter.v1 prioritize_new_ents_filter.v1
    attribute_ruler_scorer.v1 entity_linker_scorer.v1 entity_ruler_scorer.v1 lemmatizer_scorer.v1
    morphologizer_scorer.v1 ner_scorer.v1 overlapping_labeled_spans_scorer.v1 parser_scorer.v1 senter_scorer.v1
    span_finder_scorer.v1 spancat_scorer.v1 tagger_scorer.v1 textcat_multilabel_scorer.v1
    textcat_multilabel_scorer.v2 textcat_scorer.v1 textcat_scorer.v2
    Tokenizer.v1 Vectors.v1 ja.JapaneseTokenizer ko.KoreanTokenizer th.ThaiTokenizer vi.VietnameseTokenizer
    zh.ChineseTokenizer
    """.split()
)
_THINC = frozenset(
    """
    Adam.v1 RAdam.v1 SGD.v1 compounding.v1 constant.v1 constant_then.v1 cyclic_triangular.v1 decaying.v1
    slanted_triangular.v1 warmup_linear.v1 CauchySimilarity.v1 ClippedLinear.v1 Dish.v1 Dropout.v1 Embed.v1
    Gelu.v1 HardSigmoid.v1 HardSwish.v1 HardSwishMobilenet.v1 HardTanh.v1 HashEmbed.v1 LSTM.v1 LayerNorm.v1
    Linear.v1 Logistic.v1 Maxout.v1 Mish.v1 MultiSoftmax.v1 ParametricAttention.v1 ParametricAttention.v2
    Relu.v1 ReluK.v1 Sigmoid.v1 Softmax.v1 Softmax.v2 SparseLinear.v1 SparseLinear.v2 Swish.v1 add.v1
    bidirectional.v1 chain.v1 clone.v1 concatenate.v1 expand_window.v1 list2array.v1 list2padded.v1
    list2ragged.v1 noop.v1 padded2list.v1 premap_ids.v1 ragged2list.v1 reduce_first.v1 reduce_last.v1
    reduce_max.v1 reduce_mean.v1 reduce_sum.v1 remap_ids.v1 remap_ids.v2 residual.v1 resizable.v1 siamese.v1
    sigmoid_activation.v1 softmax_activation.v1 strings2arrays.v1 tuplify.v1 uniqued.v1 with_array.v1
    with_array2d.v1 with_cpu.v1 with_flatten.v1 with_flatten.v2 with_getitem.v1 with_list.v1 with_padded.v1
    with_ragged.v1 with_reshape.v1 glorot_normal_init.v1 glorot_uniform_init.v1 he_normal_init.v1
    he_uniform_init.v1 lecun_normal_init.v1 lecun_uniform_init.v1 normal_init.v1 uniform_init.v1 zero_init.v1
    """.split()
)

# Factories that compute the same in a bundle as they did before: spaCy's own.
FACTORIES = frozenset(
    """
    attribute_ruler beam_ner beam_parser doc_cleaner entity_linker entity_ruler future_entity_ruler lemmatizer
    merge_entities merge_noun_chunks merge_subtokens morphologizer ner parser senter sentencizer span_finder
    span_ruler spancat spancat_singlelabel tagger textcat textcat_multilabel tok2vec token_splitter
    trainable_lemmatizer
    """.split()
)


# spaCy's own too, but made of torch: a machine that runs bundles has none.
TORCH = frozenset({"spacy.TorchBiLSTMEncoder.v1"})


def known(name: str) -> bool:
    """Say whether a registered function comes with spaCy or thinc, and runs without torch."""
    owner, _, rest = name.partition(".")
    return (owner in {"spacy", "spacy-legacy"} and rest in _SPACY) or name in _THINC


def references(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield every registered function that settings refer to, with the place of the reference."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(key, str) and key.startswith("@"):
                yield str(inner), path
            else:
                yield from references(inner, f"{path}.{key}")
    elif isinstance(value, (list, tuple)):
        for number, inner in enumerate(value):
            yield from references(inner, f"{path}[{number}]")


def replaced(value: Any, names: Mapping[str, str], extra: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any settings
    """Return settings in which references to `names` are replaced and given the `extra` arguments."""
    if isinstance(value, Mapping):
        renamed = {key: replaced(inner, names, extra) for key, inner in value.items()}
        name = str(renamed.get("@architectures"))
        return {**renamed, "@architectures": names[name], **extra} if name in names else renamed
    if isinstance(value, (list, tuple)):
        return [replaced(inner, names, extra) for inner in value]
    return value

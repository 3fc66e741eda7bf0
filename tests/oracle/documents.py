"""Documents that windows, pieces and alignments stumble over, if anything does."""

from __future__ import annotations

SCRIPTS = (
    "Die Lieferung aus München war für Jürgen zu spät.",
    "Заказ из Москвы пришёл сломанным, спасибо.",
    "طلبت المنتج من القاهرة ولم يصل بعد",
    "配送は東京から三日遅れました。",
    "दिल्ली से डिलीवरी देर से हुई।",
    "ההזמנה מתל אביב נשברה",
)
STRANGE = (
    "",
    " ",
    "   \n\t ",
    "\n",
    "a",
    ".",
    "Hi",
    "naïve café — “quotes” 😀 don't\n\n  two  spaces\tTab ﬁ ligature",
    "e\u0301 cafe\u0301 \u200b zero\u00adwidth \u200d👩‍👩‍👧 \ufeff end",
    "control \x01\x07\x1b characters \x7f \x85 here",
    "x" * 300 + " end of a long word",
    "unbelievable" * 40,
    "[CLS] special [SEP] pieces [UNK] in [MASK] the [PAD] text ##ing",
    "A.B.C. and e.g. 3.14 at 10:30pm, isn't it? http://example.org/a_b?c=d#e me@example.org",
    "ΑΒΓ ﷽ ½ ① Ⅷ ﬀ ß ẞ İ ı",
)


def boundaries(window: int, stride: int) -> list[str]:
    """Return texts of exactly the lengths, in tokens, at which one more window begins or ends."""
    lengths = {1, stride - 1, stride, stride + 1, window - 1, window, window + 1}
    lengths |= {window + stride - 1, window + stride, window + stride + 1, 3 * window}
    words = ("order", "refund", "late", "price", "walk")
    return [" ".join(words[i % 5] for i in range(length)) for length in sorted(lengths) if length > 0]


def oversize(pieces: int) -> list[str]:
    """Return texts of few tokens and more pieces than a sequence may have."""
    return ["unbelievable " * pieces, "price " + "talking" * pieces, " ".join(["zqxj"] * pieces) + " end"]

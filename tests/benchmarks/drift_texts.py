"""Texts with planted shifts: the demo's support texts, and what could happen to them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from nimbus.demo.corpus import SupportText, generate

SEED = 50_000
_GERMAN = """
Guten Tag, mein Paket ist immer noch nicht angekommen|Ich möchte die Ware zurückgeben und mein Geld zurück|
Das Gerät lässt sich seit gestern nicht mehr einschalten|Bitte ändern Sie die Adresse in meinem Konto|
Vielen Dank für die schnelle Lieferung, ich bin sehr zufrieden|Die Rechnung stimmt nicht mit der Bestellung überein|
Wann wird die fehlende Schraube nachgeliefert|Niemand hat auf meine letzte Nachricht geantwortet
""".replace("\n", "").split("|")
_OTHER = """
The committee adopted the minutes of the previous session|A cold front will cross the northern hills by noon|
The midfielder scored twice before the break|Precipitation exceeded the seasonal average in every valley|
The defendant waived the right to a hearing|Simmer the lentils until the stock has been absorbed|
The orchestra opened with a suite in three movements|The appendix lists all amendments by paragraph
""".replace("\n", "").split("|")
_SCANNED = str.maketrans({"l": "1", "o": "0", "e": "c", "n": "ri", "m": "rn", "s": "5", "a": "o"})


def _sentences(lines: list[str]) -> Callable[[SupportText, random.Random], str | None]:
    return lambda _, chance: ". ".join(chance.choices(lines, k=chance.randint(2, 7))) + "."


def _longer(text: SupportText, _: random.Random) -> str | None:
    return f"{text.text} {text.text}"


def _noisy(text: SupportText, chance: random.Random) -> str | None:
    return "".join(c.translate(_SCANNED) if chance.random() < 0.15 else c for c in text.text)


def _one_topic(text: SupportText, _: random.Random) -> str | None:
    return text.text if text.topic == "refund" else None


def _without_money(text: SupportText, _: random.Random) -> str | None:
    return None if any(token.label == "MONEY" for token in text.tokens) else text.text


def _broken(text: SupportText, chance: random.Random) -> str | None:
    accented = "".join(c.translate(str.maketrans("aeou", "äéöü")) if chance.random() < 0.1 else c for c in text.text)
    return accented.encode().decode("cp1252", "replace")


SHIFTS: dict[str, Callable[[SupportText, random.Random], str | None]] = {
    "longer texts": _longer,
    "another domain": _sentences(_OTHER),
    "another language": _sentences(_GERMAN),
    "OCR noise": _noisy,
    "label mix": _one_topic,
    "a label vanishing": _without_money,
    "broken encoding": _broken,
}


def write(folder: Path, documents: int, shifted: int) -> dict[str, Path]:
    """Write the texts as they are, and those of each shift; return the files."""
    files = {"as it is": _write(folder / "as-it-is.jsonl", _plain(0, documents))}
    for number, (name, change) in enumerate(SHIFTS.items(), 1):
        texts = _changed(change, SEED + 1000 * number, shifted)
        files[name] = _write(folder / f"{name.replace(' ', '-')}.jsonl", texts)
    return files


def _plain(first: int, documents: int) -> Iterator[str]:
    for seed in range(first, first + documents // 200):
        yield from (text.text for text in generate(200, SEED + seed))


def _changed(change: Callable[[SupportText, random.Random], str | None], seed: int, wanted: int) -> Iterator[str]:
    chance, found = random.Random(seed), 0
    while found < wanted:
        seed += 1
        for text in generate(200, seed):
            changed = change(text, chance)
            if changed is not None and found < wanted:
                found += 1
                yield changed


def _write(path: Path, texts: Iterator[str]) -> Path:
    lines = (json.dumps({"id": f"{path.stem}-{number}", "text": text}) + "\n" for number, text in enumerate(texts))
    path.write_text("".join(lines), encoding="utf-8")
    return path

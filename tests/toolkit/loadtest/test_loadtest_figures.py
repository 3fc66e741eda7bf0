"""Rules of what the locust files count, and of the shapes that they follow."""

from __future__ import annotations

import itertools
import json
import random
import statistics
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

Load = Callable[[str], ModuleType]


def test_percentiles_are_honest_to_a_hundredth(locust_module: Load) -> None:
    """Against the sorted values themselves, from microseconds to minutes."""
    durations = locust_module("durations")
    chance = random.Random(5)
    values = [chance.lognormvariate(-3, 2) for _ in range(20_000)]
    counted = durations.Durations()
    for value in values:
        counted.add(value)
    ordered = sorted(values)
    for share in (0.5, 0.95, 0.99, 0.999):
        assert counted.at(share) == pytest.approx(ordered[int(share * len(ordered)) - 1], rel=0.01, abs=1e-4)


def test_processes_counts_add_up_to_those_of_one(locust_module: Load) -> None:
    """Percentiles are of all answers together, not averages of averages; counts survive the way through JSON."""
    figures = locust_module("figures")
    whole, parts = figures.StepFigures(), [figures.StepFigures() for _ in range(3)]
    for number in range(300):
        for each in (whole, parts[number % 3]):
            each.arrived(0.001)
            each.end("200" if number % 10 else "429", number / 100, 2, good=bool(number % 10))
    together = figures.StepFigures()
    for part in parts:
        together.merge(figures.StepFigures(json.loads(json.dumps(part.told()))))
    assert together.shown(10.0) == whole.shown(10.0)
    assert together.shown(10.0)["outcomes"] == {"200": 270, "429": 30}
    assert together.shown(10.0)["error_share"] == 0.1
    assert together.shown(10.0)["documents_per_second"] == 54.0


def test_a_dropped_arrival_is_an_error(locust_module: Load) -> None:
    """What could not be sent is no reason to look good."""
    figures = locust_module("figures").StepFigures()
    figures.arrived(0.0)
    figures.end("200", 0.1, 1, good=True)
    figures.drop()
    assert (figures.error_share, figures.in_flight) == (0.5, 0)


def test_what_has_no_answer_is_an_error_as_old_as_it_is(locust_module: Load) -> None:
    """A server that hangs is neither quick nor without failures; processes' counts of it add up."""
    figures = locust_module("figures")
    one = figures.StepFigures()
    for _ in range(4):
        one.arrived(0.0)
    one.end("200", 0.1, 1, good=True)
    one.give_up(35.0)
    two = figures.StepFigures()
    two.merge(figures.StepFigures(json.loads(json.dumps(one.told()))))
    shown = two.shown(10.0)
    assert (shown["failed"], shown["unanswered"], shown["error_share"], two.in_flight) == (3, 3, 0.75, 0)
    assert shown["outcomes"] == {"200": 1, "no answer": 3}
    assert shown["p95"] == pytest.approx(35_000, rel=0.01)


def test_what_a_lost_process_asked_is_no_error(locust_module: Load) -> None:
    """It is not in flight any more, and nobody failed."""
    figures = locust_module("figures")
    one = figures.StepFigures()
    for _ in range(4):
        one.arrived(0.0)
    one.end("200", 0.1, 1, good=True)
    one.lose(3)
    two = figures.StepFigures()
    two.merge(figures.StepFigures(json.loads(json.dumps(one.told()))))
    shown = two.shown(10.0)
    assert (shown["failed"], shown["lost"], shown["error_share"], two.in_flight) == (0, 3, 0.0, 0)


def follow(shape: Any, held: Callable[[Any], bool]) -> list[Any]:  # noqa: ANN401 - a generator of steps
    """Return all steps of a shape, whose fate `held` decides."""
    steps = [next(shape)]
    while True:
        try:
            steps.append(shape.send(held(steps[-1])))
        except StopIteration:
            return steps


@pytest.mark.parametrize("breaking", [0.4, 3.0, 41.0, 900.0])
def test_a_ramp_finds_the_breaking_point(locust_module: Load, breaking: float) -> None:
    """Within a tenth, in a few steps, wherever it begins; what held last is below what broke first."""
    steps = follow(locust_module("shapes").ramp(5.0, 10.0), lambda step: step.rate <= breaking)
    assert steps[0].warm_up
    held = max(step.rate for step in steps if step.rate <= breaking)
    assert 0.9 * breaking <= held <= breaking
    assert len(steps) < 30


def test_a_ramp_over_a_server_that_keeps_nothing_ends(locust_module: Load) -> None:
    """It does not look for ever."""
    assert len(follow(locust_module("shapes").ramp(5.0, 10.0), lambda _: False)) < 20


def test_shapes_last_as_long_as_they_are_told(locust_module: Load) -> None:
    """A spike goes to five times the rate and back, a soak has ten parts."""
    shapes = locust_module("shapes")
    for name in ("steady", "spike", "soak"):
        assert sum(step.seconds for step in follow(shapes.SHAPES[name](4.0, 60.0), bool)) == pytest.approx(60)
    assert [step.rate for step in follow(shapes.spike(4.0, 60.0), bool)] == [4.0, 20.0, 4.0]


def test_limits_name_what_broke(locust_module: Load) -> None:
    """Without a limit of time, a queue that grows breaks a step all the same."""
    limits = locust_module("shapes").Limits.parse("p95=200, errors=0.02")
    fine = {"p95": 150.0, "error_share": 0.01, "seconds": 10.0}
    assert limits.broken(fine) == []
    assert limits.broken({**fine, "p95": 250.0}) == ["p95 250 > 200"]
    assert limits.broken({**fine, "error_share": 0.5}) == ["errors 0.5 > 0.02"]
    (behind,) = locust_module("shapes").Limits.parse("").broken({**fine, "p95": 1500.0})
    assert behind.startswith("falls behind")
    with pytest.raises(ValueError, match="p96"):
        locust_module("shapes").Limits.parse("p96=1")


def test_made_up_texts_have_the_lengths_that_were_asked_for(locust_module: Load) -> None:
    """The median is that of the words; the same seed gives the same texts."""
    payloads = locust_module("payloads")
    texts = list(itertools.islice(payloads.made_up(70, 0.75, 3), 2000))
    lengths = [len(text.split()) for text in texts]
    assert 63 < statistics.median(lengths) < 77
    assert max(lengths) > 300
    assert texts == list(itertools.islice(payloads.made_up(70, 0.75, 3), 2000))


def test_texts_of_the_users_own_are_all_sent(locust_module: Load, tmp_path: Path) -> None:
    """Lines of JSON by their field, other lines as they are; each once before any comes twice."""
    payloads = locust_module("payloads")
    file = tmp_path / "texts"
    file.write_text('{"body": "eins"}\nzwei\n\n{"body": "drei", "text": "no"}\n', encoding="utf-8")
    assert payloads.read(str(file), "body") == ["eins", "zwei", "drei"]
    bodies = payloads.Payloads(["eins", "zwei", "drei"], 1, 0.0, 3, 0, ["ents"])
    body, count = bodies.next()
    assert (sorted(json.loads(body)["texts"]), count) == (["drei", "eins", "zwei"], 3)
    assert json.loads(body)["annotations"] == ["ents"]
    file.write_text('{"text": "no"}\n', encoding="utf-8")
    with pytest.raises(SystemExit, match="body"):
        payloads.read(str(file), "body")
    for name, content in (("a.csv", "body\neins\n"), ("a.jsonl", "eins\n"), ("b.jsonl", "7\n")):
        (tmp_path / name).write_text(content, encoding="utf-8")
        with pytest.raises(SystemExit, match="JSON"):
            payloads.read(str(tmp_path / name), "body")

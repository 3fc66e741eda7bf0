"""Rules of sizes and prices."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.faults import command
from tests.toolkit.config import projects

from nimbus import quoting
from nimbus.config import load
from nimbus.quote import choose, prices, shown
from nimbus.quote.choose import Memory, TaskSize
from nimbus.quote.quote import Measured, quote
from nimbus_runtime.contract import codec
from nimbus_runtime.contract.errors import UsageError

TABLE = prices.read()


def measured(speed: float = 10.0, process_mb: float = 350.0) -> Measured:
    """Return what was measured of one process."""
    return Measured(speed, Memory(0.0, process_mb), "a test")


@pytest.mark.parametrize(
    ("vcpus", "process_mb", "size"),
    [
        (1, 350.0, TaskSize(1, 2)),
        (2, 350.0, TaskSize(2, 4)),
        (2, 1300.0, TaskSize(2, 6)),
        (0.25, 350.0, TaskSize(0.25, 1)),
        (8, 2500.0, TaskSize(8, 40)),
        (0.25, 1500.0, None),
    ],
)
def test_memory_has_twofold_headroom_and_is_one_that_fargate_has(
    vcpus: float, process_mb: float, size: TaskSize | None
) -> None:
    """A process a vCPU; a part of one runs a whole process."""
    assert choose.smallest(vcpus, Memory(0.0, process_mb)) == size


def test_every_size_is_one_that_fargate_takes() -> None:
    """By the rules that Fargate has for pairs of processor and memory."""
    rules = {256: (512, 2048, 0), 512: (1024, 4096, 1024), 1024: (2048, 8192, 1024), 2048: (4096, 16384, 1024)}
    rules |= {4096: (8192, 30720, 1024), 8192: (16384, 61440, 4096), 16384: (32768, 122880, 8192)}
    for process_mb in (100, 333, 900, 2500, 3900):
        for size in choose.all_sizes(Memory(50.0, process_mb)):
            low, high, by = rules[size.cpu_units]
            assert low <= size.memory_mib <= high
            assert by == 0 or (size.memory_mib - low) % by == 0
    with pytest.raises(UsageError, match="no task of Fargate"):
        choose.all_sizes(Memory(0.0, 70_000.0))


def test_a_million_documents_cost_hours_times_prices() -> None:
    """The sum that docs/aws.md does by hand."""
    found = quote(measured(), TABLE, "X86_64")
    best = found.recommended
    assert (best.size, best.architecture) == (TaskSize(2, 4), "X86_64")
    assert best.documents_an_hour == 72_000
    assert best.price_a_million == pytest.approx(1e6 / 10 / 2 / 3600 * (2 * 0.04048 + 4 * 0.004445))
    assert best.spot_price_a_million == pytest.approx(0.3 * best.price_a_million)


def test_a_deadline_says_how_many_tasks() -> None:
    """More tasks take less time and cost the same."""
    one = quote(measured(), TABLE, "X86_64", documents=720_000).finish
    four = quote(measured(), TABLE, "X86_64", documents=720_000, within_hours=3.0).finish
    assert one is not None
    assert four is not None
    assert (one.tasks, one.hours) == (1, 10.0)
    assert (four.tasks, four.hours) == (4, 2.5)
    assert one.price == four.price


def test_what_is_served_has_twofold_headroom_too() -> None:
    """A task of two vCPUs scores 20 a second here: for 30 a second there are 60, so three tasks."""
    serving = quote(measured(), TABLE, "X86_64", rate=30.0).serving
    assert serving is not None
    assert serving.tasks == 3
    assert serving.price_a_month == pytest.approx(3 * 730 * (2 * 0.04048 + 4 * 0.004445))


def test_a_table_of_the_users_own_goes_before_nimbuss(tmp_path: Path) -> None:
    """It begins as what --show-prices writes; its day and currency are shown."""
    table = tmp_path / "prices.json"
    table.write_text(command.nimbus("quote", "--show-prices").out, encoding="utf-8")
    told = json.loads(table.read_text("utf-8"))
    assert prices.read(table) == TABLE
    told |= {"currency": "EUR", "as_of": "2027-01-02"}
    told["architectures"]["X86_64"]["vcpu_hour"] *= 10
    table.write_text(json.dumps(told), encoding="utf-8")
    given = ("--speed", "10", "--memory", "350", "--prices", table)
    done = command.nimbus("quote", *given)
    assert "EUR" in done.out
    assert "2027-01-02" in done.err
    assert command.nimbus("quote", *given, "--json").json["recommended"]["price_a_million"] > 10


@pytest.mark.parametrize("content", ["", "[]", '{"schema_version": 2}', '{"schema_version": 1, "as_of": "x"}'])
def test_a_table_that_is_none_is_refused_in_words(content: str, tmp_path: Path) -> None:
    """With what to begin one with."""
    table = tmp_path / "prices.json"
    table.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match="not a table of prices"):
        prices.read(table)


def test_what_a_run_costs_is_in_the_currency_of_its_table(tmp_path: Path) -> None:
    """An amount goes with its currency wherever it is shown."""
    table = replace(prices.read(), currency="EUR")
    (tmp_path / "prices.json").write_bytes(codec.encode(table))
    amount, currency = quoting.cost_of(load(projects.write(tmp_path, '[prices]\ntable = "prices.json"\n')), 3600)
    assert (amount > 0, currency) == (True, "EUR")


def test_other_processors_are_as_fast_as_somebody_says_and_otherwise_marked() -> None:
    """A speed that was measured on x86 says nothing of ARM; one of ARM is what both are reckoned from."""
    assumed = quote(measured(), TABLE, "X86_64")
    assert [option.assumed for option in assumed.options if option.size == TaskSize(2, 4)] == [False, True]
    assert "speed not measured" in [row[-1] for row in shown.rows(assumed)]
    known = quote(measured(), TABLE, "X86_64", arm_speed=0.5)
    assert [option.documents_an_hour for option in known.options if option.size == TaskSize(2, 4)] == [72_000, 36_000]
    assert "ARM64 is taken to be 0.5 times as fast" in shown.note(known)
    on_arm = quote(replace(measured(), architecture="ARM64"), TABLE, "X86_64", arm_speed=0.5)
    assert on_arm.recommended.documents_an_hour == 144_000


def test_the_rows_mark_what_is_recommended() -> None:
    """One line of all, and the prices' day below them."""
    found = quote(measured(), TABLE, "ARM64")
    rows = shown.rows(found)
    assert [row[0] for row in rows if row[-1] == "recommended"] == ["2 vCPU, 4 GB, ARM64"]
    assert TABLE.as_of in shown.note(found)

"""Rules of what a load test's figures come to."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from pathlib import Path

import pytest

from nimbus import quoting
from nimbus.config.loadtest import BUILT_IN, LoadTest, Profile, Slo, Users
from nimbus.loadtest import command, report
from nimbus.loadtest.result import Measured
from nimbus.loadtest.run import Trial
from nimbus.loadtest.verdict import Outcome, in_words, judge

from .results import result, step

SLO = Slo(p95_ms=200.0, documents_per_second=20.0)
RAMP = (step(1, 5.0), step(2, 20.0), step(3, 60.0, "p95 900 > 200", p95=900.0), step(4, 41.0))


def test_a_ramp_is_judged_by_the_last_step_that_held() -> None:
    """In words that people repeat."""
    judged = judge(result(*RAMP), SLO)
    assert judged.outcome is Outcome.OK
    assert judged.saturation is not None
    assert (judged.saturation.rate, judged.saturation.broke_at) == (41.0, 60.0)
    assert in_words(result(*RAMP), judged, SLO) == "41 documents/s at p95 ≤ 200 ms on 1 vCPU"


@pytest.mark.parametrize(
    ("slo", "reason"),
    [
        (Slo(p50_ms=30.0), "p50 is 40 ms, the SLO 30 ms"),
        (Slo(p99_ms=100.0), "p99 is 180 ms, the SLO 100 ms"),
        (Slo(documents_per_second=50.0), "41.0 documents/s, the SLO is 50.0"),
        (Slo(memory_mb=300.0), "310 MB of memory, the SLO is 300 MB"),
    ],
)
def test_each_limit_is_missed_by_name(slo: Slo, reason: str) -> None:
    """What it was, and what it should have been."""
    judged = judge(result(*RAMP), slo)
    assert (judged.outcome, judged.reasons) == (Outcome.MISSED, (reason,))


def test_errors_and_silence_miss_the_slo() -> None:
    """A server that refuses everything at once is not fast."""
    failing = judge(result(shape="steady", error_share=0.2), Slo())
    assert failing.reasons == ("20 % of the requests failed, the SLO is 1 %",)
    silent = judge(result(shape="steady", finished=0, p50=None, p95=None, p99=None), Slo())
    assert silent.reasons == ("nothing was answered",)
    assert judge(result(step(1, 5.0), step(2, 5.0, "errors 1 > 0.01")), Slo()).outcome is Outcome.MISSED


def test_runs_have_a_limit_of_their_own() -> None:
    """What a request may take is no measure of a run."""
    runs = replace(result(shape="steady", p95=30_000.0), users=("BatchUser",))
    assert judge(runs, Slo(p95_ms=200.0, run_seconds=60.0)).outcome is Outcome.OK
    assert in_words(runs, judge(runs, Slo()), Slo()) == "100 runs, 95 % published within 30 s, 10 documents/s"
    assert judge(runs, Slo(run_seconds=20.0)).reasons == ("95 % of the runs took up to 30.0 s, the SLO is 20.0 s",)
    assert command.limits(Slo(p95_ms=200.0, run_seconds=20.0), Users.BATCH) == "p95=20000,errors=0.01"


def test_a_target_that_tells_nothing_cannot_keep_a_limit_of_memory() -> None:
    """An unknown figure is no kept one."""
    unknown = result(shape="steady", target=Measured("http://x"))
    assert judge(unknown, Slo(memory_mb=300.0)).outcome is Outcome.MISSED
    assert judge(unknown, Slo()).outcome is Outcome.OK
    runs = replace(unknown, users=("BatchUser",))  # nobody could ever tell it: that is said beforehand
    assert judge(runs, Slo(memory_mb=300.0)).outcome is Outcome.OK


def test_a_generator_that_was_late_says_nothing_of_the_server() -> None:
    """Its own lateness is in the figures, so they are not the server's."""
    judged = judge(result(shape="steady", lag_p99=170.0), Slo())
    assert judged.outcome is Outcome.UNSOUND
    assert "170 ms late" in judged.reasons[0]
    assert judge(result(shape="steady", lag_p99=15.0), Slo()).outcome is Outcome.OK


def test_a_degraded_server_says_nothing_of_the_release() -> None:
    """It had fewer workers than it should: whatever it kept or missed, no evidence and no price go by it."""
    degraded = Measured("http://x", 2.0, "r", "b" * 64, 6e8, 2.0, degraded=0.25)
    judged = judge(result(*RAMP, target=degraded), SLO)
    assert judged.outcome is Outcome.UNSOUND
    assert judged.reasons == ("the server was degraded 25 % of the time: a worker of it could not be started",)
    tested = Trial("ramp", SLO, result(*RAMP, target=degraded), judged, "")
    assert quoting.measured_by(tested) is None
    assert escape(judged.reasons[0]) in report.page(tested, "2026-11-26T12:00:00Z")


def test_where_everything_failed_no_time_is_told() -> None:
    """Neither in words nor on the page."""
    nothing = {"p50": None, "p95": None, "p99": None, "p999": None, "max": None, "documents": 0}
    failed = result(shape="steady", failed=100, error_share=1.0, outcomes={"401": 100}, **nothing)
    judged = judge(failed, SLO)
    assert judged.outcome is Outcome.MISSED
    words = in_words(failed, judged, SLO)
    assert words == "none of 100 requests was answered as it should be on 1 vCPU"


def test_a_generator_that_lost_a_process_says_nothing_of_the_server() -> None:
    """Neither good nor bad, whatever the others saw; and no price goes by it."""
    lost = replace(result(*RAMP, lost=7), processes=2, lost_processes=1)
    judged = judge(lost, SLO)
    assert judged.outcome is Outcome.UNSOUND
    assert judged.reasons[0].startswith("1 of 2 processes that made the load ended")
    assert judged.reasons[0].endswith("what 7 requests of theirs came to nobody heard")
    assert quoting.measured_by(Trial("ramp", SLO, lost, judged, "")) is None


def test_a_ramp_that_its_generator_ended_says_at_least() -> None:
    """What held did hold; that it broke says nothing of the server, so no limit is missed by it."""
    late = (step(1, 5.0), step(2, 20.0), step(3, 60.0, "p95 300 > 200", p95=300.0, p99=310.0, lag_p99=290.0))
    judged = judge(result(*late), SLO)
    assert judged.outcome is Outcome.OK
    assert in_words(result(*late), judged, SLO) == "at least 20 documents/s at p95 ≤ 200 ms on 1 vCPU"
    more = judge(result(*late), replace(SLO, documents_per_second=30.0))
    assert more.outcome is Outcome.UNSOUND
    tested = Trial("ramp", SLO, result(*late), judged, "")
    assert quoting.measured_by(tested) is None


def test_a_ramp_breaks_above_what_it_held() -> None:
    """A first step that broke on a server not warm yet is below what was kept later."""
    judged = judge(result(step(1, 5.0), step(2, 10.0, "p95"), step(3, 8.0), step(4, 12.0), step(5, 19.0, "x")), SLO)
    assert judged.saturation is not None
    assert (judged.saturation.rate, judged.saturation.broke_at) == (12.0, 19.0)


def test_speed_and_memory_are_those_of_workers() -> None:
    """Two workers on sixteen processors keep two of them busy; four on two share them."""
    idle = Measured("http://x", 16.0, "r", "b" * 64, 6e8, 2.0)
    judged = judge(result(*RAMP, target=idle), SLO)
    assert in_words(result(*RAMP, target=idle), judged, SLO).endswith("on 2 vCPU")
    measured = quoting.measured_by(Trial("ramp", SLO, result(*RAMP, target=idle), judged, ""))
    assert measured is not None
    assert (measured.documents_per_second, measured.memory.process_mb) == (20.5, 300.0)
    crowded = replace(idle, cpus=2.0, workers=4.0)
    measured = quoting.measured_by(Trial("ramp", SLO, result(*RAMP, target=crowded), judged, ""))
    assert measured is not None
    assert (measured.documents_per_second, measured.memory.process_mb) == (20.5, 150.0)


def test_what_scored_nothing_has_no_price() -> None:
    """A step without a document that held is no speed."""
    nothing = replace(step(2, 20.0), documents_per_second=0.0)
    judged = judge(result(nothing), Slo())
    assert quoting.measured_by(Trial("ramp", Slo(), result(nothing), judged, "")) is None


def test_the_page_needs_nothing_else_and_escapes_what_it_shows() -> None:
    """No script, no address to load from; a server's own words cannot steer it."""
    evil = Measured("http://127.0.0.1:1", 1.0, "<script>alert(1)</script>", "b" * 64, 3e8)
    measured = result(*RAMP, target=evil, outcomes={"200": 1, "<b>": 2})
    judged = judge(measured, SLO)
    tested = Trial("night", SLO, measured, judged, in_words(measured, judged, SLO))
    page = report.page(tested, "2026-11-26T12:00:00Z", [("task",), ("<i>",)], "as of")
    assert "<script" not in page
    assert "<b>2" not in page
    assert "src=" not in page
    assert "href=" not in page
    for shown in ("41 documents/s", "p99.9", "polyline", "p95 900 &gt; 200", "&lt;i&gt;"):
        assert shown in page


def test_a_profile_is_locusts_arguments() -> None:
    """The key is not among them: lists of processes show arguments."""
    settings = LoadTest(slo=SLO, texts=4, words=20)
    load = command.Load(Profile(processes=3), settings, "http://127.0.0.1:9")
    told = command.arguments(load, result=Path("r"), figures="f", locustfile=Path("l"), port=7)
    assert told[:3] == ["-f", "l", "ArrivalUser"]
    for name, value in {"--limits": "p95=200,errors=0.01", "--processes": "3", "--texts": "4", "--words": "20"}.items():
        assert told[told.index(name) + 1] == value
    batch = replace(load, profile=BUILT_IN["batch"], submit=("nimbus", "run", "a b"))
    told = command.arguments(batch, result=Path("r"), figures="f", locustfile=Path("l"), port=7)
    assert told[told.index("--submit") + 1] == "nimbus run 'a b'"


def test_a_profile_that_nobody_describes_is_refused() -> None:
    """With the names of those that there are."""
    own = LoadTest(profiles={"night": Profile(users=Users.BATCH)}, profile="night")
    assert own.chosen().users is Users.BATCH
    with pytest.raises(ValueError, match="ramp, steady, spike, soak, batch, night"):
        own.chosen("nihgt")

"""A made-up environment: an answer to every question that screens ask, with a clock that stands."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from copy import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from nimbus.drift.history import Point
from nimbus.executions import Alarm, AlarmState, Line
from nimbus.releases.canary import Shared, Status
from nimbus.releases.diff import Difference
from nimbus.releases.history import Change
from nimbus.releases.show import Shown
from nimbus.runs.overview import Overview, Standing
from nimbus.runs.shards import Shard, Shards
from nimbus_runtime.contract.annotations import Annotation
from nimbus_runtime.contract.drift import Level
from nimbus_runtime.contract.errors import NimbusError
from nimbus_runtime.contract.inputs import Fields
from nimbus_runtime.contract.records import (
    CanaryRule,
    CanaryVerdict,
    Candidate,
    Counts,
    Duplicates,
    Entry,
    Evidence,
    Job,
    Live,
    OutputFormat,
    Release,
    Run,
)
from nimbus_tui.api import drift, infrastructure, loadtests, overview, preflight, releases, runs
from nimbus_tui.api.attention import attention
from nimbus_tui.api.glance import Environments, Glance, LookAround, WhichEnvironments
from nimbus_tui.api.log import WhatWasDone
from nimbus_tui.api.proposals import Done, Proposal, Way
from nimbus_tui.api.questions import Question
from nimbus_tui.api.session import Logged, Session
from nimbus_tui.api.verbs import Verb

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
NEW, LIVE, OLD = (f"en_support-{name}" for name in ("2.2.0-5d0c9be1f7a3", "2.1.0-9c41f2ab77e0", "2.0.3-91bc03fe6d12"))
NAMES = ("20261127T020000Z", "20261126T020000Z", "20261125T020000Z", "20261124T020000Z", "20261123T020000Z")
ENVIRONMENTS = (
    ("local", "local  .nimbus/local"),
    ("staging", "aws  infra/staging"),
    ("production", "aws  infra/production  protected"),
)
RUNS = (
    Overview(
        NAMES[0], Standing.RUNNING, "scheduled", "2026-11-27T02:00:00Z", LIVE, "daily-20261127",
        started="2026-11-27T09:12:00+00:00", shards=24, shards_done=9, documents=312_501, quarantined=124,
        reasons={"missing-text": 97, "wrong-type": 21, "too-long": 6}, documents_a_second=1212.5, eta=485.0,
        worker_seconds=2147.0,
    ),
    Overview(
        NAMES[1], Standing.PUBLISHED, "scheduled", "2026-11-26T02:00:00Z", LIVE, "daily-20261126",
        started="2026-11-26T02:00:09+00:00", ended="2026-11-26T02:11:41+00:00", shards=24, shards_done=24,
        documents=834_120, quarantined=310, reasons={"missing-text": 310}, documents_a_second=1204.0,
        worker_seconds=5391.0,
    ),
    Overview(
        NAMES[2], Standing.FAILED, "scheduled", "2026-11-25T02:00:00Z", LIVE, "daily-20261125", attempt=2,
        started="2026-11-25T02:00:07+00:00", ended="2026-11-25T02:07:30+00:00", shards=24, shards_done=17,
        documents=520_072, documents_a_second=1150.0, error="a worker ran out of memory (shard 18 of 24)",
    ),
    Overview(
        NAMES[3], Standing.FINISHED, "scheduled", "2026-11-24T02:00:00Z", OLD, "daily-20261124",
        started="2026-11-24T02:00:11+00:00", ended="2026-11-24T02:13:02+00:00", shards=22, shards_done=22,
        documents=801_344, quarantined=12, documents_a_second=1039.0, worker_seconds=6120.0,
    ),
    Overview(
        NAMES[4], Standing.CANCELLED, "manual", "2026-11-23T02:00:00Z", OLD, "by-hand-1",
        started="2026-11-23T10:20:00+00:00", ended="2026-11-23T10:21:10+00:00", shards=22, shards_done=2,
        documents=70_110, documents_a_second=998.0,
    ),
)  # fmt: skip


def _state(sequence: int, action: str, time_: str, release: str, reason: str = "", actor: str = "ada") -> Live:
    return Live(
        sequence,
        Entry(action, actor, time_, reason, f"attempt-{sequence}"),
        release,
        previous=OLD if release == LIVE else None,
        dataset=NAMES[1] if release == LIVE else NAMES[3],
        datasets={LIVE: NAMES[1], OLD: NAMES[3]},
        epoch=3,
    )


PRESENT = Live(
    41,
    Entry("canary", "ada", "2026-11-27T08:05:00+00:00", "try the new labels", "attempt-41"),
    LIVE,
    previous=OLD,
    candidate=Candidate(NEW, 25),
    dataset=NAMES[1],
    datasets={LIVE: NAMES[1], OLD: NAMES[3]},
    epoch=3,
)
CHANGES = (
    Change(PRESENT, (Difference("candidate", "none", f"{NEW} at 25 %"),)),
    Change(
        _state(40, "publish", "2026-11-26T02:11:44+00:00", LIVE, actor="schedule"),
        (Difference("dataset", NAMES[3], NAMES[1]),),
    ),
    Change(
        _state(39, "promote", "2026-11-24T15:40:00+00:00", LIVE, "fewer false alarms on invoices"),
        (Difference("release", OLD, LIVE),),
    ),
    Change(
        _state(38, "publish", "2026-11-24T02:13:05+00:00", OLD, actor="schedule"),
        (Difference("dataset", "none", NAMES[3]),),
    ),
    Change(_state(37, "rollback", "2026-11-21T18:02:00+00:00", OLD, "labels were wrong", "grace"), ()),
    Change(_state(36, "pause", "2026-11-20T07:00:00+00:00", OLD, "inputs are moved", "grace"), ()),
)
_JOB = Job(("s3://acme/texts/*.jsonl",), Fields("text", "id"), (Annotation.ENTS,), OutputFormat.PARQUET, 0.01)


def _release(name: str, version: str, labels: tuple[str, ...], precision: str) -> Release:
    return Release(
        release=name,
        bundle_digest=name.rsplit("-", 1)[1] * 5 + "abcd",
        pipeline="en_support",
        pipeline_version=version,
        task_definition="arn:aws:ecs:eu-west-1:123456789012:task-definition/support-release:17",
        job=_JOB,
        image="123456789012.dkr.ecr.eu-west-1.amazonaws.com/support@sha256:5f0f5e6a",
        precision=precision,
        labels={"ner": labels, "textcat": ("complaint", "praise", "question")},
        size=94_371_840,
    )


_RELEASES = {
    NEW: _release(NEW, "2.2.0", ("INVOICE", "ORDER", "PERSON", "PRODUCT"), "int8"),
    LIVE: _release(LIVE, "2.1.0", ("INVOICE", "ORDER", "PERSON"), "int8"),
    OLD: _release(OLD, "2.0.3", ("INVOICE", "ORDER", "PERSON"), "fp32"),
}
DIFFERENCES = (
    Difference("pipeline_version", "2.1.0", "2.0.3"),
    Difference("precision", "int8", "fp32"),
    Difference("labels.ner", "INVOICE, ORDER, PERSON, PRODUCT and 14 more", "INVOICE, ORDER, PERSON"),
)
_DATASET = Run(
    NAMES[1], LIVE, "d" * 64, 3, "2026-11-26T02:00:00Z", "2026-11-26T02:11:41+00:00", OutputFormat.PARQUET, (), (), (),
    (), Counts(834_120, 833_810, 310, 91_000_000, 18_000_000), Duplicates(),
)  # fmt: skip
_EVIDENCE = (
    Evidence(LIVE, "preflight", "2026-11-24T15:31:00+00:00", "ada", "ok"),
    Evidence(LIVE, "shadow", "2026-11-24T15:38:00+00:00", "ada", "promote"),
    Evidence(LIVE, "loadtest", "2026-11-24T16:10:00+00:00", "ada", "missed"),
    Evidence(LIVE, "drift", "2026-11-26T02:12:00+00:00", "schedule", "visible"),
)
_DRIFTED = Evidence(LIVE, "drift", "2026-11-26T02:12:00+00:00", "", "material")
_ROLES = {NEW: "candidate", LIVE: "live", OLD: "previous"}
CANARY = Status(
    LIVE,
    PRESENT.candidate,
    PRESENT.entry,
    None,
    (
        Shared(
            NAMES[0], NEW, 25, 6, 24,
            CanaryVerdict(
                NAMES[0], NEW, 25, True, "", "2026-11-27T09:20:00+00:00", 6, 78_000,  # noqa: FBT003 - as the record has it
                (
                    CanaryRule("quarantine", 0.0006, 0.0004, 0.0104, True, ""),  # noqa: FBT003 - as above
                    CanaryRule("slowdown", 1.1, 1.0, 2.0, True, ""),  # noqa: FBT003 - as above
                ),
            ),
            False,  # noqa: FBT003 - as above
        ),
    ),
)  # fmt: skip
PLAN = infrastructure.Plan(
    (
        infrastructure.Resource(
            "module.pipeline", "aws_ecs_task_definition.template", "replace",
            (("memory", "4096", "8192"), ("cpu", "1024", "2048")),
        ),
        infrastructure.Resource(
            "module.pipeline", "aws_s3_bucket_policy.this", "update",
            (("policy", '{"Statement": […]}', '{"Statement": […, {"Effect": "Deny"}]}'),),
            outside=True,
        ),
        infrastructure.Resource("module.observability", 'aws_cloudwatch_metric_alarm.this["drift"]', "create"),
        infrastructure.Resource("module.observability", "aws_sns_topic_subscription.mail", "delete"),
    ),
    (("create", 1), ("change", 1), ("replace", 1), ("destroy", 1)),
    "2026-11-27T09:29:00+00:00",
)  # fmt: skip
_OUTPUTS = (
    ("region", "eu-west-1"),
    ("root", "s3://acme-nimbus-production/support"),
    ("repository", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/support"),
    ("cluster", "arn:aws:ecs:eu-west-1:123456789012:cluster/nimbus"),
    ("task_template", "support-template"),
    ("state_machine", "arn:aws:states:eu-west-1:123456789012:stateMachine:support"),
    ("schedule", "nimbus/support"),
    ("log_group", "/nimbus/support"),
)
_LENGTHS = drift.Plot((0.0, 50.0, 100.0, 200.0, 400.0, 800.0, 1600.0, 3200.0), (), (0.05, 0.2, 0.4, 0.2, 0.1, 0.05, 0.0), (0.02, 0.1, 0.25, 0.3, 0.2, 0.1, 0.03))  # fmt: skip  # noqa: E501 - a table
_MIX = drift.Plot((), ("INVOICE", "ORDER", "PERSON"), (0.5, 0.3, 0.2), (0.2, 0.5, 0.3))


def _feature(name: str, level: str, ratio: float, change: str, plot: drift.Plot | None) -> drift.Feature:
    kind = "category" if plot is _MIX else "number"
    effect = ratio * 0.15
    return drift.Feature(
        name, name, level, kind, effect, effect - 0.02, effect + 0.02, 0.15, ratio, 0.0004, 50_000, 48_000, change, plot
    )


REPORT = drift.Report(
    "material", "Material drift: labels of ner", NAMES[1], "en_support-2.1.0 dev set", NAMES[2], 48_000,
    (
        _feature("labels of ner", "material", 1.9, "INVOICE 50 % → 20 %", _MIX),
        _feature("length in characters", "visible", 0.8, "median 181 → 240", _LENGTHS),
        _feature("share of unknown words", "none", 0.2, "1.2 % → 1.3 %", None),
        _feature("confidence of textcat", "none", 0.1, "median 0.91 → 0.90", _LENGTHS),
        _feature("vectors", "insufficient data", 0.0, "41 sampled", None),
    ),
    (("ticket-88123", "INVOICE in 1 of 9; 4,012 characters"), ("ticket-88164", "no INVOICE where 3 were usual")),
    ("Annotate a sample: nimbus drift export", "Where it is meant, make a new baseline: nimbus drift baseline"),
    ("Shards of the canary are left out.", "Compared with Thursdays (Europe/Berlin) only."),
)  # fmt: skip
PAST = drift.Past(
    tuple(
        Point(f"202611{day:02d}T020000Z", f"2026-11-{day:02d}T02:00:00Z", LIVE, "dev set", level, ratio)
        for day, level, ratio in (
            (20, Level.NONE, 0.2), (21, Level.NONE, 0.1), (22, Level.NONE, 0.3), (23, Level.INSUFFICIENT, 0.0),
            (24, Level.VISIBLE, 0.7), (25, Level.VISIBLE, 0.8), (26, Level.MATERIAL, 1.9),
        )
    ),
    (drift.Kept("en_support-2.1.0 dev set", LIVE, "dev set", "2026-11-24T15:45:00+00:00", 50_000),),
)  # fmt: skip
CHECKED = preflight.Checked(
    (
        preflight.Check("pipeline", "opens", "ok", "en_support 2.1.0, 3 components"),
        preflight.Check("pipeline", "compiles", "ok", "bundle 9c41f2ab77e0, 94.4 MB"),
        preflight.Check("input", "schema", "ok", "text and id in the first 200 records"),
        preflight.Check("input", "readable", "failed", "s3://acme/texts refuses GetObject",
                        "let the task role read acme/texts, then press n"),
        preflight.Check("cloud", "image", "ok", "sha256:5f0f5e6a in support"),
        preflight.Check("cloud", "quota", "skipped", "the role may not ask for quotas"),
    ),
    "2026-11-24T15:31:00+00:00",
    LIVE,
)  # fmt: skip
_SECONDS = tuple(
    loadtests.Second(float(n), 1 + n // 10, 4.0 + n // 10, 60.0 + 3 * (n % 7), 18.0 + n % 5, 41.0 + 2 * (n % 9),
                     66.0 + 3 * (n % 11), int(n == 19), 1 + n % 3)
    for n in range(30)
)  # fmt: skip
LOADS = loadtests.Known(
    (
        loadtests.Profile("steady", "steady", "http", 20.0, 60.0, chosen=True),
        loadtests.Profile("ramp", "ramp", "http", 5.0, 30.0, chosen=False),
        loadtests.Profile("spike", "spike", "http", 80.0, 45.0, chosen=False),
        loadtests.Profile("batch", "steady", "batch", 2.0, 120.0, chosen=False),
    ),
    (("p95", "50 ms"), ("error share", "0.01")),
    (
        loadtests.Result(NEW, "2026-11-27T08:20:00+00:00", "ok", "steady", "kept: p95 41 ms of 50 ms", (), 88.2, 19.0,
                         41.0, 58.0, 0.0, 812e6),
        loadtests.Result(LIVE, "2026-11-24T16:10:00+00:00", "missed", "steady", "missed: p95 63 ms of 50 ms",
                         ("p95 63 ms of 50 ms",), 74.9, 24.0, 63.0, 91.0, 0.0, 840e6),
        loadtests.Result(OLD, "2026-11-20T09:00:00+00:00", "unsound", "ramp", "the generator was behind", (), 41.0,
                         44.0, 180.0, 390.0, 0.021, 1.2e9),
    ),
    "going",
    "load test steady",
    _SECONDS,
    (),
)  # fmt: skip
ASIDE = tuple(
    runs.SetAside(f"ticket-{88_000 + 7 * n}", f"s3://acme/texts/part-{n % 4}.jsonl", 31 * n, reason, detail)
    for n in range(40)
    for reason, detail in ((("missing-text", "no field text"), ("wrong-type", "text is a number"))[n % 2],)
)
SHARDS = Shards(
    NAMES[0], 24, frozenset(range(9)),
    {
        n: Shard(n, f"part-{n // 6}.jsonl", (n * 8_000_000, (n + 1) * 8_000_000), NEW if n % 4 == 0 else LIVE,
                 *((34_722, 13 + n, 28.5 + n) if n < 9 else ()))
        for n in range(24)
    },
)  # fmt: skip
ALARMS = (
    Alarm("drift", AlarmState.RAISED, "2026-11-26T02:13:00+00:00", "a run's data has drifted"),
    Alarm("run-failed", AlarmState.QUIET, "2026-11-26T02:13:00+00:00", "a run has failed"),
    Alarm("late", AlarmState.UNKNOWN, "2026-11-20T02:13:00+00:00", "no run has published for a day"),
)
GUIDE = """\
A run's documents or predictions differ from those of its baseline. `nimbus drift report` shows by how much, and which
documents drive it.
1. The source has changed: tell who writes it.
2. It began with the release: `nimbus rollback` takes it back.
"""
_BASE = 1_795_770_720_000  # milliseconds; 2026-11-27T09:12:00Z
SAID = tuple(
    Line(_BASE + 1_500 * n, f"worker-{n % 3}", words)
    for n, words in enumerate(
        [
            "planned 24 shards of 4 inputs",
            '{"level": "info", "time": "x", "message": "committed", "shard": 1, "documents": 34722, "seconds": 28.6}',
            '{"level": "warning", "message": "memory is at 91 % of the task", "shard": 2}',
            '{"level": "error", "message": "the worker was interrupted", "cause": "Spot"}',
            "shard 3 begins again on another worker",
            *(f'{{"level": "info", "message": "committed", "shard": {n}}}' for n in range(3, 30)),
        ]
    )
)
ROLLBACK = Proposal(
    title="Roll back in production",
    verb="Roll back",
    command=("nimbus", "rollback", "--env", "production"),
    perform=lambda _reason: Done("Rolled back."),
    facts=(
        ("environment", "production · eu-west-1"),
        ("from", LIVE),
        ("to", OLD),
        ("data", f"{NAMES[3]}: 801,332 documents, 3 d ago"),
    ),
    differences=(
        (
            "What readers and the next run notice",
            (Difference("release", LIVE, OLD), Difference("dataset", NAMES[1], NAMES[3])),
        ),
        ("The releases", DIFFERENCES),
    ),
    typed="production",
    reasoned=True,
    ways=(Way("d", "takes the release alone back; the data stays", releases.WhatRollback(keep_data=True)),),
)
DEPLOYMENT = Proposal(
    title="Deploy support to production",
    verb="Deploy",
    command=("nimbus", "deploy", "--confirm", "production"),
    perform=Verb("deploy to production", ("nimbus", "deploy", "--confirm", "production")),
    facts=(
        ("pipeline", "training/en_support"),
        ("", ""),
        ("compile", "done  bundle 9c41f2ab77e0"),
        ("image", "to do  build and push"),
        ("preflight", "to do"),
        ("register", "to do"),
        ("shadow", "to do  1,000 documents of the live run"),
        ("gate", "to do"),
        ("promote", "to do"),
    ),
    warning="What changes is known once it is in place.",
    typed="production",
    dangerous=False,
    reasoned=True,
    ways=(
        Way("g", "leaves out shadow and gate", releases.WhatDeployment(judged=False)),
        Way("o", "registers a candidate only; what is live stays", releases.WhatDeployment(promoted=False)),
    ),
)
ANSWERS: dict[type, object] = {
    LookAround: Glance(
        "support", "production", "eu-west-1", True, PRESENT, "bad", "material drift"  # noqa: FBT003 - as the record has it
    ),
    WhichEnvironments: Environments("production", ENVIRONMENTS),
    overview.HowItIs: overview.State(
        PRESENT,
        Shown(_RELEASES[LIVE], "live", None, _EVIDENCE, ("2026-11-24T15:40:00+00:00",), _DATASET, ()),
        RUNS,
        CHANGES,
        overview.Timing(
            "cron(0 2 * * ? *)", "Europe/Berlin",
            (datetime(2026, 11, 28, 2, tzinfo=BERLIN), datetime(2026, 11, 29, 2, tzinfo=BERLIN)),
        ),
        attention(PRESENT, RUNS[2:], evidence=(_DRIFTED,), alarms=ALARMS),
        ALARMS,
    ),
    overview.WhatToDo: GUIDE,
    releases.WhichReleases: releases.Releases(PRESENT, CHANGES, tuple(_RELEASES)),
    releases.HowCanary: CANARY,
    releases.HowDiffer: DIFFERENCES,
    releases.WhatRollback: ROLLBACK,
    releases.WhatDeployment: DEPLOYMENT,
    runs.WhichRuns: runs.Listed(NAMES, {run.run: run for run in RUNS}, price=0.000_011),
    runs.WhichShards: SHARDS,
    runs.WhatQuoted: runs.Quoted(0.0058, "load test of 24 Nov"),
    runs.WhatWasSetAside: ASIDE,
    runs.WhatWasSaid: SAID,
    drift.HowItDrifted: PAST,
    drift.WhatDrifted: REPORT,
    loadtests.HowLoadTests: LOADS,
    infrastructure.WhatStands: infrastructure.Standing(
        "production", "aws", _OUTPUTS[1][1], "eu-west-1", _OUTPUTS, ("staging", "production")
    ),
    infrastructure.WhatWouldChange: PLAN,
    infrastructure.HowApplied: None,
    preflight.WhatWasChecked: CHECKED,
    preflight.CouldItBeDeployed: CHECKED,
    WhatWasDone: (
        Logged("2026-11-27T09:21:07+00:00", ("nimbus", "rollback", "--env", "staging"), "Rolled back in 0.21 s."),
        Logged("2026-11-27T09:12:31+00:00", ("nimbus", "infra", "plan", "--env", "staging"), "planned", "dim"),
        Logged("2026-11-27T08:59:02+00:00", ("nimbus", "deploy", "--yes"), "ended with code 1", "bad"),
    ),
}  # fmt: skip
NOTHING: dict[type, object] = {
    LookAround: Glance("support", "local", None, False, None, "dim", "nothing live yet"),  # noqa: FBT003 - as above
    WhichEnvironments: Environments("local", ENVIRONMENTS[:1]),
    overview.HowItIs: overview.State(None, None, (), (), None, attention(None, ())),
    releases.WhichReleases: releases.Releases(None, (), ()),
    runs.WhichRuns: runs.Listed((), {}),
    drift.HowItDrifted: drift.Past((), ()),
    loadtests.HowLoadTests: loadtests.Known(LOADS.profiles, (), (), None, "", (), ()),
    infrastructure.WhatStands: infrastructure.Standing("local", "local", ".nimbus/local", None, (), ("staging",)),
    preflight.WhatWasChecked: None,
    WhatWasDone: (),
}
REFUSED = NimbusError(
    "the role may not read this bucket",
    where="s3://acme-nimbus-production/support/live.json",
    got="AccessDenied",
    expected="s3:GetObject for arn:aws:iam::123456789012:role/release",
    remedy="sign in with a role that may, or ask the platform team to add this one",
)


class MadeUp(Session):
    """A session whose clock stands and whose answers are given; a question without one is refused."""

    answers: Mapping[type, object] = ANSWERS
    refusal: NimbusError = REFUSED

    @property
    def now(self) -> datetime:
        """Return the same time always."""
        return NOW

    def answer(self, question: Question[Any]) -> Any:  # noqa: ANN401 - any question's
        """Return what was made up."""
        if isinstance(question, releases.WhatOf) and releases.WhichReleases in self.answers:
            name = question.name if question.name in _RELEASES else LIVE
            against = () if name == LIVE else DIFFERENCES
            return Shown(
                _RELEASES[name], _ROLES[name], None, _EVIDENCE, ("2026-11-24T15:40:00+00:00",), _DATASET, against
            )
        if type(question) not in self.answers:
            raise copy(self.refusal)  # a failure that is raised keeps where it came from
        return self.answers[type(question)]


class Withheld(MadeUp):
    """A session whose answers are on their way until `given` is set."""

    def answer(self, question: Question[Any]) -> Any:  # noqa: ANN401 - any question's
        """Wait, then answer."""
        assert self.given.wait(300.0)
        return super().answer(question)

    @property
    def given(self) -> threading.Event:
        """Return what is waited for."""
        event: threading.Event = self.__dict__.setdefault("_given", threading.Event())
        return event


def session(answers: Mapping[type, object] = ANSWERS, *, read_only: bool = False) -> MadeUp:
    """Return a session on a made-up environment."""
    made = MadeUp(Path("nimbus.toml"), "production", read_only)
    made.answers = answers
    return made

"""The report as one page: no script, no address, nothing to load; light, dark and printed."""

from __future__ import annotations

from importlib import resources

from nimbus.drift import svg, words
from nimbus.drift.report import Report
from nimbus.drift.svg import shown
from nimbus_runtime.contract.drift import Finding, Level, Source
from nimbus_runtime.contract.words import percent, plural

_PANELS = 30
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_WORDS = {
    Level.NONE: "No drift",
    Level.VISIBLE: "Visible drift",
    Level.MATERIAL: "Material drift",
    Level.INSUFFICIENT: "Insufficient data",
}


def page(report: Report) -> str:
    """Return the page. Ids, labels and names are escaped: they come from outside."""
    comparison = report.comparison
    style = resources.files("nimbus.drift").joinpath("report.css").read_text(encoding="utf-8")
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>Drift of {shown(report.pipeline)}, run {shown(comparison.runs[-1])}</title>",
        f"<style>{style}</style></head><body>",
        f"<h1>Drift of {shown(report.pipeline)}</h1>",
        f'<p><span class="badge {_class(report.verdict)}">{_WORDS[report.verdict]}</span></p>',
        f'<p class="lead">{shown(report.summary, 400)}</p>',
        _facts(report),
        _list("What to do next", report.advice),
        _table(report),
        _panels(report),
        _history(report),
        _drivers(report),
        _method(report),
        "</body></html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _facts(report: Report) -> str:
    comparison, baseline = report.comparison, report.baseline
    first, last = comparison.runs[0], comparison.runs[-1]
    origin = "the dev set" if baseline.source is Source.DEV else plural(len(baseline.parts), "run")
    if baseline.source is Source.RUNS and len(baseline.parts) == 1:
        origin = f"run {baseline.parts[0].run}"
    facts = {
        "Run": last if first == last else f"{first} to {last} ({plural(len(comparison.runs), 'run')})",
        "Release": comparison.release,
        "Documents": f"{report.documents:,}, in quarantine {report.quarantined:,}; compared {comparison.current:,}",
        "Baseline": f"{baseline.name}, of {origin}; {plural(comparison.reference, 'document')}",
    }
    if report.since:
        facts["Since"] = f"run {report.since}"
    return "<dl>" + "".join(f"<dt>{name}</dt><dd>{shown(value, 200)}</dd>" for name, value in facts.items()) + "</dl>"


def _list(title: str, lines: tuple[str, ...]) -> str:
    items = "".join(f"<li>{shown(line, 400)}</li>" for line in lines)
    return f"<h2>{title}</h2><ol>{items}</ol>" if lines else ""


def _table(report: Report) -> str:
    rows = "".join(_row(found, report.changes[found.feature]) for found in report.comparison.findings)
    return (
        '<h2>Features</h2><div class="wide"><table><tr><th>Feature</th><th>Verdict</th><th>Change</th>'
        "<th>Effect (95% interval)</th><th>Against its threshold</th><th>p (Holm)</th><th>PSI</th></tr>"
        f"{rows}</table></div>"
    )


def _row(found: Finding, change: str) -> str:
    psi = "" if found.psi is None else f"{found.psi:.2f}"
    return (
        f"<tr><td>{shown(words.title(found.feature))}</td>"
        f'<td class="{_class(found.level)}">{found.level.value}</td><td>{shown(change, 90)}</td>'
        f'<td class="number">{words.effect(found)}</td><td>{svg.effect(found)}</td>'
        f'<td class="number">{shown(words.p_value(found.adjusted))}</td><td class="number">{psi}</td></tr>'
    )


def _panels(report: Report) -> str:
    cards = "".join(
        f'<div class="card"><h3>{shown(panel.title)}</h3>'
        f'<p class="{_class(panel.level)}">{panel.level.value}: {shown(panel.change, 120)}</p>'
        f"{svg.panel(panel)}</div>"
        for panel in report.panels[:_PANELS]
    )
    key = '<p class="soft"><span class="key reference"></span>baseline &nbsp; <span class="key now"></span>this run</p>'
    return f'<h2>Side by side</h2>{key}<div class="panels">{cards}</div>' if cards else ""


def _history(report: Report) -> str:
    text = "The largest effect of each run as a multiple of its threshold; above the dashed line it is material."
    text += " Upright lines mark the first run of a release."
    return f'<h2>History</h2><p class="soft">{text}</p>{svg.history(report.history)}'


def _drivers(report: Report) -> str:
    if not report.drivers:
        return ""
    rows = "".join(
        f'<tr><td class="id">{shown(driver.id, 120)}</td><td class="number">{driver.score:.1f}</td>'
        f"<td>{shown('; '.join(driver.reasons), 200)}</td></tr>"
        for driver in report.drivers
    )
    return (
        '<h2>Documents that drive it</h2><p class="soft">Those whose values have become more frequent most; the score '
        "is the logarithm of how much. By id: no text is in this page.</p><table><tr><th>Id</th><th>Score</th>"
        f"<th>Unusual</th></tr>{rows}</table>"
    )


def _method(report: Report) -> str:
    asked = report.baseline.thresholds
    material = (
        f"Material is what is significant (p below {asked.alpha:g} after Holm's correction over all features) and "
        f"large: KS D or total variation above {asked.distance:g}, Cohen's h above {asked.share:g}, AUC above "
        f"{asked.auc:g}, or whatever the baseline's own runs differ by, if that is more. Visible is significant and "
        f"more than {percent(asked.visible, 0)} of that."
    )
    tests = (
        f"Tests by {report.comparison.engine}. Intervals are of 95 %. PSI is shown as it is known; it decides nothing."
    )
    lines = (material, tests, *report.notes)
    return "<h2>How this was judged</h2>" + "".join(f'<p class="soft">{shown(line, 600)}</p>' for line in lines)


def _class(level: Level) -> str:
    return level.value.split()[0]

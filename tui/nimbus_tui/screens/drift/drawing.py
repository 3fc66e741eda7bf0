"""The rows, plots and texts of the screen of drift: functions from what is known to what is drawn."""

from __future__ import annotations

from textual.content import Content

from nimbus_runtime.contract.words import percent
from nimbus_tui import chart, marks
from nimbus_tui.api.drift import Feature, Past, Plot, Report
from nimbus_tui.plain import fit, middle, plain
from nimbus_tui.widgets import text
from nimbus_tui.widgets.table import Cell

LEVELS = {
    "none": (marks.PASSED, "good"),
    "insufficient data": (marks.UNKNOWN, "dim"),
    "visible": (marks.LOOK, "warn"),
    "material": (marks.FAILED, "bad"),
}
_WORDS = {"insufficient data": "too few"}
_EFFECTS = {"number": "KS D", "category": "total variation", "share": "Cohen's h", "vector": "AUC"}


def row(feature: Feature) -> tuple[Cell | str, ...]:
    """Return a feature as a row."""
    mark, tone = LEVELS.get(feature.level, (marks.UNKNOWN, ""))
    return (
        Cell(mark, tone),
        feature.title,
        Cell(_WORDS.get(feature.level, feature.level), tone),
        Cell(chart.bar(min(1.0, feature.ratio / 2), 8), tone),
        Cell(feature.change, "dim"),
    )


def verdict(report: Report, width: int, *, brief: bool) -> Content:
    """Return the verdict, what was compared, and what to know of that; `brief` in two lines, without the last."""
    mark, tone = LEVELS.get(report.verdict, (marks.UNKNOWN, ""))
    summary = fit(plain(report.summary), width - 2).rstrip() if brief else report.summary
    told = [text.words(text.toned(f"{mark} ", tone), text.toned(summary, "bold" if tone != "bad" else "bad"))]
    later = report.since and report.since != report.run and not brief
    since = f", since run {report.since}" if later else ""
    about = (f"run {report.run}, {report.documents:,} documents", f"against {report.baseline}{since}")
    told += [text.toned(middle(plain(line), width), "dim") for line in ([" ".join(about)] if brief else about)]
    return text.lines(told if brief else [*told, *notes(report, width)])


def notes(report: Report, width: int) -> list[Content]:
    """Return what to know of the comparison."""
    return [part for line in report.notes for part in text.hanging(line, width, "· ")]


def history(past: Past, width: int) -> Content:
    """Return how far the last runs were from their baselines, as a line of columns and of marks."""
    points = past.points[-max(8, width - 14) :]
    if not points:
        return text.toned("Nothing is recorded yet: runs are compared once their release has a baseline.", "dim")
    verdicts = Content.assemble(*(text.toned(*LEVELS.get(point.level.value, (marks.UNKNOWN, ""))) for point in points))
    top = max(1.0, *(point.ratio for point in points))
    line = text.toned(chart.spark([point.ratio for point in points], most=top), "name")
    last = points[-1]
    return text.lines(
        [
            text.words(text.toned("distance    ", "dim"), line, text.toned(f"  {last.ratio:.2f} of material", "dim")),
            text.words(text.toned("verdict     ", "dim"), verdicts, text.toned(f"  {last.level.value}", "dim")),
            text.words(
                text.toned("baseline    ", "dim"),
                text.toned(past.baselines[-1].name if past.baselines else "none"),
                text.toned(f"  {len(past.baselines)} kept" if past.baselines else "", "dim"),
            ),
        ]
    )


def feature(found: Feature, width: int, height: int) -> list[Content]:
    """Return a feature's figures and its distribution now against then."""
    mark, tone = LEVELS.get(found.level, (marks.UNKNOWN, ""))
    p = "< 0.0001" if found.p_value < 0.0001 else f"{found.p_value:.4f}"
    told = [
        text.words(text.toned(f"{mark} {found.level}", tone), text.toned(f"  {found.change}")),
        text.toned(
            f"{_EFFECTS.get(found.kind, found.kind)} {found.effect:.3f} ({found.low:.3f} to {found.high:.3f}), "
            f"material from {found.threshold:g}; p {p} by Holm",
            "dim",
        ),
        Content(""),
    ]
    if found.plot is None:
        return [*told, text.toned("there is nothing to draw of it", "dim")]
    if found.plot.categories:
        return [*told, *_categories(found.plot, width)]
    return [*told, *_histogram(found.plot, width, max(3, min(8, (height - 9) // 2)))]


def _histogram(plot: Plot, width: int, height: int) -> list[Content]:
    each = max(1, min(4, width // max(1, len(plot.reference))))
    top = max(*plot.reference, *plot.current, 1e-9)
    low, high = f"{plot.edges[0]:,.4g}", f"{plot.edges[-1]:,.4g}"
    room = each * len(plot.reference)
    axis = text.toned(f"{low}{high.rjust(max(1, room - len(low)))}", "dim")
    told = []
    for name, shares, tone in (("then", plot.reference, "dim"), ("now", plot.current, "name")):
        told.append(
            text.words(text.toned(f"{name}  ", tone), text.toned(f"{percent(max(shares), 0)} at the top", "dim"))
        )
        columns = chart.columns(shares, height, most=top)
        told += [text.toned("".join(cell * each for cell in line), tone) for line in columns]
        told.append(axis)
    return told


def _categories(plot: Plot, width: int) -> list[Content]:
    names = min(24, max(len(plain(name)) for name in plot.categories))
    room = max(8, width - names - 14)
    top = max(*plot.reference, *plot.current, 1e-9)
    told = []
    for name, before, after in zip(plot.categories, plot.reference, plot.current, strict=True):
        told.append(
            text.words(
                text.toned(fit(plain(name), names) + "  "),
                text.toned(chart.bar(before / top, room), "dim"),
                text.toned(f" {percent(before, 1)} then", "dim"),
            )
        )
        told.append(
            text.words(
                " " * (names + 2),
                text.toned(chart.bar(after / top, room), "name"),
                text.toned(f" {percent(after, 1)} now"),
            )
        )
    return told


def drivers(report: Report, width: int) -> list[Content]:
    """Return the documents that drive a drift, by id, and what to do next."""
    told = []
    if report.drivers:
        told += [Content(""), text.toned("Documents that drive it", "bold")]
        found = [(middle(plain(name), 24), plain(why)) for name, why in report.drivers[:6]]
        room = max(len(name) for name, _ in found) + 2
        if all(room + len(why) <= width for _, why in found):
            told += [text.words(text.toned(name.ljust(room)), text.toned(why, "dim")) for name, why in found]
        else:
            told += [line for name, why in found for line in (text.toned(name), *text.indented(why, width, "dim"))]
    if report.advice:
        told += [Content(""), text.toned("What to do", "bold")]
        told += [part for line in report.advice for part in text.hanging(line, width)]
    return told

"""The timeline as inline SVG: lanes by finding and by component, what was collected, what was not.

Places along the time axis are percentages, so a wider drawing is a zoom, with text and marks of the same size.
Colours are classes of the page's style sheet. Every mark carries its words as a title.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from markupsafe import Markup

from forensics.document import Document
from forensics.reporting import branches, moments, view
from forensics.reporting.escape import inline
from forensics.reporting.view import Entry

LANE = 26  # px, height of a lane
AXIS = 40  # px, height of the axis, with room for a second zone
MOST_FINDINGS = 14
# Past it one mark stands for all of a kind at its place, and those without a finding are left out first.
MOST_MARKS = 800
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800)
_ORDER = ("controller", "scheduler", "envoy", "agent", "rclone", "mlserver", "triton", "modelgateway")
_NAMES = {"envoy_access": "envoy", "k8s": "kubernetes", "state": "kubernetes", "net": "kubernetes", "route": "envoy"}


@dataclass(frozen=True, slots=True)
class Drawing:
    """The drawing in two parts, so that the names stay while the lanes are scrolled.

    Attributes:
        names: SVG of the lanes' names.
        lanes: SVG of the lanes.
        left_out: marks that found no room.
        untold: findings without a lane of their own.
    """

    names: Markup
    lanes: Markup
    left_out: int
    untold: int


@dataclass(slots=True)
class _Lane:
    name: str
    kind: str  # finding | component | changes
    covered: list[tuple[float, float]] = field(default_factory=list)
    marks: list[Markup] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Scale:
    start: datetime
    end: datetime

    def at(self, time: datetime) -> float:
        """Return the place of `time` in percent of the width."""
        share = (time - self.start) / (self.end - self.start)
        return round(min(max(share, 0.0), 1.0) * 100, 3)


def draw(document: Document) -> Drawing | None:
    """Return the timeline of `document`; None where it holds no time at all."""
    shown = branches.tree(document).shown
    times = sorted(_times(document, shown))
    if not times:
        return None
    margin = max((times[-1] - times[0]) * 0.02, timedelta(seconds=1))
    scale = _Scale(times[0] - margin, times[-1] + margin)
    lanes = [*_change_lane(document, scale), *_finding_lanes(shown, scale)]
    components, left_out = _component_lanes(document, scale)
    lanes += components
    height = AXIS + LANE * len(lanes) + 4
    untold = max(len(shown) - MOST_FINDINGS, 0)
    return Drawing(_names(lanes, height), _plot(document, lanes, height, scale), left_out, untold)


def component(source: Any) -> str:
    """Return the lane of a source: `log.agent` is the agent's, `k8s.event` is Kubernetes'."""
    family, _, rest = str(source or "").partition(".")
    name = rest if family == "log" and rest else family
    return inline(_NAMES.get(name, name)) or "other"


def _times(document: Document, shown: list[Entry]) -> Iterator[datetime]:
    period = document.get("period") or {}
    spans: list[Any] = [(period.get("from"), period.get("to"))]
    spans += [moments.bounds(entry) for entry in view.listed(document, "timeline")]
    spans += [(change.get("time"), None) for change in view.listed(document, "changes")]
    for finding in shown:
        spans += [moments.bounds(finding.get("first")), moments.bounds(finding.get("last"))]
    for span in spans:
        for written in span:
            if (time := moments.moment(written)) is not None:
                yield time


def _change_lane(document: Document, scale: _Scale) -> list[_Lane]:
    lane = _Lane("changes", "changes")
    for change in view.listed(document, "changes"):
        if (time := moments.moment(change.get("time"))) is not None:
            title = f"{moments.utc(change['time'])} {inline(change.get('what'))}"
            lane.marks.append(_tick(scale.at(time), title, "change", LANE * 40))
    return [lane] if lane.marks else []


def _finding_lanes(shown: list[Entry], scale: _Scale) -> Iterator[_Lane]:
    for finding in shown[:MOST_FINDINGS]:
        earliest, _ = moments.bounds(finding.get("first"))
        _, latest = moments.bounds(finding.get("last"))
        first, last = moments.moment(earliest), moments.moment(latest)
        name, title = inline(finding.get("id")), inline(finding.get("title"))
        lane = _Lane(f"{name} {title}", "finding")
        if first is not None:
            start = scale.at(first)
            end = scale.at(last) if last is not None else start
            role = "ended" if finding.get("at_end") == "ended" else inline(finding.get("role"))
            words = f"{name} {title}: {view.lasts(finding)}"
            lane.marks.append(
                Markup(
                    '<a href="#{}"><rect class="bar {}" x="{}%" y="6" width="{}%" height="14" rx="3"/>'
                    '<rect class="bar {}" x="{}%" y="6" width="4" height="14" rx="2"/><title>{}</title></a>'
                ).format(name, role, start, round(max(end - start, 0), 3), role, start, words)
            )
        yield lane


def _component_lanes(document: Document, scale: _Scale) -> tuple[list[_Lane], int]:
    lanes: dict[str, _Lane] = {}
    for source in view.listed(document.get("coverage") or {}, "sources"):
        lane = lanes.setdefault(component(source.get("source")), _Lane(component(source.get("source")), "component"))
        first, last = moments.moment(source.get("from")), moments.moment(source.get("to"))
        if first is not None and last is not None:
            lane.covered.append((scale.at(first), scale.at(last)))
    roles = {f.get("id"): inline(f.get("role")) for f in view.listed(document, "findings")}
    entries = sorted(view.listed(document, "timeline"), key=lambda e: not e.get("finding"))
    crowded = len(entries) > MOST_MARKS
    taken: set[tuple[str, int, str | None]] = set()
    left_out = 0
    for entry in entries:
        name = component(entry.get("source"))
        lane = lanes.setdefault(name, _Lane(name, "component"))
        earliest, latest = moments.bounds(entry)
        first, last = moments.moment(earliest), moments.moment(latest)
        time = first or last
        if time is None:
            continue
        role = roles.get(entry.get("finding"))
        spot = (name, round(scale.at(time) * 4), role)  # a quarter of a percent is as wide as a mark
        if crowded and (spot in taken or len(taken) >= MOST_MARKS):
            left_out += spot not in taken
            continue
        taken.add(spot)
        about = f"{inline(entry['finding'])}: " if entry.get("finding") else ""
        title = f"{moments.interval(entry)} {about}{inline(entry.get('what'))}"
        if first is not None and last is not None and last - first > timedelta(seconds=2):
            lane.marks.append(_span(scale.at(first), scale.at(last), title))
        lane.marks.append(_mark(scale.at(time), title, role))
    order = {name: index for index, name in enumerate(_ORDER)}
    ordered = sorted(lanes.values(), key=lambda lane: (order.get(lane.name, len(order)), lane.name))
    return ordered, left_out


def _tick(x: float, title: str, kind: str, depth: int) -> Markup:
    return Markup(
        '<g><line class="{}" x1="{}%" x2="{}%" y1="4" y2="{}"/><rect class="{}" x="{}%" y="6" width="6" height="14"/>'
        "<title>{}</title></g>"
    ).format(kind, x, x, depth, kind, x, title)


def _span(start: float, end: float, title: str) -> Markup:
    return Markup('<rect class="maybe" x="{}%" y="10" width="{}%" height="6"><title>{}</title></rect>').format(
        start, round(end - start, 3), title
    )


def _mark(x: float, title: str, role: str | None) -> Markup:
    if role is None:
        return Markup('<rect class="event" x="{}%" y="7" width="3" height="12"><title>{}</title></rect>').format(
            x, title
        )
    return Markup('<circle class="event {}" cx="{}%" cy="13" r="5"><title>{}</title></circle>').format(role, x, title)


def _names(lanes: list[_Lane], height: int) -> Markup:
    rows = Markup("").join(
        Markup('<text class="lane-name" x="0" y="{}">{}</text>').format(
            AXIS + LANE * index + 17, lane.name if len(lane.name) <= 34 else lane.name[:33] + "…"
        )
        for index, lane in enumerate(lanes)
    )
    return Markup('<svg class="names" width="240" height="{}" aria-hidden="true">{}</svg>').format(height, rows)


def _plot(document: Document, lanes: list[_Lane], height: int, scale: _Scale) -> Markup:
    rows = Markup("").join(_row(lane, index) for index, lane in enumerate(lanes))
    hatch = Markup(
        '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect class="hatch-ground" width="6" height="6"/><line class="hatch-line" y2="6"/></pattern></defs>'
    )
    axis = Markup("").join(_axis(scale, moments.zone(document.get("zone")), height))
    name = Markup(
        '<title id="timeline-name">Timeline of {} findings and {} lanes; the table below says the same in words</title>'
    ).format(sum(lane.kind == "finding" for lane in lanes), len(lanes))
    return Markup(
        '<svg class="lanes" width="100%" height="{}" role="group" aria-labelledby="timeline-name"'
        ' data-from="{}" data-to="{}" data-ahead="{}">{}{}{}{}</svg>'
    ).format(height, *_ends(scale, moments.zone(document.get("zone"))), name, hatch, axis, rows)


def _ends(scale: _Scale, second: tzinfo | None) -> tuple[int, int, str]:
    """Return both ends of the axis in milliseconds since 1970, and how many minutes a second zone is ahead of UTC."""
    ahead = scale.start.astimezone(second).utcoffset() if second is not None else None
    minutes = "" if ahead is None else str(int(ahead.total_seconds()) // 60)
    return int(scale.start.timestamp() * 1000), int(scale.end.timestamp() * 1000), minutes


def _row(lane: _Lane, index: int) -> Markup:
    ground = Markup("")
    if lane.kind == "component":
        ground = Markup('<rect class="gap" width="100%" height="22" y="2" fill="url(#hatch)"/>')
        for start, end in lane.covered:
            ground += Markup('<rect class="covered" x="{}%" y="2" width="{}%" height="22"/>').format(
                start, round(max(end - start, 0.4), 3)
            )
    inner = Markup("").join(lane.marks)
    # Nested SVG: percentages inside are of the same width, and what runs over its lane is clipped unless it may.
    over = "visible" if lane.kind == "changes" else "hidden"
    return Markup('<svg y="{}" width="100%" height="{}" overflow="{}">{}{}</svg>').format(
        AXIS + LANE * index, LANE, over, ground, inner
    )


def _axis(scale: _Scale, second: tzinfo | None, height: int) -> Iterator[Markup]:
    length = (scale.end - scale.start).total_seconds()
    step = next((s for s in _STEPS if length / s <= 8), 604800 * max(1, int(length / 604800 / 8)))
    time = datetime.fromtimestamp((int(scale.start.timestamp()) // step + 1) * step, UTC)
    day = None
    while time < scale.end:
        x = scale.at(time)
        written = time.strftime("%H:%M:%S" if step < 60 else "%H:%M")
        if time.date() != day and 4 < x < 96:
            written, day = f"{time:%d %b} {written}", time.date()
        yield Markup('<line class="grid" x1="{}%" x2="{}%" y1="{}" y2="{}"/>').format(x, x, AXIS - 4, height)
        room = 4 < x < 96  # else the words would be cut off at the edge
        if room:
            yield Markup('<text class="tick" x="{}%" y="14">{}Z</text>').format(x, written)
        if second is not None and room:
            there = time.astimezone(second)
            yield Markup('<text class="tick second" x="{}%" y="30">{}</text>').format(x, f"{there:%H:%M %z}")
        time += timedelta(seconds=step)

"""Pictures of measurements, with matplotlib and without a screen. Colours that all can tell apart (Okabe and Ito)."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from benchmarks.figures import described

Found = dict[str, Any]
Drawn = Iterator[tuple[str, Figure]]

OURS = {"hutong": "#0072B2", "hutong-public": "#56B4E9"}
LIMIT, LIMIT_COLOUR = "limit", "#000000"
PEER = "#B0B0B0"
PEERS = ("#E69F00", "#009E73", "#D55E00", "#CC79A7", "#8C8C00", "#7A7A7A", "#5D3A9B", "#994F00")
MARKERS = "osD^vP*X"
_NUMBER = re.compile(r"\d+(\.\w+)+")
_BLANK = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}  # Behind a figure, where a line may run.
FAR_APART = 30  # Times the smallest figure: what is more does not fit on a scale from zero.
FONT = {"title": 13, "label": 11, "tick": 10, "note": 8}


@dataclass(frozen=True, slots=True)
class Bars:
    """A bar for each system, as long as its figure is, or, where that would hide the small ones, a point on a line that
    is logarithmic; the best one is on top.
    """

    figure: str
    label: str
    more_is_better: bool = False


@dataclass(frozen=True, slots=True)
class Lines:
    """A line for each system, of one figure against another. Across, the scale is logarithmic."""

    across: str
    up: str
    labels: tuple[str, str]
    scale: str = "linear"


COST = Bars("cpu_us_per_delivery", "server CPU per delivery, µs")
RATE = Bars("deliveries_per_s", "deliveries per second", more_is_better=True)
PER_MESSAGE = Bars("cpu_us_per_delivery", "server CPU per message, µs")
LATE = Lines("rate", "p99_ms", ("messages per second", "until the last one has it, 99th percentile, ms"), "log")
GROWTH = Lines(
    "members",
    "cpu_us_per_delivery",
    ("members, all online; public groups pass the gate and its checks", "server CPU per delivery, µs"),
    "log",
)
SINGLE = Lines("window", "cpu_us_per_delivery", ("messages in flight", "CPU per delivery, µs"), "log")


def pictures(found: Sequence[Found]) -> Drawn:
    """Yield a name and a picture of each thing that there are measurements of."""
    for benchmark, draw in _DRAWN:
        yield from draw([each for each in found if each["benchmark"] == benchmark])


def _fanout(found: Sequence[Found]) -> Drawn:
    for members in sorted({each["members"] for each in found}):
        here = [each for each in found if each["members"] == members]
        for window in sorted({each["window"] for each in here if each["window"] is not None}):
            some = [each for each in here if each["window"] == window]
            title = f"Fan-out to {members:,}, {window} in flight"
            yield from _bars(f"fanout-cpu-{members}-w{window}", f"{title}: what it costs", some, COST)
            yield from _bars(f"fanout-rate-{members}-w{window}", f"{title}: deliveries per second", some, RATE)
        sustained = [each for each in here if each.get("sustained")]
        yield from _lines(
            f"fanout-open-{members}", f"Fan-out to {members:,}, open loop: those who keep up", sustained, LATE
        )


def _growth(found: Sequence[Found]) -> Drawn:
    yield from _lines("growth", "Larger and larger rooms, one message in flight", found, GROWTH)


def _limit(found: Sequence[Found]) -> Drawn:
    for members in sorted({each["members"] for each in found}):
        here = [each for each in found if each["members"] == members]
        yield from _lines(f"limit-{members}", f"A bare loop of sends to {members:,}", here, SINGLE)


def _idle(found: Sequence[Found]) -> Drawn:
    if some := _having(found, "memory_kib_per_connection"):
        figure, axes = _sheet(some, "Memory of a connection that is signed in and idle", bars=len(some))
        names = [f"{each['connections']:,} connections" for each in some]
        _draw_bars(axes, names, [each["memory_kib_per_connection"] for each in some], [OURS["hutong"]] * len(some))
        axes.set_xlabel("server memory per connection, KiB", fontsize=FONT["label"])
        yield "idle", figure


def _chat(found: Sequence[Found]) -> Drawn:
    for pairs, window in sorted({(each["pairs"], each["window"]) for each in found}):
        some = [each for each in found if (each["pairs"], each["window"]) == (pairs, window)]
        title = f"One to one, {pairs:,} chats, {window} in flight on both sides: what it costs"
        yield from _bars(f"chat-{pairs}-w{window}", title, some, PER_MESSAGE)


_DRAWN: Sequence[tuple[str, Callable[[Sequence[Found]], Drawn]]] = (
    ("fanout", _fanout),
    ("growth", _growth),
    ("limit", _limit),
    ("idle", _idle),
    ("chat", _chat),
)


def _having(found: Sequence[Found], figure: str) -> list[Found]:
    return [each for each in found if each.get(figure)]


def _bars(name: str, title: str, found: Sequence[Found], bars: Bars) -> Drawn:
    some = _having(found, bars.figure)
    if not some:
        return
    values = [each[bars.figure] for each in some]
    limit = next((each[bars.figure] for each in some if each["system"] == LIMIT), None)
    shown = [each for each in some if each["system"] != LIMIT]
    shown.sort(key=lambda each: each[bars.figure], reverse=not bars.more_is_better)
    figure, axes = _sheet(some, title, bars=len(shown))
    colours = [OURS.get(each["system"], PEER) for each in shown]
    names, lengths = [_name(each) for each in shown], [each[bars.figure] for each in shown]
    if max(values) > FAR_APART * min(values):
        _draw_points(axes, names, lengths, colours)
        axes.set_xscale("log")
        axes.set_xlim(min(values) / 2, max(values) * 3)
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.set_xlabel(f"{bars.label} (logarithmic)", fontsize=FONT["label"])
    else:
        _draw_bars(axes, names, lengths, colours)
        axes.set_xlabel(bars.label, fontsize=FONT["label"])
    _plain(axes.xaxis)
    if limit is not None:
        axes.axvline(limit, color=LIMIT_COLOUR, linestyle="--", linewidth=1.2, zorder=3)
        axes.annotate(
            f"a bare loop: {_figure(limit)}",
            xy=(limit, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            fontsize=FONT["note"] + 1,
        )
    yield name, figure


def _draw_bars(axes: Axes, names: Sequence[str], values: Sequence[float], colours: Sequence[str]) -> None:
    axes.barh(range(len(values)), values, color=colours, height=0.7)
    _label(axes, names, values)


def _draw_points(axes: Axes, names: Sequence[str], values: Sequence[float], colours: Sequence[str]) -> None:
    places = range(len(values))
    axes.hlines(places, 0, 1, transform=axes.get_yaxis_transform(), color="#E8E8E8", linewidth=1.0, zorder=1)
    axes.scatter(values, places, c=colours, s=80, zorder=4)
    _label(axes, names, values)


def _label(axes: Axes, names: Sequence[str], values: Sequence[float]) -> None:
    places = range(len(values))
    for place, value in zip(places, values, strict=True):
        axes.annotate(
            _figure(value),
            xy=(value, place),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=FONT["tick"],
            bbox=_BLANK,
            zorder=4,
        )
    axes.set_yticks(places, names, fontsize=FONT["tick"])
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.15)


def _lines(name: str, title: str, found: Sequence[Found], lines: Lines) -> Drawn:
    some = _having(found, lines.up)
    if not some:
        return
    figure, axes = _sheet(some, title, bars=9)
    others = zip(cycle(PEERS), cycle(MARKERS), strict=False)
    for system in dict.fromkeys(each["system"] for each in some):
        colour, marker = (LIMIT_COLOUR, "") if system == LIMIT else (OURS.get(system), "o")
        if colour is None:
            colour, marker = next(others)
        axes.plot(
            *zip(
                *sorted((each[lines.across], each[lines.up]) for each in some if each["system"] == system), strict=True
            ),
            color=colour,
            marker=marker,
            linestyle="--" if system == LIMIT else "-",
            linewidth=2.4 if system in OURS else 1.3,
            zorder=3 if system in OURS else 2,
            label=system,
        )
    axes.set_xscale("log")
    axes.set_xticks(sorted({each[lines.across] for each in some}))
    axes.set_yscale(lines.scale)
    if lines.scale == "log":
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    else:
        axes.set_ylim(bottom=0)
    _plain(axes.xaxis)
    _plain(axes.yaxis)
    axes.grid(visible=True, axis="y", which="major", color="#E0E0E0", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel(lines.labels[0], fontsize=FONT["label"])
    axes.set_ylabel(lines.labels[1], fontsize=FONT["label"])
    if len({each["system"] for each in some}) > 1:
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=FONT["tick"])
    yield name, figure


def _sheet(found: Sequence[Found], title: str, *, bars: int) -> tuple[Figure, Axes]:
    """Return an empty picture with its title, and below it, small, the machine."""
    figure = Figure(figsize=(9, 1.8 + 0.36 * max(bars, 3)), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    figure.suptitle(title, fontsize=FONT["title"], x=0.01, ha="left")
    figure.supxlabel(_machine(found[0]), fontsize=FONT["note"], color="#606060", x=0.99, ha="right")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(labelsize=FONT["tick"])
    return figure, axes


def _machine(each: Found) -> str:
    return described(each["machine"])


def _name(each: Found) -> str:
    """Return what a bar is called; a store that has grown is said."""
    name = f"{each['system']} {_short(each['version'])}"
    return f"{name}, {each['entries']:,} entries" if each.get("entries") else name


def _short(version: str) -> str:
    """Return the number of a version, without what else it says."""
    number = _NUMBER.search(version)
    return number[0] if number else version


def _plain(axis: Any) -> None:
    axis.set_major_formatter(FuncFormatter(lambda value, _: _figure(value)))
    axis.set_minor_formatter(NullFormatter())


def _figure(value: float) -> str:
    if value >= 1e6:
        return f"{value / 1e6:.3g} M"
    if value >= 1e3:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}"

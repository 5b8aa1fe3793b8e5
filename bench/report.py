#!/usr/bin/env python3
"""Turns what the bench wrote into what a person looks at.

    bench/report.py [build/bench/bench/results.json]

writes bench/results/: results.json (the figures), README.md (all rows, and how cost grows), peers.svg and growth.svg;
and the table between the markers in the README. Every figure in them comes out of that one run.
"""
import json
import math
import re
import shutil
import sys
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results"
BEGIN = "<!-- bench/report.py begin -->"
END = "<!-- bench/report.py end -->"

OURS = "eventbus"
# the same system is called by what it does where that differs
LABELS = {
    "channel_try": "channel bus, try",
    "channel_await": "channel bus, await",
    "post": "post (strand)",
    "bare_post": "post",
    "mutex_deque": "mutex + deque + cv",
    "signals2_inline": "Boost.Signals2 (inline)",
    "moodycamel": "moodycamel queues",
    "eventpp_inline": "eventpp dispatcher (inline)",
    "sigslot_inline": "sigslot (inline)",
    "entt_one_thread": "EnTT (one thread)",
    "sobjectizer": "SObjectizer mchain",
    "asio_frames": "a length and the event, Asio",
    "eventbus_emit_all": "eventbus, emit_all",
    "eventbus_async_emit": "eventbus, async_emit",
    "eventbus_used_once": "eventbus, used once",
    "eventbus_wildcard": "eventbus, beside a wildcard",
    "eventbus_wildcard_gone": "eventbus, once a wildcard has gone",
}
COLOURS = {
    "eventbus": "#0b6e99",
    "eventbus_emit_all": "#4aa3c7",
    "eventbus_stamped": "#2f5f73",
    "eventbus_recorded": "#7fa8b8",
    "channel_try": "#d9822b",
    "channel_await": "#f0b775",
    "post": "#9a6fb0",
    "bare_post": "#c3a6d2",
    "mutex_deque": "#6a8f4e",
    "signals2_inline": "#b0413e",
    "moodycamel": "#8a8a8a",
}
OTHER_COLOURS = ["#c2b280", "#5f9ea0", "#8b5a2b", "#708090"]

# of the README's table
HEADLINES = [
    ("P0/nobody_subscribed", "emit, nobody subscribed"),
    ("P1/1_subscriber", "emit and take, 1 subscriber"),
    ("P2/8_subscribers", "for each of 8 subscribers"),
    ("P2/64_subscribers", "for each of 64 subscribers"),
    ("P2/string", "8 subscribers, an event with a string"),
    ("P3/8_types", "1 subscriber of 8 types"),
    ("P4/one_per_wake", "push, one event for each wake-up"),
    ("P4/batch_per_wake", "push, 64 events for each wake-up"),
    ("P5/coroutine_hop", "one hop between two coroutines"),
    ("P6/1_to_1_thread", "from a thread to another, lossless"),
    ("P7/2_to_1_thread", "from two threads to one"),
    ("P7/1_to_2_threads", "from one thread to two"),
    ("P8/sleeping_threads", "ask a sleeping thread, and its answer"),
    ("P8/polling_threads", "ask a thread that polls, and its answer"),
    ("P9/set_10000_idle_watchers", "set a value beside 10 000 idle watchers"),
    ("P10/wake_100_watchers", "wake each of 100 waiting watchers"),
    ("P15/share_2_one_thread", "2 producers and 2 consumers of a queue, one thread"),
    ("P15/share_2_two_threads", "the same on two threads"),
    ("P12/subscribe_close_1000_others", "subscribe and close, 1000 others"),
]
IN_README = ["P1/1_subscriber", "P2/8_subscribers", "P5/coroutine_hop", "P6/1_to_1_thread", "P9/set_10000_idle_watchers"]
COLUMNS = ["eventbus", "channel_try", "channel_await", "post", "mutex_deque", "signals2_inline", "moodycamel"]
CHARTED = ["P0/nobody_subscribed", "P1/1_subscriber", "P2/8_subscribers", "P2/64_subscribers", "P2/string",
           "P3/8_types", "P4/one_per_wake", "P4/batch_per_wake", "P5/coroutine_hop", "P6/1_to_1_thread",
           "P7/2_to_1_thread", "P7/1_to_2_threads"]

# curve: title, what an x is, flat or not, and why it runs as it does
CURVES = {
    "subscribers": ("subscribers", "per delivery", False,
                    "The lock and the sequence of an emit are shared by more deliveries, until the queues (3 KB each) no "
                    "longer fit a core's cache and each delivery fetches its slot from further away."),
    "unrelated_subscribers": ("subscribers of another type", "per delivery", True,
                              "An emit looks only at its own topic."),
    "keys": ("subscribers of other keys", "per event", True,
             "The topic finds the subscribers of an event's key by hash; with a predicate each it would ask all of them."),
    "unrelated_topics": ("other topics", "per delivery", True,
                         "An emitter holds its topic and looks nothing up. (A topic is a type; beyond 100 they are on "
                         "further buses of the process.)"),
    "types": ("types in one subscription", "per event", False,
              "All types of a subscription fill one queue under one lock; what is left is that each type has code and a "
              "topic of its own to touch."),
    "replayed": ("replayed events in front of a full queue", "per emit", True,
                 "The oldest event that may be lost, and the one behind it, are known without passing the replayed ones, "
                 "which stay."),
    "waiting_types": ("types whose async_emit waits for one queue", "per event", False,
                      "A take offers its room to the first in the queue's line and looks at no other. With the types grow "
                      "the operations that are there at once, and the heap's work for them; and each type has code and a "
                      "topic of its own to touch."),
    "waiting_wildcards": ("full wildcard queues that one async_emit waits for", "per queue", False,
                          "An emit that begins to wait takes its place at the end of each queue's line, and looks at "
                          "nothing else; the emit itself is shared by the queues."),
    "wildcards": ("wildcard subscriptions, closed in turn", "per close", False,
                  "Each knows its place in every list that it is in, and none is searched; beyond some hundred they no "
                  "longer fit the nearest cache."),
    "idle_watchers": ("watchers that are not waiting", "per set", True,
                      "A set looks only at the list of those that wait."),
    "waiting_watchers": ("waiting watchers", "per watcher woken", False,
                         "Each is one post of its own operation; the set itself is shared, and beyond some thousand the "
                         "operations no longer fit the cache."),
    "threads_own_types": ("threads, each with a type of its own", "per event", False,
                          "They share no lock, so two threads that have the two cores to themselves can halve the time for "
                          "an event; there are only two, so more threads gain nothing, and other load takes it away."),
    "threads_one_type": ("threads that emit one type", "per event", False,
                         "They take turns under the topic's lock; one that finds it taken looks away for ever longer, so "
                         "that a turn is many events and the queue's cache lines seldom travel between the cores."),
    "event_bytes": ("bytes of an event", "per delivery", False,
                    "Up to 256 bytes an event is copied into each queue; a larger one is built once and shared, so that "
                    "only making it grows, divided by 8 subscribers."),
    "capacity": ("capacity, filled and drained", "per delivery", False,
                 "With the capacity grows the batch that a drain finds, up to where 8 such queues no longer fit the "
                 "cache."),
}
FLAT_WITHIN = 1.3


def label(system):
    if system in LABELS:
        return LABELS[system]
    if system.endswith("_shared_ptr"):
        return label(system.removesuffix("_shared_ptr")) + ", shared_ptr"
    return system


def figure(value):
    """Two digits, or as many as there are before the point."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    if abs(value) >= 9.95:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.1f}" if abs(value) >= 0.095 else f"{value:.1g}"


def count(value):
    return f"{value:,}".replace(",", " ")


def figure_of(row):
    return row.get("bytes", row["ns"])


def spread_of(row):
    return 100 * (row["high"] - row["low"]) / row["ns"] if row["ns"] else 0


def is_ours(system):
    return system == OURS or system.startswith(OURS + "_")


class Results:
    def __init__(self, path):
        content = json.loads(path.read_text())
        self.context = content["context"]
        self.groups = {}
        for row in content["rows"]:
            self.groups.setdefault(row["group"], {})[row["system"]] = row

    def machine(self):
        c = self.context
        return (f"{c['date']}; {c['cpu']}, {c['cores']} cores; {c['system']}; {c['compiler']}; Boost {c['boost']}; "
                f"other load at the start {c['load before']}")

    def curve(self, name):
        """system: [(x, row)]"""
        curves = {}
        for group, systems in self.groups.items():
            match = re.fullmatch(r"grow/(\w+)/(\d+)", group)
            if match and match[1] == name:
                for system, row in systems.items():
                    curves.setdefault(system, []).append((int(match[2]), row))
        for points in curves.values():
            points.sort(key=lambda point: point[0])
        return curves


def best_of(systems):
    """The cheapest form of each peer: a string may be shared or not."""
    best = {}
    for system, row in systems.items():
        base = system.removesuffix("_shared_ptr")
        if base not in best or figure_of(row) < figure_of(best[base]):
            best[base] = row
    return best


# ---- tables ---------------------------------------------------------------------------------------------------------

def headline_table(results, groups=None):
    lines = ["| ns | " + " | ".join(label(column) for column in COLUMNS) + " | to the best peer | to its limit |",
             "|---" * (len(COLUMNS) + 3) + "|"]
    for group, text in HEADLINES:
        systems = best_of(results.groups.get(group, {}))
        if OURS not in systems or groups and group not in groups:
            continue
        ours = systems[OURS]
        cells = [figure(systems[column]["ns"]) if column in systems else "" for column in COLUMNS]
        cells[0] = f"**{cells[0]}**"
        ratios = [figure(ours[key]) + " ×" if key in ours else "" for key in ("of_best", "of_limit")]
        lines.append(f"| {text} | " + " | ".join(cells + ratios) + " |")
    return lines


def all_rows(results):
    lines = []
    for group, systems in results.groups.items():
        if group.startswith("grow/"):
            continue
        some = next(iter(systems.values()))
        limit = next((row["limit"] for row in systems.values() if "limit" in row), "")
        what = "bytes" if "bytes" in some else "ns"
        lines += ["", f"### {group}", "",
                  f"| | {what} | spread | allocations | to the best peer | to {limit or 'a limit'} |", "|---" * 6 + "|"]
        for system, row in systems.items():
            name = f"**{label(system)}**" if is_ours(system) else label(system)
            of_best = figure(row.get("of_best")) + (" ×" if "of_best" in row else "")
            of_limit = figure(row.get("of_limit")) + (" ×" if "of_limit" in row else "")
            lines.append(f"| {name} | {figure(figure_of(row))} | {spread_of(row):.0f} % | {figure(row.get('allocs'))} | "
                         f"{of_best} | {of_limit} |")
    return lines


def growth_tables(results):
    lines = []
    for name, (title, unit, flat, why) in CURVES.items():
        curves = results.curve(name)
        if OURS not in curves:
            continue
        xs = [x for x, _ in curves[OURS]]
        lines += ["", f"### {title[0].upper()}{title[1:]}", "",
                  "| ns " + unit + " | " + " | ".join(count(x) for x in xs) + " |", "|---" * (len(xs) + 1) + "|"]
        for system, points in curves.items():
            values = dict(points)
            cells = [figure(values[x]["ns"]) if x in values else "" for x in xs]
            lines.append(f"| {label(system)} | " + " | ".join(cells) + " |")
        times = [row["ns"] for _, row in curves[OURS]]
        range_text = f"Largest to smallest: {max(times) / min(times):.2f} ×"
        if flat:
            fits = "within" if max(times) / min(times) <= FLAT_WITHIN else "**not within**"
            range_text += f", {fits} the {FLAT_WITHIN} × of what should be flat"
        lines += ["", f"{why} {range_text}."]
    return lines


# ---- charts ---------------------------------------------------------------------------------------------------------

FONT = 'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif"'


class Svg:
    def __init__(self, width, height):
        self.parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
                      f'height="{height}" {FONT}>', f'<rect width="{width}" height="{height}" fill="#ffffff"/>']

    def text(self, x, y, text, size=12, anchor="start", fill="#222222", weight="normal"):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{fill}" '
                          f'font-weight="{weight}">{escape(text)}</text>')

    def line(self, x1, y1, x2, y2, stroke="#dddddd", width=1.0):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}" '
                          f'stroke-width="{width}"/>')

    def rect(self, x, y, width, height, fill):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{height:.1f}" '
                          f'fill="{fill}"/>')

    def polyline(self, points, stroke):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{stroke}" stroke-width="2"/>')

    def dot(self, x, y, fill):
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{fill}"/>')

    def write(self, path):
        path.write_text("\n".join(self.parts + ["</svg>"]) + "\n")


class LogScale:
    """From a range of values, widened to powers of ten, to a range of places."""

    def __init__(self, low, high, start, end):
        self.low = math.floor(math.log10(low) + 1e-9)
        self.high = max(math.ceil(math.log10(high) - 1e-9), self.low + 1)
        self.start, self.end = start, end

    def __call__(self, value):
        part = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + part * (self.end - self.start)

    def ticks(self):
        return [10.0 ** exponent for exponent in range(self.low, self.high + 1)]


def tick_text(value):
    return count(int(value)) if value >= 1 else f"{value:g}"


def colours_of(systems):
    others = iter(OTHER_COLOURS * 10)
    return {system: COLOURS.get(system) or next(others) for system in systems}


def footer(svg, results, y):
    c = results.context
    svg.text(20, y, f"{c['date']} · {c['cpu']}, {c['cores']} cores · {c['system']}", 10, fill="#666666")
    svg.text(20, y + 14, f"{c['compiler']} · Boost {c['boost']} · medians · ratios hold, absolute figures are this "
             "machine's", 10, fill="#666666")


def chart_peers(results, path):
    """Bars on a log scale, the systems of a row side by side."""
    titles = dict(HEADLINES)
    rows = []
    for group in CHARTED:
        systems = {s: r for s, r in best_of(results.groups.get(group, {})).items() if s != "eventbus_async_emit"}
        if OURS in systems:
            rows.append((titles[group], systems))
    if not rows:
        return
    order = []
    for _, systems in rows:
        order += [system for system in systems if system not in order]
    colours = colours_of(order)
    times = [row["ns"] for _, systems in rows for row in systems.values()]
    bar, gap, left, width, top = 9, 14, 262, 900, 96
    height = top + sum(len(systems) * bar + gap for _, systems in rows) + 70
    scale = LogScale(min(times), max(times), left, width - 60)
    svg = Svg(width, height)
    svg.text(20, 28, "What an event costs: the event bus and its peers", 18, weight="bold")
    svg.text(20, 46, "nanoseconds for each delivered event (log scale, shorter is better); 32 bytes, queues of 64",
             12, fill="#666666")
    x, y = 20, 66
    for system in order:
        svg.rect(x, y - 9, 10, 10, colours[system])
        svg.text(x + 14, y, label(system), 11)
        x += 28 + 6.9 * len(label(system))
        if x > width - 170:
            x, y = 20, y + 16
    for tick in scale.ticks():
        svg.line(scale(tick), top, scale(tick), height - 62)
        svg.text(scale(tick), height - 48, tick_text(tick), 10, "middle", "#666666")
    y = top + 6
    for title, systems in rows:
        svg.text(left - 10, y + len(systems) * bar / 2 + 4, title, 12, "end")
        for system in order:
            if system not in systems:
                continue
            row = systems[system]
            svg.rect(left, y, scale(row["ns"]) - left, bar - 1, colours[system])
            svg.text(scale(row["ns"]) + 4, y + 7.5, figure(row["ns"]), 8.5,
                     weight="bold" if is_ours(system) else "normal", fill="#444444")
            y += bar
        y += gap
    footer(svg, results, height - 26)
    svg.write(path)


def chart_growth(results, path):
    """A small log-log chart for each curve."""
    curves = [(name, results.curve(name)) for name in CURVES]
    curves = [(name, curve) for name, curve in curves if OURS in curve]
    if not curves:
        return
    across, cell_width, cell_height, top = 3, 300, 210, 64
    rows = -(-len(curves) // across)
    width, height = across * cell_width + 20, top + rows * cell_height + 50
    svg = Svg(width, height)
    svg.text(20, 28, "How cost grows", 18, weight="bold")
    svg.text(20, 46, "nanoseconds, both axes logarithmic; base: 32 bytes, 8 subscribers, queues of 64", 12,
             fill="#666666")
    colours = colours_of([OURS, "channel_try"])
    for system, x in ((OURS, width - 220), ("channel_try", width - 135)):
        svg.rect(x, 19, 10, 10, colours[system])
        svg.text(x + 14, 28, label(system), 11)
    for place, (name, systems) in enumerate(curves):
        title, unit, _, _ = CURVES[name]
        left = 10 + place % across * cell_width + 46
        upper = top + place // across * cell_height + 28
        right, lower = left + cell_width - 76, upper + cell_height - 82
        points = [(x, row["ns"]) for curve in systems.values() for x, row in curve]
        times = [y for _, y in points]
        xs = LogScale(min(x for x, _ in points), max(x for x, _ in points), left, right)
        ys = LogScale(min(times), max(times), lower, upper)
        svg.text(left - 36, upper - 12, f"ns {unit}", 10, fill="#666666")
        for tick in ys.ticks():
            svg.line(left, ys(tick), right, ys(tick))
            svg.text(left - 5, ys(tick) + 3.5, tick_text(tick), 9, "end", "#666666")
        for tick in xs.ticks():
            svg.line(xs(tick), upper, xs(tick), lower, "#eeeeee")
            svg.text(xs(tick), lower + 13, tick_text(tick), 9, "middle", "#666666")
        svg.text((left + right) / 2, lower + 28, title, 11, "middle")
        for system, curve in systems.items():
            path_points = [(xs(x), ys(row["ns"])) for x, row in curve]
            svg.polyline(path_points, colours.get(system, "#888888"))
            for x, y in path_points:
                svg.dot(x, y, colours.get(system, "#888888"))
    footer(svg, results, height - 26)
    svg.write(path)


# ---- files ----------------------------------------------------------------------------------------------------------

def write_results(results):
    lines = ["# Results of the bench", "",
             f"Written by `bench/report.py` from one run: {results.machine()}.", "",
             "Medians; *spread* is how far apart the middle half of the repetitions is, in percent of the median. *To the "
             "best peer*: the best one with a queue for each subscriber that may be used from any thread (so no inline "
             "calls). *To the limit*: the bare cost, measured beside it, that a row cannot be below, or next to which it "
             "has to be read. Optional peers in this run: " + results.context["optional peers"] + ".", "",
             "![the event bus and its peers](peers.svg)", "", *headline_table(results), "", "## How cost grows", "",
             "![how cost grows](growth.svg)"]
    lines += growth_tables(results)
    lines += ["", "## All rows"]
    lines += all_rows(results)
    (RESULTS / "README.md").write_text("\n".join(lines) + "\n")


def write_readme(results):
    readme = ROOT / "README.md"
    text = readme.read_text()
    if BEGIN not in text or END not in text:
        print(f"{readme} has no markers for the table", file=sys.stderr)
        return
    table = [BEGIN, *headline_table(results, IN_README), "",
             f"<sub>{escape(results.machine())}.</sub>", END]
    before, rest = text.split(BEGIN, 1)
    readme.write_text(before + "\n".join(table) + rest.split(END, 1)[1])


def main():
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "bench" / "bench" / "results.json"
    if not source.exists():
        sys.exit(f"{source} is not there: run `cmake/run bench` first")
    results = Results(source)
    RESULTS.mkdir(exist_ok=True)
    if source.resolve() != (RESULTS / "results.json").resolve():
        shutil.copy(source, RESULTS / "results.json")
    chart_peers(results, RESULTS / "peers.svg")
    chart_growth(results, RESULTS / "growth.svg")
    write_results(results)
    write_readme(results)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Draws what soaks have measured: tests/soak/chart.py [-o FILE.svg] NAME=FILE.csv...

One row of charts for each soak: heap, resident memory, descriptors and threads, and what the soak counts itself; light
while everything comes and goes, dark at the quiet moments.
"""

import csv
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "bench"))
from report import Svg, count  # noqa: E402

DARK = ["#1f6f54", "#b4521e", "#33589c", "#7a4b94"]
LIGHT = ["#b9dccb", "#f0cdb4", "#bdcbe6", "#d9c6e4"]
CHARTS = [
    ("live heap, MiB", [("heap", "heap")], 1 << 20),
    ("resident memory, MiB", [("resident", "resident")], 1 << 20),
    ("descriptors and threads", [("descriptors", "descriptors"), ("threads", "threads")], 1),
    ("events and handlers alive, coroutines",
     [("events", "events"), ("handlers", "handlers"), ("coroutines", "coroutines")], 1),
    ("in the reports: topics, emitters, subscriptions, watchers",
     [("topics", "topics"), ("emitters", "emitters"), ("subscriptions", "subscriptions"), ("watchers", "watchers")], 1),
]
CELL_WIDTH, CELL_HEIGHT, ACROSS = 330, 200, 3


def read(path):
    with open(path, newline="") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def steps(most):
    """A round distance between lines, about four of which reach the top."""
    size = 1
    while most / size > 4:
        size *= 2.5 if str(size).lstrip("0.")[0] == "2" else 2
    return size


def axis_text(value):
    return count(int(value)) if value == int(value) else f"{value:g}"


def thinned(points):
    """Of all points in three columns of pixels the lowest and the highest."""
    columns = {}
    for point in points:
        columns.setdefault(point[0] // 3, []).append(point)
    kept = []
    for column in columns.values():
        kept += sorted({min(column, key=lambda point: point[1]), max(column, key=lambda point: point[1])})
    return kept


def chart(svg, left, top, rows, title, lines, unit):
    right, bottom = left + CELL_WIDTH - 60, top + CELL_HEIGHT - 70
    last = max(row["seconds"] for row in rows)
    most = max(max(row[key] for key, _ in lines for row in rows) / unit, 1e-9)
    step = steps(most)
    high = step * (int(most / step) + 1)
    x = lambda seconds: left + (right - left) * seconds / last
    y = lambda value: bottom - (bottom - top) * value / unit / high
    svg.text(left - 34, top - 10, title, 11)
    for line in range(int(high / step) + 1):
        svg.line(left, y(line * step * unit), right, y(line * step * unit))
        svg.text(left - 5, y(line * step * unit) + 3.5, axis_text(line * step), 9, "end", "#666666")
    minutes = last >= 300
    gap = steps(last / 60 if minutes else last) * (60 if minutes else 1)
    for tick in range(int(last / gap) + 1):
        label = axis_text(tick * gap / 60) + " min" if minutes else axis_text(tick * gap) + " s"
        svg.text(x(tick * gap), bottom + 13, label, 9, "middle", "#666666")
    for (key, _), colour in zip(lines, LIGHT):
        svg.polyline(thinned([(x(row["seconds"]), y(row[key])) for row in rows if not row["quiet"]]), colour)
    for place, ((key, label), colour) in enumerate(zip(lines, DARK)):
        quiet = [(x(row["seconds"]), y(row[key])) for row in rows if row["quiet"]]
        svg.polyline(thinned(quiet), colour)
        if len(lines) > 1:
            svg.rect(left + place * 76 - 20, bottom + 22, 8, 8, colour)
            svg.text(left + place * 76 - 9, bottom + 30, label, 9)


def main(arguments):
    out = HERE / "soak.svg"
    if arguments[:1] == ["-o"]:
        out, arguments = Path(arguments[1]), arguments[2:]
    if not arguments:
        sys.exit(__doc__)
    soaks = [(argument.partition("=")[0], read(argument.partition("=")[2])) for argument in arguments]
    rows_each = -(-len(CHARTS) // ACROSS)
    block = rows_each * CELL_HEIGHT + 34
    svg = Svg(ACROSS * CELL_WIDTH + 30, 56 + block * len(soaks))
    svg.text(20, 28, "A host's life, over and over: what is there at the quiet moments", 18, weight="bold")
    svg.text(20, 46, "dark: at the quiet moments after each round; light: while everything comes and goes", 12,
             fill="#666666")
    for place, (name, rows) in enumerate(soaks):
        top = 78 + place * block
        quiet = sum(1 for row in rows if row["quiet"])
        offered = int(rows[-1]["offered"])
        svg.text(20, top, f"{name}: {count(int(rows[-1]['seconds']))} s, {count(quiet)} quiet moments, "
                 f"{count(offered)} events offered", 13, weight="bold")
        for which, (title, lines, unit) in enumerate(CHARTS):
            left = 20 + which % ACROSS * CELL_WIDTH + 38
            chart(svg, left, top + 32 + which // ACROSS * CELL_HEIGHT, rows, title, lines, unit)
    svg.write(out)


if __name__ == "__main__":
    main(sys.argv[1:])

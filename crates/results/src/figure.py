#!/usr/bin/env python3
"""Draws the pictures of this folder again with matplotlib, from figure.json beside it: edit it for a paper.

    python3 figure.py                    every picture, as NAME.matplotlib.pdf
    python3 figure.py overview -f png    one of them, in another format
"""
import argparse
import json
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap, LogNorm, Normalize
from matplotlib.ticker import LogFormatter

HERE = Path(__file__).resolve().parent
MARKS = {"circle": "o", "square": "s", "triangle": "^", "triangle-down": "v", "diamond": "D", "cross": "x", "plus": "+"}
# Labels are plain words; nothing in them is TeX.
plt.rcParams.update({"text.parse_math": False, "font.size": 9, "axes.titlesize": 10, "legend.fontsize": 7})


def numbers(values):
    return np.array(values, dtype=float)  # null, what is undefined, becomes NaN


def draw_map(axes, shown):
    x, y = numbers(shown["x"]), numbers(shown["y"])
    values = numbers(shown["values"]).reshape(len(x), len(y)).T
    low, high = shown["range"] or (np.nanmin(values), np.nanmax(values))
    if shown["kinds"]:
        names, colours = zip(*shown["kinds"])
        axes.pcolormesh(x, y, values, cmap=ListedColormap(colours), vmin=-0.5, vmax=len(colours) - 0.5, shading="nearest")
        for number in np.unique(values.astype(int)):
            axes.plot([], [], "s", color=colours[number], label=names[number])
        return
    norm = LogNorm(low, high) if shown["logarithmic"] else Normalize(low, high)
    colours = plt.get_cmap(shown["colours"]).with_extremes(under="white" if shown["colours"] == "Blues" else None, bad="#E0E0E0")
    cells = axes.pcolormesh(x, y, values, norm=norm, cmap=colours, shading="nearest")
    axes.figure.colorbar(cells, ax=axes, format=LogFormatter() if shown["logarithmic"] else None)
    if shown["level"] and min(len(x), len(y)) > 1:
        axes.contour(x, y, values, [shown["level"][0]], colors="white")


def draw_series(axes, one):
    x, y, look = numbers(one["x"]), numbers(one["y"]), {"color": one["colour"] or None, "label": one["label"] or None}
    if one["mark"]:
        bars = numbers(one["error"]) if one["error"] else None
        axes.errorbar(x, y, bars, fmt=MARKS[one["mark"]], markersize=one["width"], **look)
        return
    dashes = one["dashes"]
    style = dashes if dashes.isalpha() else (0, [float(length) / 2 for length in dashes.split()])
    axes.plot(x, y, linestyle=style, linewidth=0.7 * one["width"], **look)
    if "band" in one:
        axes.fill_between(x, *map(numbers, one["band"]), color=one["colour"], alpha=0.2, linewidth=0)


def set_axis(axes, which, shown):
    axes.set(**{f"{which}label": shown["label"]})
    if shown["logarithmic"]:
        axes.set(**{f"{which}scale": "log"})
        axis = getattr(axes, f"{which}axis")
        axis.set_major_formatter(LogFormatter())
        axis.set_minor_formatter(LogFormatter(minor_thresholds=(1, 0.4)))
    if shown["words"]:
        axes.set(**{f"{which}ticks": range(len(shown["words"])), f"{which}ticklabels": shown["words"]})
    if shown["low"] is not None or shown["high"] is not None:
        axes.set(**{f"{which}lim": (shown["low"], shown["high"])})


def draw_panel(axes, panel):
    axes.set_title(panel["title"])
    for label, colour, points in panel["orbits"]:
        axes.plot(*numbers(points).T, color=colour, label=label or None)
    if panel["orbits"]:
        axes.set(xlim=(-0.5, 0.5), ylim=(-0.5, 0.5), zlim=(-0.5, 0.5), xlabel="x", ylabel="y", zlabel="z", box_aspect=(1, 1, 1))
    else:
        if "map" in panel:
            draw_map(axes, panel["map"])
        for one in panel["series"]:
            draw_series(axes, one)
        for height in panel["levels"]:
            axes.axhline(height, color="0.5", linewidth=0.8)
        for place in panel["moments"]:
            axes.axvline(place, color="0.5", linewidth=0.8)
        set_axis(axes, "x", panel["x"])
        set_axis(axes, "y", panel["y"])
    if axes.get_legend_handles_labels()[1]:
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))


def draw(picture):
    (rows, columns), (width, height) = picture["cells"], picture["cell"]
    figure = plt.figure(figsize=(columns * width / 110, rows * height / 110), layout="constrained")
    grid = figure.add_gridspec(rows, columns)
    for panel in picture["panels"]:
        row, column, tall, wide = panel["place"]
        place = grid[row : row + tall, column : column + wide]
        draw_panel(figure.add_subplot(place, projection="3d" if panel["orbits"] else None), panel)
    figure.suptitle(picture["title"], wrap=True)
    return figure


def main():
    pictures = json.loads((HERE / "figure.json").read_text(encoding="utf-8"))
    parser = argparse.ArgumentParser(description="Draws the pictures of this folder with matplotlib.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"pictures: {', '.join(pictures)} (default: all)")
    parser.add_argument("-f", "--format", default="pdf", help="pdf, svg, png (default: pdf)")
    arguments = parser.parse_args()
    for name in arguments.names or pictures:
        if name not in pictures:
            parser.error(f"no picture '{name}': {', '.join(pictures)}")
        figure = draw(pictures[name])
        figure.savefig(HERE / f"{name}.matplotlib.{arguments.format}", dpi=200)
        plt.close(figure)


if __name__ == "__main__":
    main()

"""How these notebooks draw: with Altair, on light and on dark pages, and without the network."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from pandas.io.formats.style import Styler

GREY = "#858585"
"""Letters and lines that are read on white and on black."""
OTHER = "all others"
MOST_COLOURS = 8
"""More than these cannot be told apart in a legend."""
MOST_DOTS = 2500
"""In one chart; a page with more gets slow, and t-SNE takes minutes."""


def shown(spec: dict[str, Any], **_: object) -> dict[str, Any]:
    """What JupyterLab draws itself. Altair's own renderers load Vega from a host on the web.

    JupyterLab has Vega-Lite 5 and Altair writes 6; for what is drawn here they are the same language.
    """
    of_any_version = {key: value for key, value in spec.items() if key != "$schema"}
    return {"application/vnd.vegalite.v5+json": of_any_version, "text/plain": "<a chart>"}


@alt.theme.register("pages", enable=True)
def plain() -> alt.theme.ThemeConfig:
    """No background, and letters that are read on any."""
    letters = {"labelColor": GREY, "titleColor": GREY}
    return {
        "config": {
            "background": "transparent",
            "view": {"stroke": None, "continuousWidth": 560, "discreteWidth": 560},
            "axis": {**letters, "domainColor": GREY, "tickColor": GREY, "gridColor": GREY, "gridOpacity": 0.2,
                     "labelLimit": 260, "titleFontWeight": "normal"},
            "axisQuantitative": {"tickCount": 6},
            "legend": {**letters, "labelLimit": 220, "titleFontWeight": "normal"},
            "header": letters,
            "title": {"color": GREY, "anchor": "start", "fontWeight": "normal"},
            "text": {"color": GREY},
            "rule": {"color": GREY},
        }
    }  # fmt: skip


def few(names: pd.Series[str], most: int = MOST_COLOURS) -> pd.Series[str]:
    """The names, but all except the most frequent as one, so that each has a colour of its own."""
    kept = list(names.value_counts().index[:most])
    return names.where(names.isin(kept), OTHER)


def colours(names: pd.Series[str], title: str, **more: Any) -> alt.Color:
    """A colour for each of :func:`few` names, the most frequent first, and grey for the others."""
    order = [name for name in names.value_counts().index if name != OTHER]
    palette = ["#4c78a8", "#f58518", "#54a24b", "#e45756", "#72b7b2", "#b279a2", "#d6a400", "#9d755d"]
    scale = alt.Scale(domain=[*order, OTHER], range=[*palette[: len(order)], GREY])
    if OTHER not in set(names):
        scale = alt.Scale(domain=order, range=palette[: len(order)])
    return alt.Color(f"{names.name}:N", title=title, scale=scale, **more)


def some(count: int, most: int = MOST_DOTS) -> np.ndarray:
    """Which of so many rows are drawn: all, or every so many-th, so that a chart stays quick."""
    return np.linspace(0, count - 1, min(count, most)).astype(int)


def short(text: str, most: int = 60) -> str:
    """A text on one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def plain_table(frame: pd.DataFrame) -> Styler:
    """A table to be read: texts begin on the left and stay texts, numbers have two places, rows no number."""
    left = [{"selector": "th, td", "props": "text-align: left; vertical-align: top"}]
    return (
        frame.style.hide(axis="index").format(precision=2, escape="html").set_table_styles(left).set_uuid("t")
    )


alt.renderers.register("jupyterlab-itself", shown)
alt.renderers.enable("jupyterlab-itself")

"""Matplotlib as a quiet SVG pen: no global state, the page's own colours and type, the same bytes every time."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Stand-ins that matplotlib draws with; the page's style sheet says what they look like in light and in dark.
INK, FAINT = "#010101", "#020202"
SERIES = ("#030301", "#030302", "#030303", "#030304", "#030305", "#030306")
_VARIABLES = {INK: "var(--soft)", FAINT: "var(--line)"} | {c: f"var(--series-{i})" for i, c in enumerate(SERIES, 1)}


@dataclass(frozen=True)
class Drawing:
    """A figure as a page wants it: inline SVG and what stands around it.

    Args:
        title: heading of the figure.
        svg: safe markup from :func:`draw`.
        legend: colour number and label of every series, where the title alone does not say it.
        description: the figure in words.
    """

    title: str
    svg: str
    legend: list[tuple[int, str]]
    description: str


def draw(
    paint: Callable[[Axes], None],
    *,
    name: str,
    title: str,
    description: str,
    size: tuple[float, float] = (4.8, 2.9),
) -> str:
    """Draw on fresh axes and give back inline SVG.

    Args:
        paint: puts the marks on the axes, in the colours ``INK``, ``FAINT`` and ``SERIES``.
        name: unique on the page; every id of the figure starts with it.
        title: accessible name.
        description: what the figure shows, in words, for who cannot see it.
        size: width and height in inches of 72 units.
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    file = io.StringIO()
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # a user's own matplotlibrc must not restyle the page
        matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "burnish", "font.size": 10})
        figure = Figure(figsize=size, layout="constrained", facecolor="none")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot(facecolor="none")
        axes.grid(True, color=FAINT, linewidth=0.7)
        axes.set_axisbelow(True)
        axes.tick_params(colors=INK, length=0, labelsize=10)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.spines["bottom"].set_color(FAINT)
        paint(axes)
        for label in (axes.xaxis.label, axes.yaxis.label):
            label.set_color(INK)
        figure.savefig(file, format="svg", metadata={"Date": None})
    return inline(file.getvalue(), name=name, title=title, description=description)


def tick(value: float) -> str:
    """The label of a tick: short, exact, and without mathematics.

    >>> tick(15000), tick(-0.5), tick(2e-5), tick(2500000)
    ('15k', '-0.5', '2e-5', '2.5M')
    """
    size = abs(value)
    if 1e4 <= size < 1e9:
        return f"{value / 1e6:g}M" if size >= 1e6 else f"{value / 1e3:g}k"
    return f"{value:g}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")


def inline(svg: str, *, name: str, title: str, description: str) -> str:
    """Make matplotlib's SVG document a well-behaved part of an HTML page."""
    view_box = re.search(r'viewBox="([^"]*)"', svg)
    body = svg[svg.index(">", svg.index("<svg")) + 1 :]
    body = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<!--.*?-->", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="', f'id="{name}-', body)
    body = re.sub(r'(?:xlink:)?href="#', f'href="#{name}-', body)
    body = body.replace("url(#", f"url(#{name}-")
    body = re.sub(r"font(-family)?: (\d[\d.]*px )?[^;\"]*DejaVu[^;\"]*", lambda m: _font(m[2]), body)
    body = re.sub(r"#0[1-3]\d{4}", lambda match: _VARIABLES.get(match[0], match[0]), body)
    box = view_box[1] if view_box else "0 0 1 1"
    head = (
        f'<svg viewBox="{box}" role="img" aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{html.escape(title)}</title><desc id="{name}-desc">{html.escape(description)}</desc>'
    )
    return re.sub(r"\n\s*", "\n", head + body).strip()


def _font(size: str | None) -> str:
    return f"font-size: {size.strip()}" if size else "font-family: inherit"

"""Horizontal bar charts, one below the other, as an SVG; readable on light and on dark.

Equal charts give equal bytes. The picture has its own paper, which follows the reader's colour
scheme together with what is on it.
"""

import math
from dataclasses import dataclass
from html import escape

WIDTH, MARGIN = 840, 24
BARS, LONGEST = 300, 330  # where bars begin, and how long they may be
PITCH, THICK, GAP = 15, 11, 10
EDGE = 3  # that a bar leaves free, above and below, of the one behind it
HEAD, FOOT = 60, 40  # above the groups of a chart, below the last chart
STYLE = """
text { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #24292f }
.title { font-size: 17px; font-weight: 600 }
.group { font-weight: 600 }
.note, .label, .tick { fill: #57606a }
.label { text-anchor: end }
.tick { font-size: 10px; text-anchor: middle }
.value { paint-order: stroke; stroke: #ffffff; stroke-width: 4px }
.paper { fill: #ffffff; stroke: #d0d7de }
.grid { stroke: #d8dee4 }
.bar { fill: #2f6fb3 }
.more { fill: #a9cbea }
.beside { fill: #8c959f }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.note, .label, .tick { fill: #9198a1 }
.value { stroke: #0d1117 }
.paper { fill: #0d1117; stroke: #3d444d }
.grid { stroke: #30363d }
.bar { fill: #4c97e0 }
.more { fill: #28507e }
.beside { fill: #6e7681 }
}
"""


@dataclass
class Line:
    """Bars over one another, and what is written before and after them.

    The last is in front, and so much thinner that those behind it are seen however long it is.
    """

    label: str
    bars: list  # [(class, value)]
    text: str


@dataclass
class Chart:
    """A question and its answer."""

    title: str
    note: str
    groups: list  # [(name, lines)], none without lines
    decades: int = 0  # bars end on a logarithmic scale of so many; 0: on a linear one

    @property
    def height(self):
        return HEAD + GAP + sum(len(lines) * PITCH + GAP for _, lines in self.groups)

    @property
    def most(self):
        return max((value for _, lines in self.groups for line in lines for _, value in line.bars),
                   default=1)

    def length(self, value):
        """Of a bar."""
        if self.decades == 0:
            return LONGEST * value / self.most
        above = math.log10(value) - math.ceil(math.log10(self.most)) + self.decades
        return LONGEST * max(above, 0) / self.decades

    def ticks(self):
        """The powers of ten that the scale shows."""
        top = math.ceil(math.log10(self.most))
        return [10 ** power for power in range(top - self.decades, top + 1) if self.decades]


def text(x, y, words, kind=""):
    kind = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{kind}>{escape(words)}</text>'


def bar(y, length, kind, thick):
    return (f'<rect class="{kind}" x="{BARS}" y="{y:.1f}" width="{max(length, 1):.1f}" '
            f'height="{thick}" rx="2"/>')


def line_parts(chart, line, y):
    """One line."""
    yield text(BARS - 8, y + THICK - 1, line.label, "label")
    for index, (kind, value) in enumerate(line.bars):
        yield bar(y + index * EDGE, chart.length(value), kind, THICK - 2 * index * EDGE)
    end = BARS + max(chart.length(value) for _, value in line.bars)
    yield text(end + 8, y + THICK - 1, line.text, "value")


def grid_parts(chart, y):
    """The scale, where bars are not as long as what they stand for."""
    for value in chart.ticks():
        x = BARS + chart.length(value)
        yield (f'<line class="grid" x1="{x:.1f}" y1="{y + HEAD - 5}" x2="{x:.1f}" '
               f'y2="{y + chart.height - GAP}"/>')
        yield text(x, y + HEAD - 8, f"{value:,}", "tick")


def chart_parts(chart, y):
    """One chart, from y on."""
    yield text(MARGIN, y + 18, chart.title, "title")
    yield text(MARGIN, y + 36, chart.note, "note")
    yield from grid_parts(chart, y)
    y += HEAD
    for name, lines in chart.groups:
        yield text(MARGIN, y + THICK - 1, name, "group")
        for line in lines:
            yield from line_parts(chart, line, y)
            y += PITCH
        y += GAP


def picture(charts, foot):
    """The SVG of charts, and a sentence below them."""
    height = MARGIN + sum(chart.height + GAP for chart in charts) + FOOT
    parts, y = [], MARGIN
    for chart in charts:
        parts += chart_parts(chart, y)
        y += chart.height + GAP
    parts.append(text(MARGIN, y + FOOT / 2 - GAP, foot, "note"))
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img">',
        f"<title>{escape('; '.join(chart.title for chart in charts))}</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="paper" x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1}" rx="6"/>',
        *parts, "</svg>", ""])

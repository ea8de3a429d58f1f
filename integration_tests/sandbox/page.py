"""The look of the pages at /, and what they have in common."""

from html import escape
from urllib.parse import urlencode

from sandbox import exact_json
from sandbox.server import Reply

EXCERPT = 160

STYLE = """
:root { color-scheme: light dark; --line: #8883; --faint: #888; --head: #8881; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1.1rem; margin: 2.2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .3rem; }
p { margin: .3rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem .3rem 0; text-align: left;
  vertical-align: top; overflow-wrap: anywhere; }
th { font-weight: 600; background: var(--head); padding-left: .3rem; }
td { padding-left: .3rem; }
code { font: .85rem ui-monospace, monospace; }
.faint { color: var(--faint); }
.figures { display: flex; flex-wrap: wrap; gap: .4rem 1.8rem; margin: 1rem 0; }
.figures b { display: block; font-size: 1.3rem; line-height: 1.2; }
.tag { display: inline-block; border: 1px solid var(--line); border-radius: .6rem;
  padding: 0 .5rem; margin: 0 .2rem .2rem 0; font-size: .8rem; }
.number { font-variant-numeric: tabular-nums; }
th small { display: block; font-weight: 400; color: var(--faint); }
.wide { overflow-x: auto; }
nav a, nav b { margin-right: 1rem; }
"""

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{refresh}<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
<p class="faint">{remark}</p>
<div class="figures">{figures}</div>
<h2>Connect to it</h2>
<table>{identities}</table>
{body}
</body>
</html>
"""


def render(query, title, remark, counts, identities, body, style=""):
    """A page as a reply. identities: (field, value, remark); body: HTML."""
    refresh = query.get("refresh", "")
    html = PAGE.format(
        refresh=f'<meta http-equiv="refresh" content="{refresh}">\n' if refresh.isdecimal() else "",
        title=escape(title), remark=escape(remark), style=STYLE + style, figures=figures(counts),
        identities=identity_rows(identities), body=body)
    return Reply(200, html.encode(errors="replace"), "text/html; charset=UTF-8",
                 {"Cache-Control": "no-store"})


def figures(counts):
    """The totals, largest type on the page."""
    return "".join(
        f"<div><b>{value:,}</b>{escape(name.replace('_', ' '))}</div>"
        for name, value in counts.items())


def identity_rows(lines):
    """What to put into a connector's configuration."""
    return "".join(
        f"<tr><td>{escape(name)}</td><td><code>{escape(value)}</code></td>"
        f'<td class="faint">{escape(remark)}</td></tr>' for name, value, remark in lines)


def nothing():
    return '<p class="faint">None yet.</p>'


def link(query, text, anchor=""):
    """To this page with another query."""
    return f'<a href="/?{escape(urlencode(query))}{anchor}">{escape(text)}</a>'


def first_of(query, name="from"):
    """The number of the first object to show."""
    text = query.get(name, "")
    return int(text) if text.isdecimal() else 0


def paging(query, shown, total, size, name="from", anchor=""):
    """Links to the objects before and after those shown, and which these are; "" if all are."""
    first = first_of(query, name)
    if first == 0 and shown >= total:
        return ""
    links = [f"<b>{first + 1:,} to {first + shown:,}</b>"]
    if first > 0:
        links.insert(0, link({**query, name: max(0, first - size)}, "previous", anchor))
    if first + shown < total:
        links.append(link({**query, name: first + size}, "next", anchor))
    return "".join(links)


def cell(value):
    """A cell of a table; null is shown as such."""
    if value is None:
        return '<td class="faint">null</td>'
    if isinstance(value, exact_json.Number):
        return f'<td class="number">{shorten(value, 80)}</td>'
    return f"<td>{shorten(value if isinstance(value, str) else exact_json.write(value), 80)}</td>"


def shorten(text, length=EXCERPT):
    """The beginning of a text, escaped."""
    text = text if len(text) <= length else text[:length] + "…"
    return escape(text)

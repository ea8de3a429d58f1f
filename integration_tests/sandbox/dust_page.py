"""The page at / of the Dust sandbox: what it holds, as plain HTML.

`/?source=dts_global01` shows another data source, `&from=100` the next documents, `&refresh=2`
reloads every two seconds.
"""

import json
from html import escape
from urllib.parse import parse_qs, urlencode

from sandbox.server import Reply

DOCUMENTS_SHOWN = 100
ROWS_SHOWN = 10
COLUMNS_SHOWN = 10
EXCERPT = 160

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{refresh}<title>Dust sandbox</title>
<style>
:root {{ color-scheme: light dark; --line: #8883; --faint: #888; --head: #8881; }}
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto;
  padding: 0 1rem; }}
h1 {{ font-size: 1.5rem; margin: 0; }}
h2 {{ font-size: 1.1rem; margin: 2.2rem 0 .5rem; }}
h3 {{ font-size: 1rem; margin: 1.4rem 0 .3rem; }}
p {{ margin: .3rem 0; }}
table {{ border-collapse: collapse; width: 100%; font-size: .9rem; }}
th, td {{ border-bottom: 1px solid var(--line); padding: .3rem .6rem .3rem 0; text-align: left;
  vertical-align: top; overflow-wrap: anywhere; }}
th {{ font-weight: 600; background: var(--head); padding-left: .3rem; }}
td {{ padding-left: .3rem; }}
code {{ font: .85rem ui-monospace, monospace; }}
.faint {{ color: var(--faint); }}
.figures {{ display: flex; flex-wrap: wrap; gap: .4rem 1.8rem; margin: 1rem 0; }}
.figures b {{ display: block; font-size: 1.3rem; line-height: 1.2; }}
.tag {{ display: inline-block; border: 1px solid var(--line); border-radius: .6rem;
  padding: 0 .5rem; margin: 0 .2rem .2rem 0; font-size: .8rem; }}
.wide {{ overflow-x: auto; }}
.documents {{ table-layout: fixed; }}
.documents th:nth-child(-n+3) {{ width: 22%; }}
nav a, nav b {{ margin-right: 1rem; }}
</style>
</head>
<body>
<h1>Dust sandbox</h1>
<p class="faint">A stand-in for the data-source API of Dust, for tests and demonstrations.</p>
<div class="figures">{figures}</div>
<h2>Connect to it</h2>
<table>{identities}</table>
<h2>Data source</h2>
<nav>{sources}</nav>
<h2>Tables ({table_count})</h2>
{tables}
<h2 id="documents">Documents ({document_count})</h2>
{documents}
</body>
</html>
"""


def render(dust, call):
    """The page for one data source."""
    query = {name: values[-1] for name, values in parse_qs(call.query).items()}
    workspace = dust.identities.workspace
    source = workspace.source(query.get("source", "")) or workspace.sources[0]
    contents = dust.store.contents(source.id)
    first = int(query["from"]) if query.get("from", "").isdecimal() else 0
    refresh = query.get("refresh", "")
    html = PAGE.format(
        refresh=f'<meta http-equiv="refresh" content="{refresh}">\n' if refresh.isdecimal() else "",
        figures=figures(dust.control_counts()),
        identities=identities(dust, call),
        sources=source_links(workspace, source),
        table_count=f"{len(contents.tables):,}",
        tables="".join(map(table_section, contents.tables.values())) or nothing(),
        document_count=f"{len(contents.documents):,}",
        documents=document_section(dust.store, source, len(contents.documents), first) or nothing())
    body = html.encode(errors="replace")
    return Reply(200, body, "text/html; charset=UTF-8", {"Cache-Control": "no-store"})


def nothing():
    return '<p class="faint">None yet.</p>'


def figures(counts):
    """The totals, largest type on the page."""
    return "".join(
        f"<div><b>{value:,}</b>{escape(name.replace('_', ' '))}</div>"
        for name, value in counts.items())


def identities(dust, call):
    """What to put into a connector's configuration."""
    host = call.headers.get("Host", "127.0.0.1")
    lines = [("base_url", f"http://{host}", "")]
    for key in dust.identities.keys.values():
        if key.workspace == dust.identities.workspace.id:
            lines.append(("api_key", key.secret, "" if key.builder else "may only read"))
        else:
            lines.append(("api_key", key.secret, f"of another workspace, {key.workspace}"))
    lines.append(("workspace_id", dust.identities.workspace.id, ""))
    for space in dust.identities.workspace.spaces:
        lines.append(("space_id", space.id, f"{space.name}, {space.kind}"))
    for source in dust.identities.workspace.sources:
        managed = ", managed: writes are refused" if source.connector_id else ""
        lines.append(("data_source_id", source.id, f"{source.name}, in {source.space}{managed}"))
    return "".join(
        f"<tr><td>{escape(name)}</td><td><code>{escape(value)}</code></td>"
        f'<td class="faint">{escape(remark)}</td></tr>' for name, value, remark in lines)


def source_links(workspace, chosen):
    """One link per data source."""
    return "".join(
        f"<b>{escape(one.id)}</b>" if one is chosen else link({"source": one.id}, one.id)
        for one in workspace.sources)


def link(query, text, anchor=""):
    return f'<a href="/?{escape(urlencode(query))}{anchor}">{escape(text)}</a>'


def shorten(text, length=EXCERPT):
    text = text if len(text) <= length else text[:length] + "…"
    return escape(text)


def document_section(store, source, total, first):
    """A page of the documents, newest timestamp first."""
    documents = store.list_documents(source.id, None, DOCUMENTS_SHOWN, first)
    if not documents:
        return ""
    rows = "".join(
        f"<tr><td><code>{shorten(one.id)}</code></td><td>{shorten(one.title)}</td>"
        f"<td>{''.join(f'<span class=tag>{shorten(tag, 60)}</span>' for tag in one.tags[:12])}</td>"
        f'<td class="faint">{shorten(one.text)}</td></tr>' for one in documents)
    links = []
    if first > 0:
        before = max(0, first - DOCUMENTS_SHOWN)
        links.append(link({"source": source.id, "from": before}, "previous", "#documents"))
    links.append(f"<b>{first + 1:,} to {first + len(documents):,}</b>")
    if first + len(documents) < total:
        after = first + DOCUMENTS_SHOWN
        links.append(link({"source": source.id, "from": after}, "next", "#documents"))
    return (f"<nav>{''.join(links)}</nav>\n<table class=documents>"
            f"<tr><th>id<th>title<th>tags<th>text</tr>{rows}</table>")


def cell(value):
    """A row's value; null is shown as such, a date by its text."""
    if value is None:
        return '<span class="faint">null</span>'
    if isinstance(value, str):
        return shorten(value, 80)
    if isinstance(value, dict) and "string_value" in value:
        return shorten(value["string_value"], 80)
    return shorten(json.dumps(value), 80)


def table_section(table):
    """A table: its columns with types, and its first rows."""
    columns = table.schema.to_json() if table.schema else []
    shown = columns[:COLUMNS_SHOWN]
    head = "".join(
        f"<th>{shorten(one['name'], 40)} <span class=faint>{one['value_type']}</span>"
        for one in shown)
    rows = "".join(
        f"<tr><td><code>{shorten(row_id, 40)}</code></td>"
        + "".join(f"<td>{cell(row.get(one['name']))}</td>" for one in shown) + "</tr>"
        for row_id, row in list(table.rows.items())[:ROWS_SHOWN])
    remarks = [f"{len(table.rows):,} rows", f"{len(columns)} columns"]
    if table.pending:
        remarks.append(f"{len(table.pending)} updates waiting to be merged")
    if table.dropped:
        remarks.append(f"{table.dropped} updates dropped")
    if len(columns) > len(shown):
        remarks.append(f"first {len(shown)} columns shown")
    return (f"<h3>{shorten(table.title)} <code class=faint>{shorten(table.id)}</code></h3>\n"
            f'<p class="faint">{", ".join(remarks)}. {shorten(table.description)}</p>\n'
            f'<div class="wide"><table><tr><th>row id{head}</tr>{rows}</table></div>\n')

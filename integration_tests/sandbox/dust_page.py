"""The page at / of the Dust sandbox: what it holds, as plain HTML.

`/?source=dts_global01` shows another data source, `&from=100` the next documents, `&refresh=2`
reloads every two seconds.
"""

import json
from html import escape
from urllib.parse import parse_qs

from sandbox import page
from sandbox.page import shorten

DOCUMENTS_SHOWN = 100
ROWS_SHOWN = 10
COLUMNS_SHOWN = 10

BODY = """<h2>Data source</h2>
<nav>{sources}</nav>
<h2>Tables ({table_count})</h2>
{tables}
<h2 id="documents">Documents ({document_count})</h2>
{documents}"""
STYLE = """.documents { table-layout: fixed; }
.documents th:nth-child(-n+3) { width: 22%; }
"""


def render(dust, call):
    """The page for one data source."""
    query = {name: values[-1] for name, values in parse_qs(call.query).items()}
    workspace = dust.identities.workspace
    source = workspace.source(query.get("source", "")) or workspace.sources[0]
    contents = dust.store.contents(source.id)
    body = BODY.format(
        sources=source_links(workspace, source),
        table_count=f"{len(contents.tables):,}",
        tables="".join(map(table_section, contents.tables.values())) or page.nothing(),
        document_count=f"{len(contents.documents):,}",
        documents=document_section(dust.store, source, len(contents.documents), query)
        or page.nothing())
    return page.render(
        query, "Dust sandbox",
        "A stand-in for the data-source API of Dust, for tests and demonstrations.",
        dust.control_counts(), identities(dust, call), body, STYLE)


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
    return lines


def source_links(workspace, chosen):
    """One link per data source."""
    return "".join(
        f"<b>{escape(one.id)}</b>" if one is chosen else page.link({"source": one.id}, one.id)
        for one in workspace.sources)


def document_section(store, source, total, query):
    """A page of the documents, newest timestamp first."""
    documents = store.list_documents(
        source.id, None, DOCUMENTS_SHOWN, page.first_of(query))
    if not documents:
        return ""
    rows = "".join(
        f"<tr><td><code>{shorten(one.id)}</code></td><td>{shorten(one.title)}</td>"
        f"<td>{''.join(f'<span class=tag>{shorten(tag, 60)}</span>' for tag in one.tags[:12])}</td>"
        f'<td class="faint">{shorten(one.text)}</td></tr>' for one in documents)
    links = page.paging(query, len(documents), total, DOCUMENTS_SHOWN, anchor="#documents")
    return (f"<nav>{links}</nav>\n<table class=documents>"
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

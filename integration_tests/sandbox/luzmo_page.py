"""The page at / of the Luzmo sandbox: what it holds, as plain HTML.

`/?open=all` shows every dataset opened, `&from=200` the next datasets, `&refresh=2` reloads every
two seconds.
"""

from html import escape
from urllib.parse import parse_qs

from sandbox import page
from sandbox.luzmo_objects import english, now_ms
from sandbox.page import shorten

DATASETS_SHOWN = 200
OPENED = 5  # all of them, if there are not more than this
COLUMNS_SHOWN = 12
ROWS_SHOWN = 8
PUSHES_SHOWN = 5

STYLE = """details { border-top: 1px solid var(--line); padding: .45rem 0; }
summary { cursor: pointer; }
summary b { margin-right: .6rem; }
summary .tag { margin-left: .3rem; }
details[open] { padding-bottom: 1.2rem; }
"""


def render(luzmo, call):
    """The page."""
    query = {name: values[-1] for name, values in parse_qs(call.query).items()}
    datasets = [one for one in luzmo.store.securables.values() if one.is_dataset]
    first = page.first_of(query)
    shown = datasets[first:first + DATASETS_SHOWN]
    opened = len(datasets) <= OPENED or query.get("open") == "all"
    tags = tags_by_dataset(luzmo.store)
    sections = "".join(
        section(one, tags.get(one.id, ()), opened) for one in shown) or page.nothing()
    body = (f"<h2>Datasets ({len(datasets):,})</h2>\n"
            f"<nav>{links(query, len(shown), len(datasets))}</nav>\n{sections}"
            f"<h2>Tags ({len(luzmo.store.tags):,})</h2>\n{unused_tags(luzmo.store)}")
    return page.render(
        query, "Luzmo sandbox",
        "A stand-in for Luzmo's Core API, for tests and demonstrations.",
        luzmo.control_counts(), identities(luzmo, call), body, STYLE)


def identities(luzmo, call):
    """What to put into a connector's configuration."""
    host = call.headers.get("Host", "127.0.0.1")
    return [("api_host", f"http://{host}", ""), ("api_key", luzmo.identities.key, ""),
            ("api_token", luzmo.identities.token, "")]


def tags_by_dataset(store):
    """{dataset id: texts}"""
    result = {}
    for tag in store.tags.values():
        for securable_id in tag.links:
            result.setdefault(securable_id, []).append(tag.text)
    return result


def unused_tags(store):
    """The others are shown at their datasets."""
    unused = [tag.text for tag in store.tags.values() if not tag.links]
    if not unused:
        return '<p class="faint">None that no dataset has.</p>'
    return f"<p>{''.join(map(badge, unused[:DATASETS_SHOWN]))}</p>"


def badge(text):
    return f'<span class="tag">{shorten(text, 80)}</span>'


def links(query, shown, total):
    """To other pages, and to all datasets opened or closed."""
    result = page.paging(query, shown, total, DATASETS_SHOWN)
    if total > OPENED:
        closed = query.get("open") != "all"
        result += page.link({**query, "open": "all" if closed else "none"},
                            "open all" if closed else "close all")
    return result


def section(dataset, tags, opened):
    """A dataset: its columns with types, its first rows, its last pushes."""
    columns = dataset.ordered_columns()
    count = len(dataset.rows.cells)
    hidden = count - dataset.visible(now_ms())[1]
    remarks = [f"{count:,} rows", f"{len(columns)} columns"]
    if hidden > 0:
        remarks.append(f"{hidden:,} not visible yet")
    name = shorten(english(dataset.fields["name"]))
    return (
        f"<details{' open' if opened else ''}><summary><b>{name}</b>"
        f"<span class=faint>{', '.join(remarks)}</span>{''.join(map(badge, tags))}</summary>\n"
        f'<p class="faint"><code>{escape(dataset.id)}</code>, changed '
        f"{escape(dataset.fields['modified_at'])}</p>\n"
        f"{table(dataset, columns)}{pushes(dataset)}</details>\n")


def table(dataset, columns):
    """The first columns and rows."""
    if not columns:
        return page.nothing()
    shown = columns[:COLUMNS_SHOWN]
    head = "".join(
        f"<th>{shorten(one.source_name, 40)}<small>{escape(kind(one))}</small>" for one in shown)
    rows = dataset.rows.read(shown, ROWS_SHOWN)
    body = "".join(f"<tr>{''.join(map(page.cell, row))}</tr>" for row in rows)
    more = []
    if len(columns) > len(shown):
        names = ", ".join(f"{one.source_name} ({kind(one)})" for one in columns[COLUMNS_SHOWN:])
        more.append(f"{len(columns) - len(shown)} more columns: {shorten(names, 2000)}")
    if len(dataset.rows.cells) > len(rows):
        more.append(f"{len(dataset.rows.cells) - len(rows):,} more rows")
    remark = f'<p class="faint">{". ".join(more)}.</p>\n' if more else ""
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>\n{remark}'


def kind(column):
    """The type of a column, and its subtype."""
    subtype = column.fields["subtype"]
    return column.fields["type"] + (f", {subtype}" if subtype else "")


def pushes(dataset):
    """The last pushes, the latest first."""
    last = dataset.pushes[:-PUSHES_SHOWN - 1:-1]
    if not last:
        return ""
    number = len(dataset.pushes)
    rows = "".join(
        f'<tr><td class="number">{number - index}</td><td>{escape(one["type"])}</td>'
        f'<td class="number">{one["rows"]:,}</td>'
        f"<td>{'yes' if one['update_metadata'] else 'no'}</td>"
        f"<td>{shorten(', '.join(one['header'] or ['none']), 200)}</td></tr>"
        for index, one in enumerate(last))
    return (f"<p>Last pushes</p>\n<table><tr><th>number<th>type<th>rows<th>update metadata"
            f"<th>header</tr>{rows}</table>\n")

"""The page at / of the Pendo sandbox: what it holds, as plain HTML.

`/?visitors=100` shows the next visitors, `&accounts=100` the next accounts, `&refresh=2` reloads
every two seconds.
"""

from html import escape
from urllib.parse import parse_qs

from sandbox import page
from sandbox.page import shorten

RECORDS_SHOWN = 100
COLUMNS_SHOWN = 10
NO_VALUE = "<td></td>"


def render(pendo, call):
    """The page."""
    query = {name: values[-1] for name, values in parse_qs(call.query).items()}
    body = "".join(
        f"<h2>Fields of {name}</h2>\n{fields(pendo.store.fields[kind])}"
        f"<h2 id={name}>{title} ({len(pendo.store.records[kind]):,})</h2>\n"
        f"{records(pendo.store, kind, query, name)}"
        for kind, name, title in (("visitor", "visitors", "Visitors"),
                                  ("account", "accounts", "Accounts")))
    return page.render(
        query, "Pendo sandbox",
        "A stand-in for Pendo's API for metadata, for tests and demonstrations.",
        pendo.control_counts(), identities(pendo, call), body)


def identities(pendo, call):
    """What to put into a connector's configuration."""
    host = call.headers.get("Host", "127.0.0.1")
    keys = pendo.identities
    return [("base_url", f"http://{host}", f"keys of region {keys.region}"),
            ("integration_key", keys.key, ""),
            ("integration_key", keys.reader, "may only read")]


def fields(groups):
    """The fields of each group that has some."""
    rows = "".join(
        f"<tr><td>{escape(group)}</td><td>{''.join(map(field, members.values()))}</td></tr>"
        for group, members in groups.items() if members)
    return f"<table><tr><th>group<th>fields</tr>{rows}</table>\n"


def field(attributes):
    """A name and a type."""
    kind = attributes["Type"] or "any"
    deleted = ", deleted" if attributes["isDeleted"] else ""
    return (f'<span class="tag">{shorten(attributes["DisplayName"], 40)} '
            f'<span class="faint">{kind}{deleted}</span></span>')


def records(store, kind, query, name):
    """A page of the visitors or accounts, the latest change first."""
    everything = sorted(
        store.records[kind].values(), key=lambda one: one.updated_ms, reverse=True)
    start = page.first_of(query, name)
    shown = everything[start:start + RECORDS_SHOWN]
    if not shown:
        return page.nothing()
    columns = list(dict.fromkeys(
        (group, name) for one in shown for group, values in one.values.items() for name in values))
    head = "".join(f"<th>{shorten(name, 40)}<small>{escape(group)}</small>"
                   for group, name in columns[:COLUMNS_SHOWN])
    rows = "".join(row(one, columns[:COLUMNS_SHOWN]) for one in shown)
    links = page.paging(query, len(shown), len(everything), RECORDS_SHOWN, name, f"#{name}")
    more = len(columns) - COLUMNS_SHOWN
    remark = f'<p class="faint">{more} more fields.</p>\n' if more > 0 else ""
    return (f'<nav>{links}</nav>\n<div class="wide"><table><tr><th>id<th>updates{head}</tr>{rows}'
            f"</table></div>\n{remark}")


def row(record, columns):
    """A visitor or an account; a field that was never written is empty."""
    cells = "".join(
        page.cell(record.values[group][name]) if name in record.values.get(group, ())
        else NO_VALUE for group, name in columns)
    return (f"<tr><td><code>{shorten(record.id, 80)}</code></td>"
            f'<td class="number">{record.writes:,}</td>{cells}</tr>')

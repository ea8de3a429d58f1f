"""The page and the control endpoints of the Luzmo sandbox, besides those of server.py.

    datasets      GET all datasets in order of creation, ?name= those with this name:
                      id, name (the English text), names, subtype, tags (texts),
                      columns (in order: id, source_name, type, subtype, order, name),
                      rows (lists of cells in the order of the columns), and
                      pushes ({type, rows, update_metadata, header} each)
                  A number in a cell is a number if Python's json prints the same digits again,
                  else {"number": "0.1000"}: see exact_json.exact.
    tags          GET {text: [ids of datasets]}
    counts        GET totals; late: changes that readers do not see yet
    settings      GET, or POST {name: value} to change some of `Settings`; after
                  a change of rate, burst or rate_window all buckets are full
    put           POST {name, tags, columns, rows, owner}, all optional: a dataset past the API.
                  name is a text or {"en": text}; without it only the tags are made. A column is a
                  name, its type told from the rows, or {source_name, type, subtype}. owner "other":
                  somebody else's. Answers the dataset as `datasets` does
"""

from urllib.parse import parse_qs

from sandbox import exact_json, luzmo_page
from sandbox.luzmo_detection import described, detect
from sandbox.luzmo_objects import OTHER_USER, USER, Column, Securable, Tag, english, now_ms


RATES = {"rate", "burst", "rate_window"}


class ControlEndpoints:
    """For a service with `store`, `settings`, `counters` and `buckets`."""

    def control_settings(self, call):
        if call.method == "POST":
            values = exact_json.ordinary(exact_json.parse(call.body))
            self.settings.change(values)
            if RATES & set(values):
                self.buckets.clear()
        return vars(self.settings)

    def control_datasets(self, call):
        name = parse_qs(call.query).get("name", [None])[0]
        return [self.shown(one) for one in self.store.securables.values()
                if one.is_dataset and name in (None, english(one.fields["name"]))]

    def shown(self, securable):
        """A dataset for tests to look at: all its rows, visible or not."""
        columns = securable.ordered_columns()
        fields = ("id", "source_name", "type", "subtype", "order")
        return {
            "id": securable.id, "name": english(securable.fields["name"]),
            "names": securable.fields["name"], "subtype": securable.fields["subtype"],
            "tags": [tag.text for tag in self.store.tags_of(securable)],
            "columns": [
                {**{name: column.fields[name] for name in fields},
                 "name": english(column.fields["name"])} for column in columns],
            "rows": exact_json.exact(securable.rows.read(columns)), "pushes": securable.pushes}

    def control_tags(self, call):
        del call
        return {tag.text: list(tag.links) for tag in self.store.tags.values()}

    def control_counts(self, call=None):
        del call
        datasets = [one for one in self.store.securables.values() if one.is_dataset]
        return {
            "datasets": len(datasets), "columns": len(self.store.columns),
            "tags": len(self.store.tags), "rows": sum(len(one.rows.cells) for one in datasets),
            "late": self.store.late(now_ms()), **self.counters}

    def control_put(self, call):
        """Make what a test needs to be there."""
        wanted = exact_json.parse(call.body)
        unknown = set(wanted) - {"name", "tags", "columns", "rows", "owner"}
        if unknown:
            raise ValueError(f"put knows no {', '.join(unknown)}")
        return self.put(**wanted)

    def put(self, name=None, tags=(), columns=(), rows=(), owner=None):
        """A dataset past the API, as `datasets` shows it; without a name only tags."""
        at_ms = now_ms()
        tags = [self.tag_for(text, at_ms) for text in tags]
        if name is None:
            return {}
        securable = Securable.new(
            at_ms, OTHER_USER if owner == "other" else USER, subtype="api",
            name=name if isinstance(name, dict) else {"en": name})
        self.store.put(securable)
        for tag in tags:
            self.store.link(tag, securable, at_ms)
        for order, column in enumerate(columns):
            self.store.join(put_column(column, order, rows, at_ms), securable, at_ms)
        self.store.add_rows(securable, list(rows), None, at_ms)
        return self.shown(securable)

    def page(self, call):
        return luzmo_page.render(self, call)

    def tag_for(self, text, at_ms):
        """The tag with this text, made if need be."""
        tag = self.store.tag_named(text)
        if tag is None:
            tag = Tag.new(at_ms, tag=text)
            self.store.put(tag)
        return tag


def put_column(column, order, rows, at_ms):
    """A column of `put`."""
    if isinstance(column, str):
        kind = described(*detect(row[order] for row in rows if order < len(row)))
        return Column.new(at_ms, source_name=column, name={"en": column}, order=order, **kind)
    name = column["source_name"]
    kind = described(column.get("type", "hierarchy"), column.get("subtype"))
    return Column.new(at_ms, source_name=name, name={"en": name}, order=order, **kind)

"""The page and the control endpoints of the Pendo sandbox, besides those of server.py.

    visitors, accounts  GET {id: {group: {field: value}, "writes": n}}: what was written, and how
                        often by a call of the API; ?id= only this one.
                        A number is one if Python's json prints the same digits again, else
                        {"number": "0.1000"}: see exact_json.exact
    fields              GET {kind: {group: {name: type}}}
    counts              GET totals
    settings            GET, or POST {name: value} to change some of `Settings`
    put                 POST {visitors, accounts, fields}, all optional, past the API:
                        visitors and accounts {id: {group: {field: value}}}, or a list of ids;
                        fields {kind: {group: {name: type, or attributes}}}, of any group
"""

from urllib.parse import parse_qs

from sandbox import exact_json, pendo_page
from sandbox.pendo_store import KINDS, Record


class ControlEndpoints:
    """For a service with `store`, `settings` and `counters`."""

    def control_settings(self, call):
        if call.method == "POST":
            self.settings.change(exact_json.ordinary(exact_json.parse(call.body)))
        return vars(self.settings)

    def control_visitors(self, call):
        return self.shown("visitor", call)

    def control_accounts(self, call):
        return self.shown("account", call)

    def shown(self, kind, call):
        """Records for tests to look at."""
        records = self.store.records[kind]
        wanted = parse_qs(call.query).get("id", records)
        return {identity: {**exact_json.exact(records[identity].values),
                           "writes": records[identity].writes}
                for identity in wanted if identity in records}

    def control_fields(self, call):
        del call
        return {kind: {group: {name: field["Type"] for name, field in fields.items()}
                       for group, fields in groups.items()}
                for kind, groups in self.store.fields.items()}

    def control_counts(self, call=None):
        del call
        return {"visitors": len(self.store.records["visitor"]),
                "accounts": len(self.store.records["account"]), **self.counters}

    def control_put(self, call):
        """Make what a test needs to be there."""
        wanted = exact_json.parse(call.body)
        unknown = set(wanted) - {"visitors", "accounts", "fields"}
        if unknown:
            raise ValueError(f"put knows no {', '.join(unknown)}")
        self.put(**wanted)
        return self.control_counts()

    def put(self, visitors=(), accounts=(), fields=None):
        """Visitors, accounts and fields past the API."""
        fields = exact_json.ordinary(fields or {})
        if set(fields) - set(KINDS):
            raise ValueError(f"fields are of {' or '.join(KINDS)}")
        for kind, groups in fields.items():
            for group, members in groups.items():
                for name, wanted in members.items():
                    self.store.put_field(kind, group, name, wanted)
        for kind, records in (("visitor", visitors), ("account", accounts)):
            for identity in records:
                values = records[identity] if isinstance(records, dict) else {}
                self.store.put(kind, Record(identity, values))

    def page(self, call):
        return pendo_page.render(self, call)

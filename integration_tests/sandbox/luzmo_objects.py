"""What the Luzmo sandbox holds: datasets with columns and rows, tags, and what links them.

The fields and their order are those of Luzmo's documented replies.
"""

import secrets
import time
import uuid
from datetime import datetime, timezone

ORGANIZATION = "88cd2e57-91fc-431b-97d0-ae21cba88c68"
USER = "0c4a2f9d-6f0e-4f0b-9d61-3a5f6f6d2f10"
OTHER_USER = "b7f4b1aa-1d1c-4c0e-8f1e-5b0c4f8a9e21"


def now_ms():
    return int(time.time() * 1000)


def timestamp(at_ms):
    """ISO 8601, UTC, milliseconds."""
    moment = datetime.fromtimestamp(at_ms / 1000, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03}Z"


def new_id():
    return str(uuid.uuid4())


def version_id(at_ms):
    """A UUIDv7: it starts with the time."""
    bits = at_ms << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=bits))


def english(localized):
    """The text of a localized name that a person reads first."""
    if not localized:
        return ""
    return localized.get("en", next(iter(localized.values())))


def seen(versions, at_ms):
    """The last version that readers see now, without its time; older ones are forgotten. A version
    begins with the time from which it is visible."""
    newest = max(number for number, version in enumerate(versions) if version[0] <= at_ms)
    del versions[:newest]
    return versions[0][1:]


class Rows:
    """Rows of a dataset. A column's cells stand at its slot, also when its order changes.

    Rows are only ever added; a replacement makes new Rows. A row ends where the columns ended when
    it came.
    """

    def __init__(self, columns=()):
        self.slots = {}
        self.cells = []
        self.add_columns(columns)

    def add_columns(self, columns):
        for column in columns:
            self.slots.setdefault(column.id, len(self.slots))

    def add(self, rows):
        self.cells += rows

    def read(self, columns, count=None):
        """The rows, or the first `count`, with the cells of these columns."""
        slots = [self.slots.get(column.id) for column in columns]
        return [[row[slot] if slot is not None and slot < len(row) else None for slot in slots]
                for row in self.cells[:count]]


class Securable:
    """A dataset, or a dashboard, which has no columns and no rows."""

    MODEL = "Securable"
    shown_ms = 0

    def __init__(self, fields, pushes=()):
        self.fields = fields
        self.columns = []  # as they were associated
        self.rows = Rows()
        self.versions = [(0, self.rows, 0)]  # (visible from, rows, how many of them)
        self.pushes = list(pushes)  # what was pushed, for tests to look at

    @classmethod
    def new(cls, at_ms, owner=USER, **fields):
        """One as the API makes it; fields override the usual ones."""
        at = timestamp(at_ms)
        usual = {
            "id": new_id(), "type": "dataset", "subtype": None, "name": None, "description": None,
            "contents": None, "css": None, "rows": 0, "featured": False, "modified_at": at,
            "transformation": None, "subtitle": None, "source_dataset": None,
            "source_sheet": None, "source_query": None, "cache": 0, "storage": "clickhouse",
            "is_variant": False, "migrated_rows": None, "uses_clickhouse_experimental": True,
            "meta_sync_interval": 1, "meta_sync_inherit": True, "meta_sync_enabled": True,
            "last_metadata_sync_at": None, "last_metadata_sync_attempt_at": None,
            "shared_storage_version": version_id(at_ms), "storage_location_override": None,
            "shared_storage_metadata": {"numeric": []}, "original_id": None, "created_at": at,
            "updated_at": at, "acceleration_id": None, "account_id": None, "template_id": None,
            "modifier_id": owner, "owner_id": owner, "source_template_id": None,
            "custom_metadata": None}
        return cls({**usual, **fields})

    @property
    def id(self):
        return self.fields["id"]

    @property
    def is_dataset(self):
        return self.fields["type"] == "dataset"

    def ordered_columns(self):
        """As the service shows them, and as cells are attributed to them by position."""
        return sorted(self.columns, key=lambda column: column.fields["order"])

    def visible(self, at_ms):
        """(rows, how many of them) that readers see now."""
        return seen(self.versions, at_ms)

    def to_json(self, at_ms, rows=None):
        """The API's form; rows: another count than what is visible."""
        numeric = [one.id for one in self.columns if one.fields["type"] == "numeric"]
        count = self.visible(at_ms)[1] if rows is None else rows
        return {
            **self.fields, "rows": count if self.is_dataset else None,
            "shared_storage_metadata": {"numeric": numeric}}


class Column:
    """A column; of no dataset until it is associated with one."""

    MODEL = "Column"
    shown_ms = 0

    def __init__(self, fields):
        self.fields = fields

    @classmethod
    def new(cls, at_ms, **fields):
        """One as the API makes it; fields override the usual ones."""
        at = timestamp(at_ms)
        usual = {
            "id": new_id(), "name": None, "description": None, "order": 0, "source_name": None,
            "type": "hierarchy", "subtype": None, "format": "", "informat": "hierarchy",
            "previous_datetime_informat": None, "color": "#3182bd", "prefix": None,
            "suffix": None, "isLabel": False, "minBound": None, "maxBound": None,
            "cardinality": None, "lowestLevel": 0, "highestLevel": 0, "minimum": None,
            "maximum": None, "expression": None, "derivation": None, "version": 0, "width": 170,
            "hierarchy_enabled": False, "ordering_enabled": False, "colors_enabled": True,
            "aggregation_type": "sum", "custom_aggregations": None, "custom_metadata": None,
            "duration_levels": None, "duration_format": "long", "created_at": at,
            "updated_at": at, "securable_id": None, "aggregation_id": None, "currency_id": None}
        column = cls({**usual, **fields})
        if column.fields["source_name"] is None:
            column.fields["source_name"] = english(column.fields["name"])
        return column

    @property
    def id(self):
        return self.fields["id"]

    @property
    def source_name(self):
        return self.fields["source_name"]

    def to_json(self, at_ms):
        del at_ms
        return dict(self.fields)


class Tag:
    """A tag of the organisation, with the datasets that have it."""

    MODEL = "Tag"

    def __init__(self, fields):
        self.fields = fields
        self.shown_ms = 0  # from when on readers see it
        self.links = {}  # securable id: the row of the join table
        self.versions = [(0, {})]  # (visible from, links)

    @classmethod
    def new(cls, at_ms, **fields):
        at = timestamp(at_ms)
        usual = {
            "tag": None, "id": new_id(), "organization_id": ORGANIZATION, "updated_at": at,
            "created_at": at, "category": None}
        return cls({**usual, **fields})

    @property
    def id(self):
        return self.fields["id"]

    @property
    def text(self):
        return self.fields["tag"]

    def note_links(self, from_ms):
        """The links changed; readers see that later."""
        self.versions.append((from_ms, dict(self.links)))

    def visible_links(self, at_ms):
        """The links that readers see now."""
        return seen(self.versions, at_ms)[0]

    def forget(self, securable_id):
        """The securable is gone."""
        for links in (self.links, *(links for _, links in self.versions)):
            links.pop(securable_id, None)

    def to_json(self, at_ms):
        del at_ms
        return dict(self.fields)

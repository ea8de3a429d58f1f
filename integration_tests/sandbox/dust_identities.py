"""The workspaces, keys, spaces and data sources the Dust sandbox starts with."""

from dataclasses import dataclass, field

CREATED = 1_700_000_000_000


@dataclass
class Space:
    """A space; the global one is what paths without a space mean."""

    id: str
    name: str
    kind: str

    def to_json(self):
        return {
            "createdAt": CREATED, "groupIds": [], "isRestricted": False, "kind": self.kind,
            "name": self.name, "sId": self.id, "updatedAt": CREATED,
        }


@dataclass
class DataSource:
    """A data source; with a connector it is managed, and keys cannot write to it."""

    number: int
    id: str
    name: str
    space: str
    connector_id: str = None
    connector_provider: str = None

    @property
    def core_id(self):
        return f"core_{self.id}"

    @property
    def internal_id(self):
        return f"internal_{self.id}"

    def to_json(self):
        return {
            "id": self.number, "sId": self.id, "createdAt": CREATED, "name": self.name,
            "description": None, "assistantDefaultSelected": self.connector_id is None,
            "dustAPIProjectId": "1", "dustAPIDataSourceId": self.core_id,
            "connectorId": self.connector_id, "connectorProvider": self.connector_provider,
            "editedByUser": None,
        }


@dataclass
class Workspace:
    """A workspace with its spaces and data sources."""

    id: str
    spaces: list = field(default_factory=list)
    sources: list = field(default_factory=list)

    def space(self, space_id):
        return next((space for space in self.spaces if space.id == space_id), None)

    def global_space(self):
        return next(space for space in self.spaces if space.kind == "global")

    def source(self, name_or_id):
        """By sId or by name, as the server finds it."""
        return next(
            (one for one in self.sources if name_or_id in (one.id, one.name)), None)


@dataclass
class Key:
    """An API key. A key that is not a builder's can read, not write."""

    secret: str
    workspace: str
    builder: bool


class Identities:
    """All of the above for one sandbox."""

    def __init__(self, workspace="W123456789", key="sk-5a4d0b0c1234"):
        own = Workspace(
            workspace,
            [Space("vlt_sandbox1", "Sandbox", "regular"),
             Space("vlt_global01", "Company Data", "global")],
            [DataSource(1, "dts_sandbox1", "sandbox", "vlt_sandbox1"),
             DataSource(2, "dts_managed1", "managed-notion", "vlt_sandbox1", "17", "notion"),
             DataSource(3, "dts_global01", "shared", "vlt_global01")])
        other = Workspace("W987654321", [Space("vlt_global02", "Company Data", "global")])
        self.workspaces = {one.id: one for one in (own, other)}
        self.workspace = own
        self.keys = {
            one.secret: one for one in (
                Key(key, own.id, True),
                Key("sk-0ead0000cafe", own.id, False),
                Key("sk-07e40000beef", other.id, True))
        }

"""Syncs into Luzmo that ask for something different each, with the requests they make.

A scenario starts from what `prepare` puts into an empty sandbox. Its batches are of two rows, with
a STATE after each, so that one of them is safe before the next is begun. `steps` are the requests
it makes when nothing fails: a test can fail any of them, and `test_luzmo_faults.py` asserts that
they are all.
"""

from dataclasses import dataclass, field

from connector import Source, catalog_of, properties
from luzmo import NAME, REPLACE, TAG, put, put_users, stream, write

# Texts that look like numbers: Luzmo's guess of their type is wrong, and is set right.
FIELDS = properties(id="integer", zip="string")
TYPED = [{"source_name": "id", "type": "numeric"}, {"source_name": "zip", "type": "hierarchy"}]
LOOK, PUSH, TYPES = "securable get", "data create", ["securable get", "column update"]
FIND, MAKE, LINK, OFF = "tag get", "tag create", "tag associate", "tag dissociate"
STRICT = {"duplicate_tag": "409", "associate_twice": "400", "dissociate_missing": "404"}


def data(start=11, count=5):
    """{"id": 11, "zip": "00011"}, ..."""
    return [{"id": number, "zip": f"{number:05}"} for number in range(start, start + count)]


def source_of(rows, namespace=None):
    """Pairs of records with a STATE after each, and COMPLETE."""
    source = Source()
    for at in range(0, len(rows), 2):
        source.records("users", rows[at:at + 2], namespace).state("users", namespace)
    if not rows:
        source.state("users", namespace)
    return source.complete("users")


def nothing(sandbox):
    """A first sync."""
    del sandbox


def old_rows(sandbox, tags=(TAG + "users",)):
    """A dataset of the stream, as an earlier sync left it."""
    put_users(sandbox, [1, "00001"], [2, "00002"], columns=TYPED, tags=tags)


def old_rows_without_zip(sandbox):
    """The same from before the source had a zip."""
    put_users(sandbox, [1, "a"], [2, "b"])


def marked_rows(sandbox):
    """The same after a reset."""
    old_rows(sandbox, [TAG + "users", REPLACE])


def orphan(sandbox):
    """What is left by a run that died after it made a dataset."""
    put(sandbox, None, tags=[TAG + "users"])
    put_users(sandbox, [1, "00001"], [2, "00002"], columns=["id", "zip"], tags=())
    put(sandbox, NAME + "others", tags=[TAG + "others"])


@dataclass
class Scenario:
    """A sync, and where it starts."""

    steps: list
    prepare: object = nothing
    rows: list = field(default_factory=data)
    mode: str = "append"
    namespace: str = None
    config: dict = field(default_factory=dict)

    @property
    def overwrites(self):
        """Whether its states are held back until its end."""
        return self.mode == "overwrite"

    @property
    def key(self):
        """What its tag ends with."""
        return (self.namespace or "") + "users"

    @property
    def catalog(self):
        return catalog_of(stream("users", self.mode, namespace=self.namespace, schema=FIELDS))

    @property
    def source(self):
        return source_of(self.rows, self.namespace)

    def start(self, sandbox, **settings):
        """Put there what is there before."""
        self.prepare(sandbox)
        sandbox.settings(rate=0, **settings)
        return sandbox

    def arguments(self, sandbox):
        """Configuration and catalog of a run."""
        return sandbox.config(flush_interval=2, **self.config), self.catalog

    def run(self, sandbox, lines=None, **options):
        """A whole run."""
        lines = self.source.lines if lines is None else lines
        return write(*self.arguments(sandbox), lines, **options)

    def safe_before(self, number):
        """How many states are acknowledged when request `number` (from 1) fails for good."""
        done = self.steps[:number - 1].count(PUSH)
        if done > 0 and self.steps[number - 1] != PUSH:
            done -= 1
        return 0 if self.overwrites else done


SCENARIOS = {
    "new": Scenario([LOOK, FIND, MAKE, PUSH, *TYPES, LINK, PUSH, PUSH]),
    "new-column": Scenario([LOOK, LOOK, PUSH, *TYPES, PUSH, PUSH], old_rows_without_zip),
    "append": Scenario([LOOK, LOOK, PUSH, PUSH, PUSH], old_rows),
    "marked": Scenario([LOOK, LOOK, PUSH, OFF, PUSH, PUSH], marked_rows),
    "overwrite": Scenario([LOOK, LOOK, PUSH, *TYPES, PUSH, PUSH], old_rows_without_zip,
                          mode="overwrite"),
    "marked-overwrite": Scenario([LOOK, LOOK, PUSH, OFF, PUSH, PUSH], marked_rows,
                                 mode="overwrite"),
    "first-batch": Scenario([LOOK, LOOK, PUSH, PUSH, PUSH], old_rows, mode="overwrite",
                            config={"overwrite_when": "first_batch"}),
    "new-overwrite": Scenario([LOOK, FIND, MAKE, PUSH, *TYPES, LINK, PUSH, PUSH],
                              mode="overwrite"),
    "adopted": Scenario([LOOK, LOOK, LOOK, FIND, MAKE, LINK, PUSH, PUSH, PUSH], old_rows,
                        namespace="shop"),
    "orphan": Scenario([LOOK, FIND, LOOK, LOOK, LOOK, PUSH, *TYPES, LINK, PUSH, PUSH], orphan),
    "reset": Scenario([LOOK, LOOK, FIND, MAKE, LINK], old_rows, rows=[], mode="overwrite"),
}

# Each request of each: ("new", 4), ...; for pytest.param with a readable id.
EVERY_REQUEST = [(name, number) for name, one in SCENARIOS.items()
                 for number in range(1, len(one.steps) + 1)]


def request_id(name, number):
    """new-4-data-create"""
    return f"{name}-{number}-{SCENARIOS[name].steps[number - 1].replace(' ', '-')}"


def held(sandbox):
    """All that a sandbox holds, apart from ids and times."""
    shown = []
    for one in sandbox.datasets():
        columns = [(each["source_name"], each["type"], each["subtype"]) for each in one["columns"]]
        shown.append((one["name"], sorted(one["tags"]), columns, one["rows"]))
    return shown, {text: len(ids) for text, ids in sandbox.control("tags").items()}

"""The Pendo connector in tests: runs of it, what its sandbox holds and what that was asked.

A test imports `filled_pendo` and `shared_pendo` from pendo_api, asks for `sandbox`, and begins with
the visitors v1, v2, v3, the accounts a1, a2 and the fields FIELDS.
"""

import functools

import connector
from connector import Source, catalog_of, properties, record, run

PENDO = "destination-pendo"
SCHEMA = properties(id="string", plan="string", age="integer", score="number", active="boolean",
                    since={"type": "string", "format": "date-time"}, anything="string")

# --- running --------------------------------------------------------------------------------------

Process = functools.partial(connector.Process, binary=PENDO)
write = functools.partial(run, PENDO, "write")


def check(sandbox, env=None, **config):
    """The connection status for a configuration."""
    return run(PENDO, "check", sandbox.config(**config), env=env).status


def discover(sandbox, env=None, **config):
    """The Result of a discover."""
    return run(PENDO, "discover", sandbox.config(**config), env=env)


def stream(name="visitors", mode="update", key="id", **more):
    """A configured stream; its fields are the id and FIELDS if nothing else is said."""
    more.setdefault("schema", SCHEMA)
    return connector.stream(name, mode, key, **more)


def sync(sandbox, streams, lines, /, env=None, **config):
    """A write of a stream, or of several; config may have a member `streams`."""
    streams = streams if isinstance(streams, list) else [streams]
    return write(sandbox.config(**config), catalog_of(*streams), lines, env=env)


def mapping(name="visitors", fields=None, **more):
    """One of the configuration's `streams`; fields: {field of the record: field in Pendo}."""
    one = {"stream": name, **more}
    if fields is not None:
        one["field_mappings"] = [
            {"source": source, "target": target} for source, target in fields.items()]
    return one


def with_state(data, name="visitors"):
    """Records and the STATE after them: a Source."""
    return Source().records(name, data).state(name)


def many(count, name="visitors"):
    """RECORD lines of u0, u1, ..., made as they are needed."""
    return (record(name, f'{{"id":"u{number}","age":{number}}}') for number in range(count))


# --- what it holds --------------------------------------------------------------------------------


def put_many(sandbox, count):
    """The visitors of `many`, made past the API."""
    sandbox.put(visitors=[f"u{number}" for number in range(count)])


def values(sandbox, identity="v1", group="custom"):
    """{field: value} of a visitor."""
    return sandbox.visitors()[identity].get(group, {})


def writes(sandbox):
    """{id: how often it was written} of the visitors that were."""
    return {name: one["writes"] for name, one in sandbox.visitors().items() if one["writes"]}


# --- what it was asked ----------------------------------------------------------------------------


def bulk_calls(sandbox, **members):
    """The bulk calls in order of arrival. members: status=200, kind="account", records=500."""
    return [one for one in sandbox.requests() if "records" in one
            and all(one.get(name) == value for name, value in members.items())]


def sizes(sandbox, **members):
    """How many records each of them had."""
    return [one["records"] for one in bulk_calls(sandbox, **members)]


def rule(match="", **fault):
    """A rule of a fault script for bulk calls; match: of its body."""
    return {"method": "POST", "path": r"/value\Z", "match": match, **fault}

"""The Luzmo connector in tests: runs of it, its sandbox, what that holds and what it was asked.

A test imports `empty_luzmo` and `shared_luzmo`, asks for `sandbox`, and begins with an empty one.
"""

import functools
import time

import pytest

import connector
from connector import TIME_SCALE, Source, catalog_of, properties, record, run
from harness import LUZMO_KEY, LUZMO_TOKEN, Sandbox

LUZMO = "destination-luzmo"
TAG = "[AIRBYTE - DO NOT DELETE] - "
REPLACE = TAG + "REPLACE DATA"
GENERATION = TAG + "GENERATION "
NAME = "Airbyte - "
ID_NAME = properties(id="integer", name="string")
ROWS_PER_PUSH = 10_000
PLATFORM = {"WORKER_JOB_ID": "7"}

# --- running --------------------------------------------------------------------------------------

Process = functools.partial(connector.Process, binary=LUZMO)
write = functools.partial(run, LUZMO, "write")


def check(sandbox, env=None, **config):
    """The connection status for a configuration."""
    return run(LUZMO, "check", sandbox.config(**config), env=env).status


def stream(name="users", mode="append", **more):
    """A configured stream; its fields are id and name if nothing else is said."""
    more.setdefault("schema", ID_NAME)
    return connector.stream(name, mode, **more)


def sync(sandbox, streams, lines, env=None, **config):
    """A write of a stream, or of several."""
    streams = streams if isinstance(streams, list) else [streams]
    return write(sandbox.config(**config), catalog_of(*streams), lines, env=env)


def with_state(name, data, namespace=None):
    """Records and the STATE after them: a Source."""
    return Source().records(name, data, namespace=namespace).state(name, namespace)


def ids(start, count):
    """Data with an id alone: {"id": 1}, ..."""
    return [{"id": number} for number in range(start, start + count)]


def many_ids(name, count, start=1):
    """RECORD lines made as they are needed."""
    return (record(name, f'{{"id":{number}}}') for number in range(start, start + count))


# --- the sandbox ----------------------------------------------------------------------------------


@pytest.fixture(name="shared", scope="module")
def shared_luzmo():
    """One sandbox per module; its seconds are as short as the connector's."""
    with Sandbox(None, "--rate-window", TIME_SCALE, service="luzmo") as sandbox:
        yield sandbox


@pytest.fixture(name="sandbox")
def empty_luzmo(shared):
    """The shared sandbox, empty."""
    return shared.reset()


def next_millisecond():
    """What the sandbox makes from now on is younger than what it made."""
    now = time.time_ns() // 1_000_000
    while time.time_ns() // 1_000_000 <= now:
        pass


def call(sandbox, resource, action, status=200, **members):
    """A call of ours to the API: the decoded reply."""
    body = {"action": action, "key": LUZMO_KEY, "token": LUZMO_TOKEN, "version": "0.1.0", **members}
    reply = sandbox.send("POST", f"/0.1.0/{resource}", body)
    assert reply.status == status, reply.body
    return reply.json if reply.body else None


# --- what it holds --------------------------------------------------------------------------------


def put(sandbox, name, columns=("id", "name"), rows=(), tags=(), **more):
    """A dataset that is there already, made past the API."""
    return sandbox.control("put", {
        "name": name, "columns": list(columns), "rows": list(rows), "tags": list(tags), **more})


def put_users(sandbox, *rows, tags=(TAG + "users",), **more):
    """The dataset of the stream users, as an earlier sync left it."""
    return put(sandbox, NAME + "users", rows=rows, tags=tags, **more)


def datasets(sandbox, key="users"):
    """All datasets that have the tag of a stream; key is its namespace and name as one text."""
    return [one for one in sandbox.datasets() if TAG + key in one["tags"]]


def dataset(sandbox, key="users"):
    """The only one that has it."""
    (one,) = datasets(sandbox, key)
    return one


def cells(sandbox, key="users"):
    """Its rows, as lists in the order of the columns."""
    return dataset(sandbox, key)["rows"]


def column(sandbox, name, key="users"):
    """All cells of a column."""
    names = columns(sandbox, key)
    return [row[names.index(name)] for row in cells(sandbox, key)]


def columns(sandbox, key="users"):
    """The names of its columns, in order."""
    return [one["source_name"] for one in dataset(sandbox, key)["columns"]]


def types(sandbox, key="users"):
    """{column: type}, or "type/subtype" where there is one."""
    return {one["source_name"]: "/".join(filter(None, (one["type"], one["subtype"])))
            for one in dataset(sandbox, key)["columns"]}


def pushes(sandbox, key="users"):
    """How its rows came: ["create 10", "append 5"]."""
    return [f'{one["type"]} {one["rows"]}' for one in dataset(sandbox, key)["pushes"]]


def updates(sandbox, key="users"):
    """Which of its pushes had update_metadata."""
    return [one["update_metadata"] for one in dataset(sandbox, key)["pushes"]]


def read_back(sandbox, key="users"):
    """Its rows as a dashboard gets them: [{column: value}]."""
    one = dataset(sandbox, key)
    reply = call(sandbox, "data", "get", find={
        "dimensions": [{"dataset_id": one["id"], "column_id": each["id"]}
                       for each in one["columns"]],
        "options": {"rollup_data": False}})
    names = [each["source_name"] for each in one["columns"]]
    return [{name: cell["id"] if isinstance(cell, dict) else cell
             for name, cell in zip(names, row)} for row in reply["data"]]


# --- what it was asked ----------------------------------------------------------------------------


def asked(sandbox, *what, **members):
    """The requests for any of these ("data create", "tag get"), all if there are none.

    members: type="append", dataset=..., tag=..., status=200.
    """
    return [one for one in sandbox.requests()
            if (not what or said(one) in what)
            and all(one.get(name) == value for name, value in members.items())]


def order_of(sandbox):
    """All requests in order of arrival: ["securable get", "data create", ...]."""
    return [said(one) for one in sandbox.requests()]


def said(request):
    """What it asks for; one that has only just arrived has not said so yet."""
    return f'{request.get("resource")} {request.get("action")}'


def rule(resource, action, match="", **fault):
    """A rule of a fault script for a kind of request; match: more of its body."""
    wanted = rf'"action":"{action}"' + (f"(?s:.*){match}" if match else "")
    return {"path": rf"/{resource}\Z", "match": wanted, **fault}


def refusal(status, message):
    """The members of a rule that answers as Luzmo's errors do."""
    return {"status": status, "body": {"type": {"code": status}, "code": status,
                                       "message": message}}

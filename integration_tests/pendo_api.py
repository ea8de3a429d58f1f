"""Calls to the Pendo sandbox, for tests of it and for what tests of the connector prepare.

A test imports `filled_pendo` and `shared_pendo`, asks for `sandbox`, and begins with a fresh one.
"""

import pytest

from harness import PENDO_KEY, Sandbox

API = "/api/v1"
FIELDS = {"plan": "string", "age": "integer", "score": "float", "active": "boolean",
          "since": "time", "anything": ""}


def send(sandbox, method, path, body=None, key=PENDO_KEY, **headers):
    """A request with a key."""
    return sandbox.send(method, API + path, body, {"x-pendo-integration-key": key, **headers})


def fill(sandbox, visitors=("v1", "v2", "v3"), accounts=("a1", "a2"), **fields):
    """Visitors and accounts, with the custom fields FIELDS and more."""
    custom = {"custom": {**FIELDS, **fields}, "agent": {"role": "string", "teams": "list"}}
    sandbox.put(visitors=visitors, accounts=accounts,
                fields={"visitor": custom, "account": custom})
    return sandbox


def visitor(identity, **values):
    """A record of a bulk call."""
    return {"visitorId": identity, "values": values}


def account(identity, **values):
    return {"accountId": identity, "values": values}


def update(sandbox, *records, kind="visitor", group="custom", query=""):
    """A bulk call; JSON text instead of records is sent as it is."""
    text = len(records) == 1 and isinstance(records[0], str)
    body = records[0].encode() if text else list(records)
    return send(sandbox, "POST", f"/metadata/{kind}/{group}/value{query}", body)


def aggregate(sandbox, *stages, source="visitors"):
    """A pipeline over a source."""
    return send(sandbox, "POST", "/aggregation", {
        "response": {"mimeType": "application/json"},
        "request": {"pipeline": [{"source": {source: None}}, *stages]}})


@pytest.fixture(name="shared", scope="module")
def shared_pendo():
    """One sandbox per module."""
    with Sandbox(None, service="pendo") as sandbox:
        yield sandbox


@pytest.fixture(name="sandbox")
def filled_pendo(shared):
    """The shared sandbox with three visitors, two accounts and a field of each type."""
    return fill(shared.reset())

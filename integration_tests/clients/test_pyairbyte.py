"""PyAirbyte, Airbyte's Python library, runs the connectors: what is said, stored and remembered."""

import json
from decimal import Decimal

import pytest

from connector import global_state, properties, record, state
from metadata import image_of
from pyairbyte import PyAirbyte
from services import SERVICES, connectors, specification

FIELDS = properties(id="integer", name="string", amount="number", big="integer", nothing="string",
                    deep="object", at={"type": ["null", "string"], "format": "date-time"})
where_overwrites_are_offered = pytest.mark.parametrize(
    "service", connectors("overwrite"), indirect=True)


@pytest.fixture(name="client", scope="module")
def pyairbyte(venv):
    """PyAirbyte."""
    with PyAirbyte(venv) as client:
        yield client


@pytest.fixture(name="service", params=SERVICES)
def each_connector(request):
    """A connector's service."""
    with SERVICES[request.param][0]() as service:
        yield service


class Sync:
    """A source's stream, written by PyAirbyte; the cache and its states stay from run to run."""

    def __init__(self, client, service, directory):
        self.client, self.service = client, service
        self.cache = directory / "cache.duckdb"
        self.seen = directory / "seen.json"
        self.stream = {
            "name": "users", "json_schema": FIELDS, "source_defined_primary_key": [["id"]],
            "supported_sync_modes": ["full_refresh", "incremental"],
            "source_defined_cursor": True, "default_cursor_field": ["id"]}

    def order(self, lines, strategy, *, end="COMPLETE", code=0, **more):
        """The arguments of a write; `end` and `code` are how the source ends."""
        source = {"catalog": {"streams": [self.stream]}, "seen": str(self.seen), "code": code,
                  "lines": [status("STARTED"), *lines, status(end)]}
        return {"config": self.service.config(), "source": source, "strategy": strategy,
                "cache": str(self.cache), "through_cache": False, "full_refresh": False, **more}

    def write(self, lines, strategy, **more):
        """A sync that must work; returns how many records went and the states that came back."""
        return self.client.do(
            "write", self.service.connector, **self.order(lines, strategy, **more))

    def fail(self, lines, strategy, **more):
        """A sync that must not."""
        return self.client.fail(
            "write", self.service.connector, **self.order(lines, strategy, **more))

    def seen_state(self):
        """The state the source got in the last run, None without one."""
        states = json.loads(self.seen.read_text(encoding="utf-8"))
        return None if not states else states[0]["stream"]["stream_state"]

    def rows(self):
        """The stored rows in the order of their ids."""
        return sorted(self.service.rows(), key=lambda row: row["id"])

    def ids(self):
        """The ids of the stored rows."""
        return [row["id"] for row in self.rows()]


@pytest.fixture(name="sync")
def new_sync(client, service, tmp_path):
    """A Sync."""
    return Sync(client, service, tmp_path)


def status(what):
    """A stream status of the source."""
    return json.dumps({"type": "TRACE", "trace": {
        "type": "STREAM_STATUS", "emitted_at": 1700000000000, "stream_status": {
            "stream_descriptor": {"name": "users"}, "status": what}}})


def users(*ids):
    """Records and the state after them."""
    return [*(record("users", {"id": one, "name": f"n{one}"}) for one in ids),
            state("users", ids[-1], len(ids))]


# --- what is said --------------------------------------------------------------------------------


def test_the_form_is_found(client, service):
    form = specification(service.connector)["connectionSpecification"]
    assert client.do("spec", service.connector) == form
    assert [one["type"] for one in client.messages()] == ["SPEC"]


def test_a_configuration_is_held_against_the_form(client, service):
    config = service.config()
    assert client.do("validate", service.connector, config=config) is None
    (secret,) = service.wrong
    del config[secret]
    error, text = client.fail("validate", service.connector, config=config)
    assert error == "AirbyteConnectorValidationFailedError"
    assert f"'{secret}' is a required" in text


def test_a_check_that_succeeds_is_believed(client, service):
    assert client.do("check", service.connector, config=service.config()) is None
    assert [one["type"] for one in client.messages()] == ["CONNECTION_STATUS"]


def test_a_check_that_fails_is_told_in_our_words(client, service):
    config = service.config(**service.wrong)
    error, text = client.fail("check", service.connector, config=config)
    assert error == "AirbyteConnectorCheckFailedError"
    (message,) = client.messages()
    assert message["connectionStatus"]["status"] == "FAILED"
    assert message["connectionStatus"]["message"] in text
    assert not any(value in text for value in service.wrong.values())


# --- what is stored ------------------------------------------------------------------------------


@pytest.fixture(name="through_cache", params=[False, True], ids=["direct", "cached"])
def both_ways(request):
    """Whether records go through PyAirbyte's database, or straight from the source."""
    return request.param


def test_an_append_adds_to_what_is_there(sync, through_cache, tmp_path):
    for ids in ([1, 2], [3, 4, 5]):
        cache = str(tmp_path / f"{ids[0]}.duckdb")
        done = sync.write(users(*ids), "append", through_cache=through_cache, cache=cache)
        assert done == {"records": len(ids), "states": {"users": {"cursor": ids[-1]}}}
    assert sync.ids() == [1, 2, 3, 4, 5]


@where_overwrites_are_offered
def test_a_replace_leaves_the_new_only(sync, through_cache, tmp_path):
    sync.write(users(1, 2, 3), "append")
    cache = str(tmp_path / "another.duckdb")
    done = sync.write(users(2, 7), "replace", through_cache=through_cache, cache=cache)
    assert done == {"records": 2, "states": {"users": {"cursor": 7}}}
    assert sync.ids() == [2, 7]


@where_overwrites_are_offered
def test_a_replace_whose_source_fails_leaves_the_old(sync):
    sync.write(users(1, 2, 3), "append")
    sync.fail(users(7), "replace", end="INCOMPLETE", code=1, full_refresh=True)
    assert sync.ids() == [1, 2, 3]


@pytest.mark.parametrize("strategy, mode", [("merge", "append_dedup"), ("replace", "overwrite")])
def test_a_strategy_is_refused_if_the_specification_lacks_its_mode(sync, strategy, mode):
    sync.write(users(1, 2), "append")
    lines = [record("users", {"id": 2, "name": "second"}), *users(3)]
    if mode in sync.service.modes():
        sync.write(lines, strategy)
        found = [(row["id"], row["name"]) for row in sync.rows()]
        assert found[-2:] == [(2, "second"), (3, "n3")]
        assert found[:-2] == ([(1, "n1")] if strategy == "merge" else [])
    else:
        error, text = sync.fail(lines, strategy)
        assert error == "AirbyteConnectorWriteError" and "destination_sync_mode" in text
        assert sync.ids() == [1, 2]


VALUES = [
    {"name": "plain", "amount": 12345.678, "big": 9007199254740991, "deep": {"a": [1, None, "é"]}},
    {"name": "日本語 😀 \u0001 \"quotes\" \\ back\nslash", "amount": 1e-7,
     "at": "2024-02-29T12:34:56Z"},
    {"name": "x" * 1_000_000, "amount": -0.1, "nothing": None},
    {"name": "last", "amount": 0, "deep": {}},
]


def test_values_arrive_as_they_were(sync, through_cache):
    lines = [record("users", {"id": one, **values}) for one, values in enumerate(VALUES)]
    sync.write([*lines, state("users", 1, len(lines))], "append", through_cache=through_cache)
    rows = sync.rows()
    assert [row["name"] for row in rows] == [values["name"] for values in VALUES]
    assert [Decimal(str(row["amount"])) for row in rows] == [
        Decimal(str(values["amount"])) for values in VALUES]
    assert rows[0]["big"] in (9007199254740991, "9007199254740991")
    assert json.loads(rows[0]["deep"]) == VALUES[0]["deep"]
    assert any(moment in str(rows[1]["at"]) for moment in ("2024-02-29T12:34:56", "1709210096"))
    assert [row.get("nothing") for row in rows] == [None] * len(rows)


def test_the_image_does_what_the_program_does(sync):
    image = image_of(sync.service.connector)
    replaces = "overwrite" in sync.service.modes()
    done = sync.write(users(1, 2), "append", image=image)
    assert done == {"records": 2, "states": {"users": {"cursor": 2}}}
    sync.write(users(3), "replace" if replaces else "append", image=image)
    assert sync.ids() == ([3] if replaces else [1, 2, 3])


# --- what is remembered --------------------------------------------------------------------------


def test_the_next_run_begins_where_the_last_one_was_acknowledged(sync):
    sync.write(users(1, 2), "append")
    assert sync.seen_state() is None
    sync.write(users(3), "append")
    assert sync.seen_state() == {"cursor": 2}
    sync.write(users(4), "append", full_refresh=True)
    assert sync.seen_state() is None


def test_a_refused_write_is_told_in_the_servers_words_and_not_remembered(sync):
    sync.write(users(1, 2), "append")
    service = sync.service
    words = "this table takes no more today"
    service.sandbox.faults([{**service.writes_of("users"), **service.refusal(words), "times": -1}])
    error, text = sync.fail(users(3), "append")
    (trace,) = [one["trace"] for one in sync.client.messages() if one["type"] == "TRACE"]
    assert error == "AirbyteConnectorWriteError"
    assert words in trace["error"]["message"]
    assert trace["error"]["message"] in text
    service.sandbox.faults([])
    sync.write(users(3), "append")
    assert sync.seen_state() == {"cursor": 2}
    assert sync.ids() == [1, 2, 3]


def test_a_state_of_all_streams_goes_back_as_it_came(sync):
    """PyAirbyte spells its member `global_` when it writes, but does not read that."""
    error, _ = sync.fail([*users(1)[:-1], global_state(1, 1, ["users"])], "append")
    (acknowledged,) = [one["state"] for one in sync.client.messages() if one["type"] == "STATE"]
    assert acknowledged["destinationStats"] == {"recordCount": 1.0}
    assert (acknowledged["type"], acknowledged["id"]) == ("GLOBAL", 1)
    assert acknowledged["global_"]["shared_state"] == {"cursor": 1}
    assert error == "PyAirbyteInternalError" and sync.ids() == [1]

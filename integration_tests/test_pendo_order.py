"""Two streams about the same visitors: the last value in the input is the one that stays."""

import random

import pytest

import singer
from connector import Source
from pendo import put_many, stream, sync, values
from pendo_api import filled_pendo, shared_pendo

__all__ = ["filled_pendo", "shared_pendo"]

STREAMS = ("crm_visitors", "web_visitors")
# The more records a call has the longer it takes: later ones could overtake it.
SLOWLY = {"latency_ms": 5, "record_ms": 1}


def mixture(visitors, count, seed):
    """(stream, visitor, age) of so many records, in a random order."""
    chance = random.Random(seed)
    return [(chance.choice(STREAMS), f"u{chance.randrange(visitors)}", age)
            for age in range(count)]


def write_airbyte(sandbox, records, **config):
    source = Source()
    for name, visitor, age in records:
        source.records(name, [{"id": visitor, "age": age}])
    for name in STREAMS:
        source.state(name)
    result = sync(sandbox, [stream(name) for name in STREAMS], source.lines, **config).succeeded()
    assert sorted(result.state_lines) == sorted(source.expected)


def write_singer(sandbox, records, **config):
    lines = [singer.schema(name, id="string", age="integer") for name in STREAMS]
    lines += [singer.record(name, {"id": visitor, "age": age}) for name, visitor, age in records]
    result = singer.load("pendo", sandbox.config(**config), [*lines, singer.state(1)])
    assert result.succeeded().states == [1]


def ages(sandbox, records):
    """{visitor: age} as it is in Pendo."""
    held = sandbox.visitors()
    return {visitor: held[visitor]["custom"]["age"] for _, visitor, _ in records}


@pytest.mark.parametrize("write", [write_airbyte, write_singer])
@pytest.mark.parametrize("visitors, batch_records", [(10, 4), (400, 50), (400, 500)])
def test_the_last_value_stays_whichever_stream_it_is_of(sandbox, write, visitors, batch_records):
    put_many(sandbox, visitors)
    sandbox.settings(**SLOWLY)
    records = mixture(visitors, 500, seed=visitors + batch_records)
    write(sandbox, records, batch_records=batch_records)
    assert ages(sandbox, records) == {visitor: age for _, visitor, age in records}


@pytest.mark.parametrize("write", [write_airbyte, write_singer])
def test_a_batch_that_is_not_full_is_not_overtaken(sandbox, write):
    records = [("crm_visitors", "v1", 1), ("web_visitors", "v2", 2), ("web_visitors", "v1", 3)]
    write(sandbox, records, batch_records=2)
    assert values(sandbox) == {"age": 3}


def test_accounts_are_other_objects_than_visitors(sandbox):
    """An id of both keeps no batch from filling."""
    sandbox.put(accounts=["v1", "v2"])
    lines = [singer.schema(name, id="string", age="integer") for name in ("visitors", "accounts")]
    lines += [singer.record(name, {"id": one, "age": 1}) for one in ("v1", "v2")
              for name in ("accounts", "visitors")]
    singer.load("pendo", sandbox.config(batch_records=2), lines).succeeded()
    assert [one["records"] for one in sandbox.requests() if "records" in one] == [2, 2]

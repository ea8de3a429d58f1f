"""How much memory a sync takes: little, whatever comes and however slow the service is."""

import json

import pytest

from connector import (
    Sandbox, acknowledged, catalog_of, each_data_format, measured, record, state, stream)

__all__ = ["each_data_format"]

MIB = 1 << 20
LIMIT = 48 * MIB
LIMIT_OF_HUGE_RECORDS = 128 * MIB
USERS = stream("users", key="id")
TEXT = "The quick brown fox jumps over the lazy dog. "


def big_records(count, size, name="users"):
    """Record lines of about so many bytes, made as they are sent."""
    filler = json.dumps((TEXT * (size // len(TEXT) + 1))[:size])
    for number in range(count):
        yield record(name, f'{{"id":{number},"body":{filler}}}').encode()


def blocks(count, size):
    """Many small record lines, in pieces of some hundred."""
    lines = list(big_records(200, size))
    for start in range(0, count, 200):
        yield b"\n".join(line.replace(b'"id":', b'"id":%d000' % (start + 1)) for line in lines)


def peak(lines, streams=(USERS,), latency=0, tables="new", **config):
    """(Result, peak resident bytes) of a sync into a server that only counts."""
    with Sandbox(None, "--sink", "--sink-tables", tables, "--latency", latency) as sink:
        result, size, _ = measured("write", sink.config(documents_per_minute=0, **config),
                                   catalog_of(*streams), lines, env={"AB_TIME_SCALE": 0.001})
    return result.succeeded(), size


def test_many_small_records_take_little(data_format):
    count = {"tables": 100_000, "documents": 6000}[data_format]
    result, size = peak([*blocks(count, 900), state("users", 1, count)], data_format=data_format)
    assert result.state_lines == [acknowledged(state("users", 1, count), count)]
    assert size <= LIMIT, f"{size / MIB:.1f} MiB"


@pytest.mark.parametrize("latency", [0, 20], ids=["quick", "slow"])
@pytest.mark.parametrize("size", [100_000, 1_000_000])
def test_many_large_records_take_little(data_format, size, latency):
    count = 100_000_000 // size
    lines = [*big_records(count, size), state("users", 1, count)]
    result, taken = peak(lines, latency=latency, data_format=data_format)
    assert result.state_lines == [acknowledged(lines[-1], count)]
    assert taken <= LIMIT, f"{taken / MIB:.1f} MiB"


def test_a_held_overwrite_takes_little(data_format):
    users = stream("users", "overwrite", "id")
    count = {"tables": 60_000, "documents": 3000}[data_format]
    lines = [*blocks(count, 900), *big_records(20, 1_000_000), state("users", 1, count + 20)]
    result, size = peak(lines, [users], tables="existing", data_format=data_format)
    assert result.state_lines == [acknowledged(lines[-1], count + 20)]
    assert size <= LIMIT, f"{size / MIB:.1f} MiB"


def test_many_streams_take_little(data_format):
    names = [f"s{number}" for number in range(200)]
    count = {"tables": 6, "documents": 3}[data_format]
    rounds = [list(big_records(count, 60_000, name)) for name in names]
    lines = [line for turn in zip(*rounds) for line in turn]
    lines += [state(name, number, count) for number, name in enumerate(names)]
    result, size = peak(lines, [stream(name, key="id") for name in names], latency=2,
                        data_format=data_format)
    assert len(result.states) == 200
    assert size <= LIMIT, f"{size / MIB:.1f} MiB"


def test_a_record_of_twenty_megabytes_takes_a_bounded_amount(data_format):
    lines = [*blocks(200, 900), *big_records(1, 20_000_000), *blocks(200, 900), state("users", 1)]
    result, size = peak(lines, data_format=data_format)
    rejected = int(data_format == "tables")
    assert result.state_lines == [acknowledged(lines[-1], 401 - rejected, rejected)]
    assert size <= LIMIT_OF_HUGE_RECORDS, f"{size / MIB:.1f} MiB"


@pytest.mark.parametrize("text", ['"' * 1, "\\", "é", "\n", "\x01"], ids=repr)
def test_a_huge_record_that_grows_when_it_is_written_takes_a_bounded_amount(text):
    """Each quote becomes four characters in the text of a document."""
    body = json.dumps(text * (20_000_000 // (len(json.dumps(text)) - 2)))
    lines = [record("users", f'{{"id":1,"body":{body}}}'), state("users", 1, 1)]
    result, size = peak(lines)
    assert result.state_lines == [acknowledged(lines[1], 1)]
    assert size <= LIMIT_OF_HUGE_RECORDS, f"{size / MIB:.1f} MiB"


def test_states_that_are_withheld_take_little():
    """An overwrite of many hours holds all of them back."""
    users = stream("users", "overwrite", "id")
    count = 10_000
    lines = []
    for number in range(count):
        lines.append(record("users", f'{{"id":{number}}}'))
        lines.append(state("users", number, 1, value={"cursor": number, "fill": "x" * 4000}))
    result, size = peak(lines, [users], tables="existing", data_format="tables")
    assert len(result.states) == count
    assert size <= LIMIT, f"{size / MIB:.1f} MiB"


def test_a_wide_record_takes_little():
    """The tape of a record is as long as it has members."""
    data = json.dumps({"id": 1, **{f"field_{number}": number for number in range(40_000)}})
    lines = [record("users", data), *[record("users", json.dumps({"id": 2, "list": [
        {"a": [], "b": {}}] * 30_000}))] * 20, state("users", 1, 21)]
    result, size = peak(lines)
    assert len(result.states) == 1
    assert size <= LIMIT, f"{size / MIB:.1f} MiB"

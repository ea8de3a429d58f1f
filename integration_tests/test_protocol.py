"""What every test holds the connectors' output against would find what is wrong with it."""

import copy
import json

import jsonschema
import pytest

from connector import (
    DUST, PROTOCOL, acknowledged, check_message, check_messages, normal_form, protocol_validator,
    run, state)

ERROR = {"type": "TRACE", "trace": {
    "type": "ERROR", "emitted_at": 1_800_000_000_000.0,
    "error": {"message": "why", "failure_type": "config_error"}}}
LOG = {"type": "LOG", "log": {"level": "WARN", "message": "words"}}
FAILED = {"type": "CONNECTION_STATUS", "connectionStatus": {"status": "FAILED", "message": "why"}}
STATE = json.loads(acknowledged(state("users", 7, 2), 2))
GOOD = {"error": ERROR, "log": LOG, "failed": FAILED, "state": STATE}
BAD = [  # which of them, where, and what stands there; None: nothing
    ("error", "type", "ERROR"), ("error", "type", None),
    ("error", "trace.type", "TRACE"), ("error", "trace.emitted_at", "now"),
    ("error", "trace.error.message", None), ("error", "trace.error.failure_type", "my_error"),
    ("log", "log.level", "WARNING"), ("log", "log.message", None), ("log", "log", "text"),
    ("failed", "connectionStatus.status", "BROKEN"), ("log", "log", []),
    ("state", "state.destinationStats.recordCount", "2"), ("state", "state", []),
    ("state", "state.type", "EACH"), ("state", "state.stream.stream_descriptor.name", None),
    ("state", "state.stream.stream_state", 7), ("state", "state.global", {}),
]
OURS_ALONE = [  # what the protocol allows, but we must not print
    ("error", "trace", None), ("failed", "connectionStatus", None),
    ("error", "trace.error.message", ""), ("error", "trace.emitted_at", 1.8e9),
    ("error", "trace.error.failure_type", None), ("log", "log.message", ""),
    ("failed", "connectionStatus.message", None), ("state", "state.destinationStats", None),
    ("log", "record", {"stream": "users", "data": {}, "emitted_at": 1}),
]


def spoilt(name, path, value):
    """One of the good messages with a member set or removed."""
    message = copy.deepcopy(GOOD[name])
    *parents, last = path.split(".")
    holder = message
    for one in parents:
        holder = holder[one]
    if value is None:
        holder.pop(last, None)
    else:
        holder[last] = value
    return message


@pytest.mark.parametrize("name", GOOD)
def test_what_is_right_is_taken(name):
    assert check_message(json.dumps(GOOD[name]).encode()) == GOOD[name]


@pytest.mark.parametrize("name, path, value", BAD + OURS_ALONE)
def test_what_is_wrong_fails_the_test_that_sees_it(name, path, value):
    with pytest.raises((AssertionError, jsonschema.ValidationError, AttributeError)):
        check_message(json.dumps(spoilt(name, path, value)).encode())


@pytest.mark.parametrize("line", ["", "text", "[]", '{"type":"LOG"', '"LOG"'])
def test_what_is_no_message_fails_it_too(line):
    with pytest.raises((ValueError, AssertionError, AttributeError)):
        check_message(line.encode())


def test_all_of_an_output_is_looked_at():
    good = json.dumps(LOG) + "\n"
    assert check_messages(good * 2) == [LOG, LOG]
    with pytest.raises(ValueError):
        check_messages(good + "text\n" + good)
    with pytest.raises(AssertionError):
        check_messages(good + good[:-1])


@pytest.fixture(name="protocol", scope="module")
def protocols_own_schema():
    """The protocol's yaml."""
    if protocol_validator() is None:
        pytest.skip(f"the protocol's schema is not at hand: {PROTOCOL}")
    return protocol_validator()


def test_the_protocols_own_schema_finds_the_same(protocol):
    assert [one for one in GOOD.values() if not protocol.is_valid(normal_form(one))] == []
    assert [case for case in BAD if protocol.is_valid(normal_form(spoilt(*case)))] == []


def test_the_protocols_own_schema_takes_what_spec_prints(protocol):
    (message,) = run(DUST, "spec").messages
    assert protocol.is_valid(message)
    message["spec"]["protocol_version"] = 2
    assert not protocol.is_valid(message)

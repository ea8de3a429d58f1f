"""What takes real time: the answer of a check whatever happens, and signs of life."""

import re

import pytest

from connector import (
    DUST, KEY, ROWS, UPSERT, Source, catalog_of, empty_sandbox, record, rows, run, shared_sandbox,
    stream, write)
from harness import CONFIGS
from slow import CHECK_SECONDS, slow_runs

__all__ = ["empty_sandbox", "shared_sandbox"]

USERS = catalog_of(stream("users", key="id"))
BUSY = {"error": {"type": "rate_limit_error", "message": "too many"}}


@pytest.mark.parametrize("name", ["silent host", "host that asks for patience"])
def test_a_check_answers_within_a_minute_whatever_happens(name):
    seconds, result = slow_runs()[name].outcome()
    assert seconds < CHECK_SECONDS
    assert result.status["status"] == "FAILED"
    assert KEY.encode() not in result.everything


@pytest.mark.parametrize("name", CONFIGS)
def test_a_check_of_a_host_that_never_ends_its_answer_ends(name):
    seconds, result = slow_runs()[f"{name}, dripping"].outcome()
    assert seconds < CHECK_SECONDS
    assert result.status["status"] == "FAILED" and "timed out" in result.status["message"]


def test_a_check_of_a_silent_host_says_which_and_that_it_is_silent():
    _, result = slow_runs()["silent host"].outcome()
    assert re.search("timed out|did not answer|within", result.status["message"])


@pytest.mark.parametrize("name", ["pipe without a writer", "pipe of a silent writer"])
def test_a_configuration_that_does_not_come_is_not_waited_for(name):
    error = slow_runs()[name].outcome().failed("config_error")
    assert "did not come to its end in 30 seconds" in error["message"]


def test_a_write_that_takes_long_says_every_ten_seconds_how_far_it_is():
    result = slow_runs()["long write"].outcome().succeeded()
    lines = [text for text in result.logs("INFO") if text.startswith("so far")]
    assert len(lines) == 2
    for line in lines:
        assert re.search(r"700 records, .*; 500 safe \(\d+/s\), 0 rejected, 0 states waiting", line)


def test_a_reply_that_does_not_come_is_lost_in_a_test_after_seconds():
    """Of real time; else it takes two minutes."""
    result = slow_runs()["silence"].outcome().succeeded()
    assert len(result.states) == 1


# --- waits in a minute that is 60 ms -------------------------------------------------------------


def test_a_long_wait_between_tries_is_logged_with_its_reason(sandbox):
    sandbox.faults([{"method": "POST", "path": ROWS, "times": 2, "status": 503, "body": BUSY,
                     "headers": {"Retry-After": "20"}}])
    source = Source().records("users", rows(3)).state("users")
    result = write(sandbox.config(data_format="tables"), USERS, source.lines).succeeded()
    assert result.state_lines == source.expected
    warnings = result.logs("WARN")
    assert len(warnings) == 2
    for number, text in enumerate(warnings, 2):
        assert re.fullmatch(r"stream users: .*too many \(HTTP 503, .*\); trying again in 2[0-5] s "
                            rf"\(try {number} of 4\)", text)


def test_of_many_that_wait_for_a_limit_one_a_minute_is_logged(sandbox):
    sandbox.faults([{"method": "POST", "path": UPSERT, "times": 30, "status": 429, "body": BUSY,
                     "headers": {"Retry-After": "60"}}])
    lines = [record("users", one) for one in rows(20)]
    result = write(sandbox.config(), USERS, lines).succeeded()
    assert len(sandbox.documents()) == 20
    (warning,) = result.logs("WARN")
    assert re.fullmatch(r"stream users: .*too many \(HTTP 429, .*\); waiting 60 s", warning)


def test_a_short_wait_is_not_worth_a_line(sandbox):
    sandbox.faults([{"method": "POST", "path": ROWS, "times": 3, "status": 503, "body": BUSY}])
    config = sandbox.config(data_format="tables")
    result = write(config, USERS, [record("users", {"id": 1})]).succeeded()
    assert result.logs("WARN") == []


def test_a_check_says_nothing_of_its_waits(sandbox):
    sandbox.faults([{"times": 2, "status": 503, "headers": {"Retry-After": "20"}}])
    result = run(DUST, "check", sandbox.config())
    assert result.status == {"status": "SUCCEEDED"}
    assert result.of("LOG") == []

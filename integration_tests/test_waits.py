"""What takes real time: the answer of a check whatever happens, and signs of life."""

import re

import pytest

from connector import KEY
from slow import CHECK_SECONDS, slow_runs


@pytest.mark.parametrize("name", ["silent host", "host that asks for patience"])
def test_a_check_answers_within_a_minute_whatever_happens(name):
    seconds, result = slow_runs()[name].outcome()
    assert seconds < CHECK_SECONDS
    assert result.status["status"] == "FAILED"
    assert KEY.encode() not in result.everything


def test_a_check_of_a_silent_host_says_which_and_that_it_is_silent():
    _, result = slow_runs()["silent host"].outcome()
    assert re.search("timed out|did not answer|within", result.status["message"])


def test_a_write_that_takes_long_says_every_ten_seconds_how_far_it_is():
    result = slow_runs()["long write"].outcome().succeeded()
    lines = [text for text in result.logs("INFO") if text.startswith("so far")]
    assert len(lines) == 2
    for line in lines:
        assert re.search(r"700 records, .*; 500 safe \(\d+/s\), 0 rejected, 0 states waiting", line)

"""What may happen to an attempt in its midst: when, and what.

A condition is asked after each turn of the orchestrator's loop; an action is done once.
"""

import time
from dataclasses import dataclass


@dataclass
class Interruption:
    """`condition(attempt)` says when, `action(attempt)` does it."""

    condition: object
    action: object


def kill_connector(attempt):
    """kill -9 of the connector alone, as when memory is short."""
    attempt.container.kill_connector()


def kill_container(attempt):
    """kill -9 of all that runs there."""
    attempt.container.kill()


def lose_node(attempt):
    """All of it is gone, the platform's side too: it has forgotten what it did not persist."""
    attempt.vanish()


def abort(attempt):
    """The user cancels: the pipes are closed first, then TERMINATED is written."""
    attempt.cancel()


def close_stdout(attempt):
    """The platform's reader is gone: whatever the connector prints is EPIPE."""
    attempt.stop_reading()


KILLS = (kill_connector, kill_container, lose_node)


def after_lines(count):
    """After so many lines went into stdin."""
    return lambda attempt: attempt.lines_fed >= count


def after_states(count):
    """After so many states came back."""
    return lambda attempt: len(attempt.report.acknowledged) >= count


def last_number(sandbox, since=0):
    """The number of the request that arrived last; they go on after the log was emptied."""
    return max([since, *(one["n"] for one in sandbox.requests(since=since))])


def after_requests(sandbox, count):
    """After so many requests reached the service, counted from now."""
    def condition(attempt):
        nonlocal last
        del attempt
        last = last_number(sandbox, last)
        return last - before >= count

    before = last = last_number(sandbox)
    return condition


def after_seconds(seconds):
    """After a time from the moment at which the connector has opened its pipes."""
    return lambda attempt: time.monotonic() - attempt.began >= seconds

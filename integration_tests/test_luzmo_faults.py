"""Each request of each kind of sync fails in each way, and nothing comes of it but delay."""

import functools
import json

import pytest

from luzmo import asked, empty_luzmo, order_of, refusal, shared_luzmo
from luzmo_scenarios import EVERY_REQUEST, PUSH, SCENARIOS, STRICT, held, request_id

__all__ = ["empty_luzmo", "shared_luzmo"]

PASSING = {
    "503": {"status": 503},
    "429": {"status": 429},
    "429-later": {"status": 429, "headers": {"Retry-After": "1"}},
    "cut-before": {"cut": "before"},
    "cut-after": {"cut": "after"},
    "cut-reply": {"cut": "reply"},
    "500-after": {"status": 500, "apply": True},
}
APPLIED = ("cut-after", "cut-reply", "500-after")
LOOKS = {"tag create": "tag get", "tag associate": "securable get",
         "tag dissociate": "securable get"}
WORDS = "because I say so"


@pytest.fixture(name="without_fault", scope="module")
def without_fault_of(shared):
    """A function: what a scenario leaves in the sandbox, and says, when nothing fails."""
    @functools.cache
    def ideal(name):
        shared.reset()
        result = SCENARIOS[name].start(shared) and SCENARIOS[name].run(shared).succeeded()
        return held(shared), result.logs("WARN"), order_of(shared)

    return ideal


def run_with(sandbox, name, *faults, **settings):
    """A run of a scenario under faults."""
    SCENARIOS[name].start(sandbox, **settings)
    sandbox.faults(list(faults))
    return SCENARIOS[name].run(sandbox)


def every(kinds, requests):
    """One parameter set for each kind of fault at each request."""
    return [pytest.param(name, number, kind, id=f"{request_id(name, number)}-{kind}")
            for name, number in requests for kind in kinds]


def no_trace_of_a_fault(sandbox, name, result, ideal):
    """The run did what it does without a fault, and says no more."""
    assert result.succeeded().state_lines == SCENARIOS[name].source.expected
    assert (held(sandbox), result.logs("WARN")) == ideal[:2]
    assert sandbox.faults() == []


@pytest.mark.parametrize("name", SCENARIOS)
def test_these_are_the_requests_of_each_scenario(without_fault, name):
    assert without_fault(name)[2] == SCENARIOS[name].steps


@pytest.mark.parametrize("name, number, kind", every(PASSING, EVERY_REQUEST))
def test_what_passes_leaves_no_trace(without_fault, sandbox, name, number, kind):
    """Also if Luzmo does not like to be told twice."""
    ideal = without_fault(name)
    sandbox.reset()
    result = run_with(sandbox, name, {"skip": number - 1, **PASSING[kind]}, **STRICT)
    no_trace_of_a_fault(sandbox, name, result, ideal)


@pytest.mark.parametrize("name, number, kind", every(APPLIED, [
    (name, number) for name, number in EVERY_REQUEST
    if SCENARIOS[name].steps[number - 1].startswith("tag ")]))
def test_a_tag_that_may_be_told_twice_leaves_no_trace(without_fault, sandbox, name, number, kind):
    ideal = without_fault(name)
    sandbox.reset()
    result = run_with(sandbox, name, {"skip": number - 1, **PASSING[kind]})
    no_trace_of_a_fault(sandbox, name, result, ideal)


@pytest.mark.parametrize("name, number, status", every((400, 401, 403, 404), [
    (name, number) for name, number in EVERY_REQUEST
    if SCENARIOS[name].steps[number - 1] != "column update"]))
def test_a_refusal_ends_the_run_at_once(sandbox, name, number, status):
    """But 400 and 404 may say that a tag is there, or off, already: they are believed after two
    looks, as it may not show at once."""
    scenario = SCENARIOS[name]
    result = run_with(sandbox, name, {"skip": number - 1, **refusal(status, WORDS)})
    message = result.failed("config_error")["message"]
    assert f"{WORDS} (HTTP {status})" in message and "users" in message
    steps = scenario.steps[:number]
    looks = [LOOKS[steps[-1]]] * 2 if steps[-1] in LOOKS and status in (400, 404) else []
    assert order_of(sandbox) == steps + looks
    safe = scenario.safe_before(number)
    assert result.state_lines == scenario.source.expected[:safe]
    pushed = [json.loads(line)["record"]["data"]["id"] for line in scenario.source.lines
              if '"RECORD"' in line][:2 * safe]
    assert set(pushed) <= {row[0] for one in sandbox.datasets() for row in one["rows"]}


@pytest.mark.parametrize("name, number, status", every((400, 401, 403, 404), [
    (name, number) for name, number in EVERY_REQUEST
    if SCENARIOS[name].steps[number - 1] == "column update"]))
def test_a_type_that_is_refused_is_a_warning(without_fault, sandbox, name, number, status):
    (datasets, tags), warnings, _ = without_fault(name)
    sandbox.reset()
    result = run_with(sandbox, name, {"skip": number - 1, **refusal(status, WORDS)})
    assert result.succeeded().state_lines == SCENARIOS[name].source.expected
    (new,) = [text for text in result.logs("WARN") if text not in warnings]
    assert f"{WORDS} (HTTP {status})" in new
    (after, tags_after) = held(sandbox)
    assert tags_after == tags
    assert [one[3] for one in after] == [one[3] for one in datasets]
    assert ("zip", "numeric", None) in after[0][2] and ("zip", "hierarchy", None) in datasets[0][2]


@pytest.mark.parametrize("name", ["append", "new", "overwrite"])
def test_rows_are_sent_once_if_nothing_fails(sandbox, name):
    SCENARIOS[name].start(sandbox)
    SCENARIOS[name].run(sandbox).succeeded()
    assert [one["rows"] for one in asked(sandbox, PUSH)] == [2, 2, 1]


@pytest.mark.parametrize("first, second", [
    ("cut-after", "cut-reply"), ("500-after", "503")])
@pytest.mark.parametrize("name, number", [
    pytest.param(*one, id=request_id(*one)) for one in EVERY_REQUEST])
def test_what_finds_out_about_a_fault_may_fail_too(
        without_fault, sandbox, name, number, first, second):
    ideal = without_fault(name)
    sandbox.reset()
    skip = {"skip": number - 1}
    result = run_with(sandbox, name, {**skip, **PASSING[first]}, {**skip, **PASSING[second]},
                      **STRICT)
    no_trace_of_a_fault(sandbox, name, result, ideal)

"""How often and how patiently is tried again, how fast requests go, and how large they may be."""

import json

import pytest

import connector
from connector import Source, acknowledged, record, records, state
from harness import LUZMO_TOKEN
from luzmo import (
    LUZMO, NAME, REPLACE, TAG, asked, cells, check, column, dataset, datasets, empty_luzmo,
    order_of, pushes, put, put_users, refusal, rule, shared_luzmo, stream, sync,
    types)
from luzmo_scenarios import FIELDS
from slow import CHECK_SECONDS, slow_runs

__all__ = ["empty_luzmo", "shared_luzmo"]

WORDS = "Service is having a rest"
OUTAGE = refusal(503, WORDS)
DELAYS = (1, 2, 4, 300, 600, 1200)
TRIES = len(DELAYS) + 1
QUICK = {"AB_TIME_SCALE": 0.0001}  # twenty minutes are 120 ms
ONE = {"id": 1, "zip": "00001"}
LINES = [record("users", ONE), state("users", 1, 1)]

# What the connector asks of Luzmo: the rule for it, how the sandbox begins, how the stream is
# written, and what the message calls it.
FIRST, THERE, MARKED, RESET = "first sync", "dataset", "marked dataset", "reset"
OPERATIONS = {
    "look-up": (rule("securable", "get", match='"Tag","where"'), FIRST, "the look-up of the data"),
    "tags": (rule("securable", "get", match='"id":"'), THERE, "the look-up of the dataset's tags"),
    "find-tag": (rule("tag", "get"), FIRST, "the look-up of a tag"),
    "make-tag": (rule("tag", "create"), FIRST, "the making of a tag"),
    "create": (rule("data", "create", match='"type":"create"'), FIRST, "a push of 1 rows"),
    "append": (rule("data", "create", match='"type":"append"'), THERE, "a push of 1 rows"),
    "replace": (rule("data", "create", match='"type":"replace"'), MARKED, "a push of 1 rows"),
    "columns": (rule("securable", "get", match='"subtype"'), FIRST, "the look-up of the columns"),
    "type": (rule("column", "update"), FIRST, "the type of a column"),
    "link": (rule("tag", "associate"), FIRST, "a tag on the dataset"),
    "unlink": (rule("tag", "dissociate"), MARKED, "the removal of a tag"),
    "reset-find": (rule("tag", "get"), RESET, "the look-up of a tag"),
    "reset-make": (rule("tag", "create"), RESET, "the making of a tag"),
    "reset-link": (rule("tag", "associate"), RESET, "a tag on the dataset"),
}


@pytest.fixture(name="slow", autouse=True, scope="module")
def slow_runs_at_work():
    """What takes real time begins at once and is looked at last."""
    return slow_runs()


def operate(sandbox, name, fault, env=None, **config):
    """One operation under a fault: (result, the requests it made)."""
    wanted, begin, _ = OPERATIONS[name]
    if begin != FIRST:
        put_users(sandbox, columns=["id", "zip"],
                  tags=[TAG + "users", REPLACE] if begin == MARKED else [TAG + "users"])
    sandbox.faults([{**wanted, **fault}])
    sandbox.forget_requests()
    mode, lines = ("overwrite", [state("users", 1, 0)]) if begin == RESET else ("append", LINES)
    result = sync(sandbox, stream("users", mode, schema=FIELDS), lines, env, **config)
    return result, [one for one in sandbox.requests() if one["status"] == fault["status"]]


def gaps(log):
    """Milliseconds from the end of each request to the beginning of the next."""
    return [later["at_ms"] - earlier["done_ms"] for earlier, later in zip(log, log[1:])]


# --- tries and delays ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPERATIONS)
def test_six_tries_more_may_be_needed(sandbox, name):
    result, log = operate(sandbox, name, {**OUTAGE, "times": TRIES - 1}, QUICK)
    assert len(log) == TRIES - 1 and len(result.succeeded().states) == 1


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_seventh_try_more_is_not_made(sandbox, name):
    result, log = operate(sandbox, name, {**OUTAGE, "times": -1}, QUICK)
    message = result.failed("transient_error")["message"]
    assert len(log) == TRIES and result.states == []
    assert OPERATIONS[name][2] in message and "of stream users" in message
    assert f"{WORDS} (HTTP 503); given up after 7 tries (7 x HTTP 503)" in message


@pytest.mark.parametrize("name, scale, first", [
    ("append", 0.05, 0), ("look-up", 0.05, 0), ("unlink", 0.05, 0),
    ("append", 0.001, 3), ("create", 0.001, 3), ("find-tag", 0.001, 3)])
def test_delays_are_those_that_are_promised(sandbox, name, scale, first):
    """Seconds at one scale, minutes at the other."""
    count = 3 if first == 0 else len(DELAYS)
    fault = {**refusal(429, WORDS), "times": count}
    result, log = operate(sandbox, name, fault, {"AB_TIME_SCALE": scale})
    assert result.succeeded() and len(log) == count
    for gap, delay in list(zip(gaps([*log, following(sandbox, log[-1])]), DELAYS))[first:]:
        assert gap >= 1000 * delay * scale - 2


def following(sandbox, request):
    """The request after one."""
    return sandbox.requests(since=request["n"])[0]


def test_the_message_has_the_first_cause_and_a_tally(sandbox):
    put_users(sandbox, columns=["id", "zip"])
    push = rule("data", "create")
    sandbox.faults([{**push, **refusal(502, "bad gateway")}, {**push, "cut": "before"},
                    {**push, **OUTAGE, "times": 2}, {**push, "status": 502, "times": -1}])
    result = sync(sandbox, stream(schema=FIELDS), LINES, QUICK)
    message = result.failed("transient_error")["message"]
    assert "bad gateway (HTTP 502)" in message and WORDS not in message
    assert "given up after 7 tries (4 x HTTP 502, 1 x connection lost, 2 x HTTP 503)" in message


@pytest.mark.parametrize("name", ["append", "create", "look-up", "link"])
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed(sandbox, name, status):
    fault = {**refusal(status, WORDS), "headers": {"Retry-After": "20"}}
    result, log = operate(sandbox, name, fault, {"AB_TIME_SCALE": 0.02})
    assert result.succeeded()
    assert gaps([log[0], following(sandbox, log[0])])[0] >= 20 * 20 - 2


def test_a_retry_after_beyond_all_patience_is_an_answer(sandbox):
    fault = {**refusal(429, WORDS), "headers": {"Retry-After": "86400"}, "times": -1}
    result, log = operate(sandbox, "append", fault)
    assert WORDS in result.failed("transient_error")["message"] and len(log) == 1


def test_a_limit_that_others_use_too_is_waited_out(sandbox):
    """The bucket is emptier than the connector can know."""
    put_users(sandbox)
    sandbox.settings(rate=10, burst=5, rate_window=1, retry_after="1")
    source = Source()
    for number in range(12):
        source.records("users", [{"id": number}]).state("users")
    result = sync(sandbox, stream(), source.lines, {"AB_TIME_SCALE": 0.02}, flush_interval=1)
    assert result.succeeded().state_lines == source.expected
    assert column(sandbox, "id") == list(range(12))
    assert sandbox.counts()["refused_429"] > 0


# --- what is not tried again ---------------------------------------------------------------------


@pytest.mark.parametrize("status, kind", [
    (400, "config_error"), (401, "config_error"), (403, "config_error"), (404, "config_error"),
    (402, "system_error"), (409, "system_error"), (501, "system_error"), (302, "system_error")])
def test_a_refused_push_is_not_tried_again(sandbox, status, kind):
    result, log = operate(sandbox, "append", {**refusal(status, WORDS), "times": -1})
    message = result.failed(kind)["message"]
    assert len(log) == 1 and result.states == []
    assert f"Luzmo refused a push of 1 rows of stream users: {WORDS} (HTTP {status})" in message


def test_luzmos_words_include_what_is_wrong_with_which_field(sandbox):
    fault = {"status": 400, "body": {"type": {"code": 400, "description": "Bad Request"},
                                     "message": "Validation failed",
                                     "validation": {"data": ["has a hole"], "name": ["is rude"]}}}
    result, _ = operate(sandbox, "append", fault)
    message = result.failed("config_error")["message"]
    assert "Validation failed (HTTP 400) [data: has a hole; name: is rude]" in message


def test_a_refusal_in_no_known_form_is_told_without_its_markup(sandbox):
    result, _ = operate(sandbox, "append", {"status": 403, "body": "<html><script>x</script>"})
    message = result.failed("config_error")["message"]
    assert "HTTP 403" in message and "<" not in message


def test_a_token_that_luzmo_repeats_is_masked(sandbox):
    result, _ = operate(sandbox, "append", refusal(403, f"not with {LUZMO_TOKEN}!"))
    assert f"not with {'*' * len(LUZMO_TOKEN)}!" in result.failed("config_error")["message"]


def test_a_key_that_is_revoked_in_the_middle_ends_the_run_at_once(sandbox):
    """What was acknowledged before is there."""
    put_users(sandbox, columns=["id", "name"])
    sandbox.faults([{"skip": 4, "times": -1, **refusal(401, "Unauthorized")}])
    source = Source()
    for number in range(5):
        source.records("users", [{"id": number}]).state("users")
    result = sync(sandbox, stream(), source.lines, flush_interval=1)
    message = result.failed("config_error")["message"]
    assert "stream users" in message and "Unauthorized (HTTP 401)" in message
    assert result.state_lines == source.expected[:2]
    assert column(sandbox, "id") == [0, 1]
    assert order_of(sandbox) == ["securable get"] * 2 + ["data create"] * 3


# --- rate ----------------------------------------------------------------------------------------

TENTH = {"AB_TIME_SCALE": 0.1}
LUZMOS_RATE = {"rate": 10, "burst": 200, "rate_window": 0.1}  # a tenth of the real window


@pytest.mark.parametrize("streams", [1, 13])
def test_more_pushes_than_luzmo_takes_at_once_never_meet_its_limit(sandbox, streams):
    names = [f"s{number}" for number in range(streams)]
    for name in names:
        put(sandbox, NAME + name, tags=[TAG + name])
    sandbox.settings(**LUZMOS_RATE)
    source = Source()
    for number in range(260 // streams):
        for name in names:
            source.records(name, [{"id": number}]).state(name)
    catalog = [stream(name) for name in names]
    result = sync(sandbox, catalog, source.lines, TENTH, flush_interval=1).succeeded()
    assert len(result.states) == len(source.expected)
    log = sandbox.requests()
    assert [one for one in log if one["status"] != 200] == []
    assert len(log) == 260 + 2 * streams
    assert log[-1]["done_ms"] - log[0]["at_ms"] >= 10 * (len(log) - 201)
    for name in names:
        assert column(sandbox, "id", name) == list(range(260 // streams))


def test_a_run_that_finds_the_bucket_empty_goes_on_at_its_pace(sandbox):
    """An earlier run took all tokens, and nothing says how long to wait: nobody has to wait long."""
    names = [f"s{number}" for number in range(60)]
    sandbox.settings(**{**LUZMOS_RATE, "burst": 10})
    source = Source()
    for name in names:
        source.records(name, [{"id": 1}]).state(name)
    for run in range(2):
        result = sync(sandbox, [stream(name) for name in names], source.lines, TENTH).succeeded()
        assert sorted(result.state_lines) == sorted(source.expected)
        assert result.logs("WARN") == []  # of waits of 10 s and more
        assert [column(sandbox, "id", name) for name in names] == [[1] * (run + 1)] * 60


# --- sizes ---------------------------------------------------------------------------------------


def wide(count, size=1000):
    """Data of about so many bytes each."""
    return [{"id": number, "name": f"{number}-" + "x" * size} for number in range(count)]


@pytest.mark.parametrize("begin", ["create", "append", "replace", "overwrite"])
def test_what_is_too_large_at_once_is_halved_until_it_is_not(sandbox, begin):
    if begin != "create":
        tags = [TAG + "users", REPLACE] if begin == "replace" else [TAG + "users"]
        put_users(sandbox, [900, "old"], tags=tags)
    sandbox.settings(max_body=10_000)
    data = wide(50)
    source = Source().records("users", data[:30]).state("users")
    source.records("users", data[30:]).state("users")
    mode = "overwrite" if begin == "overwrite" else "append"
    result = sync(sandbox, stream(mode=mode), source.lines)
    assert result.succeeded().state_lines == source.expected
    old = [[900, "old"]] if begin == "append" else []
    assert cells(sandbox) == old + [[one["id"], one["name"]] for one in data]
    kinds = [one.split()[0] for one in pushes(sandbox)]
    assert len(kinds) >= 5
    assert kinds == [begin if begin != "overwrite" else "replace"] + ["append"] * (len(kinds) - 1)
    assert len(sandbox.datasets()) == 1 and dataset(sandbox)["tags"] == [TAG + "users"]


@pytest.mark.parametrize("place", [0, 3, 6])
@pytest.mark.parametrize("mode", ["append", "overwrite"])
@pytest.mark.parametrize("begin", ["dataset", "none"])
def test_a_record_that_is_too_large_is_rejected_alone(sandbox, tmp_path, begin, mode, place):
    if begin == "dataset":
        put_users(sandbox)
    sandbox.settings(max_body=10_000)
    data = wide(7, 10)
    data[place]["name"] = "y" * 20_000
    lines = [*records("users", data), state("users", 1, 7)]
    result = sync(sandbox, stream(mode=mode), lines, reject_file=str(tmp_path / "rejected"))
    assert result.succeeded().state_lines == [acknowledged(lines[-1], 6, 1)]
    assert column(sandbox, "id") == [one["id"] for one in data if one["id"] != place]
    assert len(sandbox.datasets()) == 1
    (warning,) = result.logs("WARN")
    assert "stream users" in warning and "413" in warning and "y" * 100 not in warning
    (rejected,) = map(json.loads, (tmp_path / "rejected").read_text().splitlines())
    assert "413" in rejected["reason"] and data[place]["name"] in json.dumps(rejected)


def test_records_that_are_all_too_large_leave_what_was_there(sandbox):
    put_users(sandbox, [1, "old"])
    sandbox.settings(max_body=10_000)
    lines = [*records("users", wide(3, 20_000)), state("users", 1, 3)]
    result = sync(sandbox, stream(), lines).succeeded()
    assert result.state_lines == [acknowledged(lines[-1], 0, 3)]
    assert cells(sandbox) == [[1, "old"]]


def test_a_record_of_twenty_megabytes_arrives_whole(sandbox):
    large = "é" * 10_000_000
    source = Source().records("users", [{"id": 1, "name": "a"}, {"id": 2, "name": large},
                                        {"id": 3, "name": "c"}]).state("users")
    result = sync(sandbox, stream(), source.lines).succeeded()
    assert result.state_lines == source.expected
    assert column(sandbox, "name") == ["a", large, "c"]


def test_a_record_beyond_all_limits_is_rejected_and_the_others_are_stored(sandbox):
    lines = [record("users", {"id": 1}), record("users", {"id": 2, "name": "x" * (65 << 20)}),
             record("users", {"id": 3}), state("users", 1, 3)]
    result = sync(sandbox, stream(), lines).succeeded()
    assert result.state_lines == [acknowledged(lines[-1], 2, 1)]
    assert column(sandbox, "id") == [1, 3]


def test_pushes_are_full_but_no_larger_than_eight_megabytes(sandbox):
    """Whatever number of rows that is."""
    count = 3000
    text = "x" * 10_000
    lines = (record("users", f'{{"id":{number},"name":"{text}"}}') for number in range(count))
    sync(sandbox, stream(), lines).succeeded()
    log = asked(sandbox, "data create")
    assert column(sandbox, "id") == list(range(count))
    assert max(one["body_bytes"] for one in log) < (8 << 20) + 1000
    assert min(one["body_bytes"] for one in log[:-1]) > 7 << 20


# --- what goes over the wire and to stdout -------------------------------------------------------


@pytest.mark.parametrize("end", ["", "/", "/0.1.0", "/0.1.0/"])
def test_however_the_host_is_spelt_the_path_is_one(sandbox, end):
    config = {"api_host": sandbox.base_url + end}
    assert check(sandbox, **config) == {"status": "SUCCEEDED"}
    sync(sandbox, stream(schema=FIELDS), LINES, **config).succeeded()
    assert {one["path"] for one in sandbox.requests()} == {
        f"/0.1.0/{one}" for one in ("authorization", "securable", "tag", "data", "column")}


@pytest.mark.parametrize("level", ["DEBUG", "ERROR"])
def test_every_line_of_stdout_is_a_message(sandbox, level):
    """Result reads each; here all that is left is that there are the right ones."""
    env = {"LOG_LEVEL": level}
    result = connector.run(LUZMO, "check", sandbox.config(), env=env)
    assert [one["type"] for one in result.messages] == ["CONNECTION_STATUS"]
    result = sync(sandbox, stream(schema=FIELDS), LINES, env).succeeded()
    assert {one["type"] for one in result.messages} == {
        "STATE", "LOG"} - ({"LOG"} if level == "ERROR" else set())
    assert types(sandbox) == {"id": "numeric", "zip": "hierarchy"}
    assert len(datasets(sandbox)) == 1


# --- check ---------------------------------------------------------------------------------------


def test_a_check_that_fails_for_a_moment_is_tried_again(sandbox):
    sandbox.faults([{**OUTAGE, "times": 3}])
    assert check(sandbox) == {"status": "SUCCEEDED"}
    assert order_of(sandbox) == ["authorization get"] * 4


def test_a_check_never_waits_minutes(slow):
    """In real time, since that is what its limit is made of."""
    seconds, result = slow["luzmo, failing"].outcome()
    assert seconds < CHECK_SECONDS
    assert "HTTP 503" in result.status["message"]


def test_a_check_of_a_silent_host_ends(slow):
    seconds, result = slow["luzmo, silent"].outcome()
    assert seconds < CHECK_SECONDS
    assert result.status["status"] == "FAILED"
    assert "api_host" in result.status["message"]

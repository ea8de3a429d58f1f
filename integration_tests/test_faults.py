"""What goes wrong on the way, and what the connector makes of it."""

import json
import random
import time

import pytest

from connector import (
    KEY, LOOKUP, ROWS, UPSERT, Process, Sandbox, Source, acknowledged, catalog_of,
    each_data_format, empty_sandbox, put_document, record, records, requests_to, rows,
    shared_sandbox, state, stored, stream, table_rows, texts, write)
from network import Canned, canned_reply

__all__ = ["each_data_format", "empty_sandbox", "shared_sandbox"]

USERS = stream("users", key="id")
ONE = [record("users", {"id": 1}), state("users", 1, 1)]
GONE = [record("users", {"id": 1, "_ab_cdc_deleted_at": "x"}), state("users", 1, 1)]
WRITES = {"documents": UPSERT, "tables": ROWS}

# What the connector asks of the service: (format, stream, messages, method, path).
OPERATIONS = {
    "upsert": ("documents", USERS, ONE, "POST", UPSERT),
    "lookup": ("documents", USERS, ONE, "GET", LOOKUP),
    "deletion": ("documents", USERS, GONE, "DELETE", UPSERT),
    "list": ("documents", stream("users", "overwrite", "id"), [state("users", 1, 0)], "GET",
             LOOKUP),
    "rows": ("tables", USERS, ONE, "POST", ROWS),
    "look": ("tables", USERS, ONE, "GET", r"/tables/airbyte_users\Z"),
    "make": ("tables", USERS, ONE, "POST", r"/tables\Z"),
    "row-deletion": ("tables", USERS, GONE, "DELETE", r"/rows/1\Z"),
}


def error_body(message, kind="some_error", cause=None):
    """The API's form of an error."""
    error = {"type": kind, "message": message}
    if cause is not None:
        error["data_source_error"] = {"code": kind, "message": cause}
    return {"error": error}


def operate(sandbox, name, faults, env=None):
    """One operation under faults: (result, the requests it made)."""
    data_format, one, lines, method, path = OPERATIONS[name]
    sandbox.faults([{"method": method, "path": path, **fault} for fault in faults])
    result = write(sandbox.config(data_format=data_format), catalog_of(one), lines, env=env)
    return result, requests_to(sandbox, method, path)


def sync(sandbox, data_format, lines, streams=(USERS,), env=None, **config):
    """A write."""
    config = sandbox.config(data_format=data_format, **config)
    return write(config, catalog_of(*streams), lines, env=env)


# --- what passes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("fault", [
    {"status": 408}, {"status": 425}, {"status": 429}, {"status": 500}, {"status": 502},
    {"status": 503}, {"status": 504}, {"cut": "before"}, {"cut": "after"}, {"cut": "reply"},
    {"status": 429, "headers": {"Retry-After": "1"}},
    {"status": 503, "headers": {"Retry-After": "soon"}},
], ids=json.dumps)
def test_what_passes_is_tried_again(sandbox, name, fault):
    result, log = operate(sandbox, name, [fault])
    (line,) = result.succeeded().state_lines
    count = json.loads(line)["state"]["sourceStats"]["recordCount"]
    assert line == acknowledged(OPERATIONS[name][2][-1], int(count))
    assert len(log) == 2
    there = OPERATIONS[name][2] is ONE
    assert stored(sandbox, OPERATIONS[name][0]) == ({"1"} if there else set())


WORDS = "Service is currently unavailable. [x]"
OUTAGE = {"status": 503, "body": error_body(WORDS, "service_unavailable")}


@pytest.mark.parametrize("name", OPERATIONS)
def test_three_tries_more_may_be_needed(sandbox, name):
    result, log = operate(sandbox, name, [{**OUTAGE, "times": 3}])
    assert result.succeeded() and len(log) == 4


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_fourth_try_more_is_not_made(sandbox, name):
    result, log = operate(sandbox, name, [{**OUTAGE, "times": -1}])
    error = result.failed("transient_error")
    assert len(log) == 4
    assert WORDS in error["message"]
    assert "given up after 4 tries (4 x HTTP 503)" in error["message"]
    assert result.states == []


def test_the_message_has_the_first_cause_and_a_tally(sandbox):
    result, log = operate(sandbox, "rows", [
        {"status": 502, "body": "<html>Bad Gateway</html>"}, {"cut": "reply"},
        {"status": 503, "body": error_body("later")}, {"status": 502}])
    message = result.failed("transient_error")["message"]
    assert len(log) == 4
    assert "stream users" in message and "HTTP 502" in message and "later" not in message
    assert "2 x HTTP 502" in message and "1 x HTTP 503" in message
    assert "1 x connection lost" in message


def test_the_cause_behind_a_500_is_told(sandbox):
    """Core's message says more than the one in front of it."""
    result, _ = operate(sandbox, "upsert", [{"times": -1, "status": 500, "body": error_body(
        "There was an error upserting the document.", "internal_server_error", "disk is full")}])
    message = result.failed("transient_error")["message"]
    assert "There was an error upserting the document." in message and "disk is full" in message


def test_waits_grow(sandbox):
    _, log = operate(sandbox, "rows", [{"times": 3, "status": 503}], env={"AB_TIME_SCALE": 0.05})
    gaps = [later["at_ms"] - earlier["done_ms"] for earlier, later in zip(log, log[1:])]
    for gap, least in zip(gaps, (50, 100, 200)):
        assert least - 2 <= gap <= 1.25 * least + 60


@pytest.mark.parametrize("name, status", [("rows", 503), ("upsert", 429), ("lookup", 429)])
def test_retry_after_is_obeyed(sandbox, name, status):
    result, log = operate(sandbox, name, [{"status": status, "headers": {"Retry-After": "20"}}],
                          env={"AB_TIME_SCALE": 0.02})
    assert result.succeeded()
    assert log[1]["at_ms"] - log[0]["done_ms"] >= 20 * 20 - 2


def test_a_retry_after_beyond_all_patience_is_an_answer(sandbox):
    result, log = operate(sandbox, "rows", [
        {"times": -1, "status": 503, "headers": {"Retry-After": "86400"}}])
    assert "HTTP 503" in result.failed("transient_error")["message"]
    assert len(log) == 1


@pytest.mark.parametrize("name", ["upsert", "rows", "row-deletion"])
def test_a_limit_is_waited_out_without_using_up_tries(sandbox, name):
    result, log = operate(sandbox, name, [
        {"times": 5, "status": 429, "body": error_body("too many", "rate_limit_error")},
        {"times": 3, "status": 503},
        {"times": 5, "status": 429, "body": error_body("too many", "rate_limit_error")}])
    assert result.succeeded() and len(log) == 14


def test_a_limit_that_never_ends_is_given_up_in_time(sandbox):
    """Before the platform's patience of two hours ends."""
    result, log = operate(sandbox, "upsert", [{"times": -1, "status": 429, "body": error_body(
        "You have reached the maximum number of 0 upserts per minute.")}])
    message = result.failed("transient_error")["message"]
    assert "maximum number of 0 upserts" in message and "minutes" in message
    assert len(log) <= 45 * 60 / 5 + 1
    assert result.states == []


def test_limits_that_come_with_a_wait_are_obeyed_everywhere():
    """The generic limiter of the service: so many requests per route and minute."""
    with Sandbox(None, "--generic-limit", 30, "--minute", 1) as sandbox:
        streams = [stream(f"s{number}") for number in range(40)]
        assert sync(sandbox, "tables", [], streams, env={"AB_TIME_SCALE": 1}).succeeded()
        counts = sandbox.counts()
    assert counts["tables"] == 40 and counts["refused_429"] > 0


# --- what does not pass --------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("status, kind", [
    (400, "config_error"), (401, "config_error"), (403, "config_error"), (404, "config_error"),
    (405, "system_error"), (409, "system_error"), (422, "system_error"), (501, "system_error"),
    (302, "system_error"),
])
def test_a_refusal_is_not_tried_again(sandbox, name, status, kind):
    result, log = operate(sandbox, name, [
        {"times": -1, "status": status, "body": error_body("because I say so")}])
    error = result.failed(kind)
    assert len(log) == 1
    for words in ("because I say so", str(status), "stream users"):
        assert words in error["message"]
    assert result.states == []


def test_a_refusal_in_no_known_form_is_told_without_its_markup(sandbox):
    result, _ = operate(sandbox, "rows", [
        {"times": -1, "status": 403, "body": "<html><script>x</script></html>"}])
    message = result.failed("config_error")["message"]
    assert "403" in message and "<html>" not in message


def test_only_names_that_must_be_unique_make_a_500_final(sandbox):
    body = error_body("Failed to upsert table (table names must be unique).",
                      "internal_server_error", "Tables names must be unique within a data source.")
    result, log = operate(sandbox, "make", [{"times": -1, "status": 500, "body": body}])
    assert "must be unique" in result.failed("config_error")["message"]
    assert len(log) == 1
    result, log = operate(sandbox, "make", [{"status": 500, "body": error_body("hiccup")}])
    assert result.succeeded() and len(log) == 3


def test_a_list_that_failed_with_a_400_is_tried_again(sandbox):
    """That is how the service tells a failure of its database there."""
    result, log = operate(sandbox, "lookup", [{"times": 2, "status": 400, "body": error_body(
        "There was an error retrieving the data source documents.", "data_source_error")}])
    assert result.succeeded() and len(log) == 3


def test_a_managed_data_source_is_refused_once(sandbox):
    config = sandbox.config(data_source_id="dts_managed1")
    result = write(config, catalog_of(USERS), ONE)
    assert "managed data source" in result.failed("config_error")["message"]
    assert len(requests_to(sandbox, "POST")) == 1


@pytest.mark.parametrize("answer", [b"<h1>Welcome</h1>", b"", b"{}", b"[]", b'{"documents":7}'])
@pytest.mark.parametrize("skip_unchanged", [True, False])
def test_a_200_that_is_not_dusts_acknowledges_nothing(data_format, answer, skip_unchanged):
    with Canned(canned_reply("200 OK", "Content-Type: text/html", body=answer)) as portal:
        config = {"api_key": KEY, "workspace_id": "W123456789", "space_id": "v",
                  "data_source_id": "d", "base_url": f"http://127.0.0.1:{portal.port}",
                  "data_format": data_format, "skip_unchanged": skip_unchanged}
        result = write(config, catalog_of(USERS), ONE)
    assert "base_url" in result.failed()["message"]
    assert result.states == []


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("answer", ["", "<h1>Welcome</h1>", '{"rows": ['])
def test_a_200_that_only_says_it_is_json_acknowledges_nothing(sandbox, name, answer):
    result, log = operate(sandbox, name, [{
        "times": -1, "status": 200, "body": answer, "headers": {
            "Content-Type": "application/json"}}])
    result.failed("system_error")
    assert len(log) == 1 and result.states == []


@pytest.mark.parametrize("name", ["lookup", "list"])
def test_an_answer_that_makes_no_sense_is_a_failure(sandbox, name):
    result, log = operate(sandbox, name, [{"times": -1, "status": 200, "body": "not json"}])
    result.failed("system_error")
    assert len(log) == 1 and result.states == []


def test_a_key_that_the_server_repeats_is_masked(sandbox):
    result, _ = operate(sandbox, "rows", [
        {"times": -1, "status": 403, "body": error_body(f"not with {KEY}!")}])
    assert f"not with {'*' * len(KEY)}!" in result.failed()["message"]


def test_the_first_cause_is_told_and_not_what_followed_from_it(sandbox):
    sandbox.faults([{"method": "POST", "path": ROWS, "skip": 2, "status": 403,
                     "body": error_body("first")},
                    {"method": "POST", "path": ROWS, "skip": 2, "times": -1, "status": 500,
                     "delay_ms": 50, "body": error_body("second")}])
    streams = [stream(f"s{number}", key="id") for number in range(8)]
    lines = [line for number in range(8) for line in records(f"s{number}", rows(500))]
    message = sync(sandbox, "tables", lines, streams).failed()["message"]
    assert "first" in message and "second" not in message


def test_what_is_on_its_way_when_the_run_fails_is_finished_and_acknowledged(sandbox):
    sandbox.faults([{"method": "POST", "path": "airbyte_slow/rows", "delay_ms": 400},
                    {"method": "POST", "path": "airbyte_bad/rows", "delay_ms": 100, "times": -1,
                     "status": 403, "body": error_body("no")}])
    streams = [stream("slow", key="id"), stream("bad", key="id")]
    source = Source().records("slow", rows(500)).state("slow").records("bad", rows(500))
    source.state("bad")
    result = sync(sandbox, "tables", source.lines, streams)
    assert "stream bad" in result.failed()["message"]
    assert result.state_lines == source.expected[:1]
    assert len(table_rows(sandbox, "airbyte_slow")) == 500


def test_after_a_failure_the_input_is_taken_while_requests_finish(sandbox):
    """So that the platform, which still writes, sees our reason and not a blocked pipe."""
    sandbox.faults([{"method": "POST", "path": "airbyte_slow/rows", "delay_ms": 1500},
                    {"method": "POST", "path": "airbyte_bad/rows", "times": -1, "status": 403,
                     "body": error_body("no")}])
    streams = [stream("slow", key="id"), stream("bad", key="id")]
    with Process("write", sandbox.config(data_format="tables"), catalog_of(*streams)) as process:
        process.send(*records("slow", rows(500)), *records("bad", rows(500)))
        process.until(lambda: len(requests_to(sandbox, "POST", "bad/rows")) == 1)
        process.send(*([record("bad", {"id": 1, "x": "x" * 1000})] * 8000))
        result = process.end()
    result.failed("config_error")
    assert not result.stdin_broken


# --- hosts ---------------------------------------------------------------------------------------


def test_a_host_without_an_address_is_told(sandbox, data_format):
    config = sandbox.config(base_url="http://no-such-host.invalid", data_format=data_format)
    error = write(config, catalog_of(USERS), ONE).failed("transient_error")
    assert "http://no-such-host.invalid" in error["message"] and "resolve" in error["message"]
    assert "4 x connection lost" in error["message"]


def test_a_port_where_nobody_listens_is_told(sandbox, data_format):
    with Canned(b"") as other:
        port = other.port
    config = sandbox.config(base_url=f"http://127.0.0.1:{port}", data_format=data_format)
    error = write(config, catalog_of(USERS), ONE).failed("transient_error")
    assert f"http://127.0.0.1:{port}" in error["message"]
    assert "given up after 4 tries" in error["message"]


def test_a_server_that_is_restarted_is_no_failure(tmp_path, data_format):
    with Sandbox(tmp_path, "--debounce", 0, "--limit", 100_000) as sandbox:
        sandbox.settings(latency_ms=5)
        source = Source()
        for number in range(8):
            source.records("users", rows(500, 1 + number * 500)).state("users")
        config = sandbox.config(data_format=data_format, documents_per_minute=0)
        with Process("write", config, catalog_of(USERS), env={"AB_TIME_SCALE": 0.5}) as process:
            process.feed(source.lines)
            process.until_states(2)
            sandbox.kill()
            sandbox.start()
            result = process.end()
        assert result.succeeded().state_lines == source.expected
        assert len(stored(sandbox, data_format)) == 4000


def test_connections_that_die_at_random_lose_and_double_nothing(sandbox, data_format):
    random.seed(11)
    sandbox.settings(limit=1_000_000)
    kinds = [{"cut": "before"}, {"cut": "after"}, {"cut": "reply"}, {"status": 503},
             {"status": 429}, {"delay_ms": 30}]
    source = Source()
    data = [{"id": random.randrange(700), "v": number} for number in range(3000)]
    for start in range(0, 3000, 150):
        source.records("users", data[start:start + 150]).state("users")
    # So far apart that no document meets four of them.
    skips = iter(range(0, 10_000, 25 if data_format == "documents" else 2))
    sandbox.faults([{"method": "POST", "path": WRITES[data_format], "skip": next(skips),
                     **random.choice(kinds)} for _ in range(100)])
    result = sync(sandbox, data_format, source.lines, documents_per_minute=0)
    assert result.succeeded().state_lines == source.expected
    wanted = {str(one["id"]): one["v"] for one in data}
    if data_format == "tables":
        assert wanted == {
            key: row["v"] for key, row in table_rows(sandbox, "airbyte_users").items()}
    else:
        assert {key: json.loads(text)["v"] for key, text in texts(sandbox).items()} == {
            f"users-{key}": value for key, value in wanted.items()}


# --- killed --------------------------------------------------------------------------------------


class Platform:
    """Runs a sync over and over until it succeeds, each time from the states acknowledged last."""

    def __init__(self, sandbox, data_format, streams, count):
        self.sandbox = sandbox
        self.data_format = data_format
        self.catalog = catalog_of(*streams)
        self.names = [one["stream"]["name"] for one in streams]
        self.count = count
        self.safe = dict.fromkeys(self.names, 0)  # the cursor acknowledged last

    def lines(self):
        """What the source sends: records in turn, some twice, and states now and then."""
        at = dict(self.safe)
        pending = dict.fromkeys(self.names, 0)
        number = 0
        while any(at[name] < self.count for name in self.names):
            name = random.choice([one for one in self.names if at[one] < self.count])
            for _ in range(random.randrange(1, 60)):
                if at[name] == self.count:
                    break
                at[name] += 1
                pending[name] += 1
                yield record(name, {"id": at[name] * 2 // 3, "v": at[name]})
            if random.random() < 0.3 or at[name] == self.count:
                number += 1
                yield state(name, number, pending[name], value={"cursor": at[name]})
                pending[name] = 0

    def attempt(self, seconds):
        """One run, killed after a while; returns whether it came to its end."""
        config = self.sandbox.config(data_format=self.data_format, documents_per_minute=0)
        with Process("write", config, self.catalog) as process:
            process.feed(self.lines())
            deadline = time.monotonic() + seconds
            while process.popen.poll() is None and time.monotonic() < deadline:
                time.sleep(0.001)
            result = process.kill() if process.popen.poll() is None else process.end()
        for one in result.states:
            name = one["stream"]["stream_descriptor"]["name"]
            cursor = one["stream"]["stream_state"]["cursor"]
            assert cursor >= self.safe[name]
            self.safe[name] = cursor
        return result.code == 0

    def held(self, name):
        """{id: v} in the server."""
        if self.data_format == "tables":
            self.sandbox.merge()
            table = self.sandbox.tables().get(f"airbyte_{name}", {"rows": {}})
            return {int(key): row["v"] for key, row in table["rows"].items()}
        return {int(key.rpartition("-")[2]): json.loads(text)["v"]
                for key, text in texts(self.sandbox).items() if key.startswith(f"{name}-")}

    def check_safe(self):
        """What was acknowledged is there, in the version acknowledged or a later one."""
        for name in self.names:
            held = self.held(name)
            for number in range(1, self.safe[name] + 1):
                assert held.get(number * 2 // 3, 0) >= number, f"{name}: {number} is lost"


def test_a_run_that_is_killed_over_and_over_loses_and_doubles_nothing(sandbox, data_format):
    random.seed(23)
    sandbox.settings(limit=1_000_000, latency_ms={"documents": 3, "tables": 50}[data_format])
    platform = Platform(sandbox, data_format, [
        stream("a", "append_dedup", "id"), stream("b", "append_dedup", "id")], 3000)
    attempts = 0
    while not platform.attempt(random.uniform(0.02, 0.25) if attempts < 12 else 60):
        platform.check_safe()
        attempts += 1
    assert attempts >= 3
    wanted = {v * 2 // 3: v for v in range(1, 3001)}
    assert platform.held("a") == wanted and platform.held("b") == wanted


def test_after_a_kill_in_the_middle_of_a_line_the_rest_is_sent_again(sandbox, data_format):
    source = Source().records("users", rows(500)).state("users")
    config = sandbox.config(data_format=data_format, documents_per_minute=0)
    sandbox.settings(limit=1_000_000)
    with Process("write", config, catalog_of(USERS)) as process:
        process.send(*source.lines)
        process.write(b'{"type":"RECORD","record":{"stream":"use')
        process.until_states(1, 5)
        assert process.kill().state_lines == source.expected
    more = Source().records("users", rows(500, 501)).state("users")
    assert sync(sandbox, data_format, more.lines).succeeded().state_lines == more.expected
    assert stored(sandbox, data_format) == {str(number) for number in range(1, 1001)}


def test_a_document_that_failed_does_not_stop_the_others_of_its_batch_from_being_kept(sandbox):
    """The batch is not acknowledged, but what Dust took it has: the next run skips it."""
    put_document(sandbox, "theirs")
    sandbox.faults([{"method": "POST", "path": "users-50$", "times": -1, "status": 403,
                     "body": error_body("no", "workspace_quota_error")}])
    source = Source().records("users", rows(100)).state("users")
    result = sync(sandbox, "documents", source.lines)
    assert "no" in result.failed("config_error")["message"] and result.states == []
    landed = len(sandbox.documents())
    sandbox.faults([])
    mark = sandbox.requests()[-1]["n"]
    assert sync(sandbox, "documents", source.lines).succeeded().state_lines == source.expected
    again = [one for one in sandbox.requests(mark) if one["method"] == "POST"]
    assert len(again) == 101 - landed

"""Each invariant of the campaign of faults finds what it is there for. An attempt that went well is
made up; it breaks no promise, and then one thing of it is changed."""

import copy
import dataclasses
import json
from types import SimpleNamespace

import pytest

from torture import invariants
from torture.conversation import Said
from torture.faults import UNTRUSTED, Faults
from torture.model import Model
from torture.order import Order
from torture.outcome import READERS, Outcome
from torture.records import CONTENT, Record, data_of, old_record
from torture.schedule import Schedule
from torture.seldom import NAMED
from torture.tried_dust import Tables
from torture.tried_luzmo import Luzmo
from torture.wire import DELETED_AT, Airbyte, Singer
from torture.workload import Complete, Mark, Stream, Workload

LOST = {"n": 2, "method": "POST", "path": "/b", "status": 0, "at_ms": 1, "done_ms": 2}
REFUSED = {"n": 1, "method": "POST", "path": "/a", "status": 401, "at_ms": 1, "done_ms": 2}
REFUSAL = {"skip": 0, "status": 401}


class Small(Workload):
    """A stream of five records of three ids, with states after the second and the last."""

    def __init__(self, mode):  # pylint: disable=super-init-not-called
        self.scope = "STREAM"
        self.largest = 10
        stream = Stream("s0", mode, keys=3, old=3)
        stream.records = [Record("s0", number, key, 10)
                          for number, key in enumerate((1, 2, 1, 3, 2), 1)]
        self.streams = [stream]
        self.items = [*stream.records[:2], Mark("s0"), *stream.records[2:], Mark("s0")]


def row(record):
    """What is held of a record."""
    return data_of(record, DELETED_AT["airbyte"])


def newest(stream):
    """The rows of a stream when all of it came."""
    by_key = {one.key: one for one in stream.records}
    return [row(one) for one in (by_key.values() if stream.keyed else stream.records)]


def old(stream):
    """The rows that were there before."""
    return [row(old_record(stream, number)) for number in range(1, stream.old + 1)]


class Attempted:
    """A trial after one attempt in which nothing went wrong."""

    def __init__(self, mode="upsert", kind=Tables, protocol="airbyte"):
        workload = Small(mode)
        (self.stream,) = workload.streams
        service = SimpleNamespace(
            withholds=lambda record: False, rejects=lambda record: False, merges=False,
            clears=True, in_flight=8, rejecting=(413,), passing=kind.passing, secrets=("sesame",),
            keeps_rejected=False, shares=False, is_final=lambda one: one["status"] in (401, 403))
        schedule = Schedule("dust", protocol, 1)
        schedule.settings = {}
        schedule.workload = workload
        self.model = Model(service, self.stream, protocol)
        models = {"s0": self.model}
        self.trial = SimpleNamespace(
            schedule=schedule, service=service, models=models, order=Order(service, models))
        written = Singer(workload, {}) if protocol == "singer" else Airbyte(workload, {}, False)
        self.outcome = Outcome(1, Faults(), written.write(), Said(0, closed=True))
        self.outcome.said.fed = len(self.outcome.input.data)
        self.outcome.before = {"s0": old(self.stream)}
        kept = old(self.stream) if mode == "rows" else []
        self.outcome.held = {"s0": kept + newest(self.stream)}
        self.outcome.acknowledged = [(one, self.answer(one)) for one in self.outcome.input.states]
        for one in self.stream.records:
            self.model.come(one.number)
        self.safe(5)

    def answer(self, state):
        """What comes back for a state."""
        return invariants.answer(self.trial, state, state.answer())

    def safe(self, cursor):
        """So far it is acknowledged, and no farther."""
        self.model.progress.acknowledged = 0
        self.model.progress.replaced = False
        if cursor:
            self.model.safe(cursor)
        return self

    def again(self):
        """One more attempt begins."""
        self.model.begin()
        self.outcome.before = copy.deepcopy(self.outcome.held)
        return self

    def failed(self, *failures, code=1):
        """It failed, with what it told."""
        self.outcome.said.code = code
        self.outcome.failures = list(failures)
        self.outcome.last_is_failure = bool(failures)
        return self

    def suffered(self, around=None, *rules, requests=()):
        """Something went wrong."""
        self.outcome.faults = Faults(list(rules), around)
        self.outcome.requests = list(requests)
        return self

    @property
    def rows(self):
        """What is held."""
        return self.outcome.held["s0"]

    def broken(self):
        """The names of the invariants that do not hold."""
        return sorted({one.partition(":")[0] for one in invariants.broken(
            self.trial, self.outcome)})

    def finds(self, function):
        """Whether this is what is found, and nothing else."""
        return self.broken() == [function.__name__.replace("_", " ")]


CONTENTS = invariants.the_service_holds_what_it_must
MODES = ["upsert", "dedup", "overwrite", "truncate", "rows", "rows_overwrite", "rows_truncate"]


@pytest.mark.parametrize("mode", MODES)
def test_what_went_well_breaks_no_promise(mode):
    assert Attempted(mode).broken() == []
    assert Attempted(mode, protocol="singer").broken() == []


# --- what the service holds -----------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_a_row_that_is_missing_is_found(mode):
    attempted = Attempted(mode)
    del attempted.rows[-1]
    assert attempted.finds(CONTENTS)


@pytest.mark.parametrize("mode", MODES)
def test_a_row_that_is_there_twice_is_found(mode):
    attempted = Attempted(mode)
    attempted.rows.append(attempted.rows[-1])
    assert attempted.finds(CONTENTS)


@pytest.mark.parametrize("mode", MODES)
def test_a_row_that_nobody_sent_is_found(mode):
    attempted = Attempted(mode)
    attempted.rows.append({"id": 77, "v": 77, "pad": ""})
    assert attempted.finds(CONTENTS)


@pytest.mark.parametrize("mode", MODES)
def test_a_row_with_other_content_is_found(mode):
    attempted = Attempted(mode)
    attempted.rows[-1]["pad"] += "!"
    assert attempted.finds(CONTENTS)


def test_an_older_version_of_a_key_is_found():
    attempted = Attempted()
    attempted.rows[0] = row(attempted.stream.records[0])
    assert attempted.finds(CONTENTS)


@pytest.mark.parametrize("mode", ["overwrite", "truncate", "rows_overwrite", "rows_truncate"])
def test_a_row_that_an_overwrite_left_is_found(mode):
    attempted = Attempted(mode)
    attempted.rows[:0] = old(attempted.stream)[-1:]
    if attempted.stream.keyed:
        attempted.stream.records = attempted.stream.records[:2]  # of the ids 1 and 2
        attempted.rows[:] = [*newest(attempted.stream), old(attempted.stream)[-1]]
    assert "the service holds what it must" in attempted.broken()


@pytest.mark.parametrize("mode", ["overwrite", "truncate", "rows_overwrite", "rows_truncate"])
def test_old_rows_that_went_before_the_input_ended_are_found(mode):
    attempted = Attempted(mode).safe(0).suffered("kill").failed(code=-9)
    attempted.outcome.said.closed = False
    attempted.outcome.acknowledged = []
    attempted.outcome.held = {"s0": old(attempted.stream)}
    assert attempted.broken() == []
    attempted.outcome.held = {"s0": newest(attempted.stream)[:1]}
    assert attempted.finds(CONTENTS)


def test_what_was_not_acknowledged_may_be_there_or_not():
    attempted = Attempted("rows").safe(2).suffered("kill").failed(code=-9)
    attempted.outcome.acknowledged = attempted.outcome.acknowledged[:1]
    del attempted.rows[-1]
    assert attempted.broken() == []
    attempted.again().model.come(4)
    attempted.rows.append(attempted.rows[-1])
    assert attempted.broken() == []
    attempted.rows.append(attempted.rows[-1])
    assert attempted.finds(CONTENTS)


def test_a_row_that_one_attempt_wrote_twice_is_found_though_two_had_to():
    attempted = Attempted("rows").safe(2).suffered("kill").failed(code=-9)
    attempted.outcome.acknowledged = attempted.outcome.acknowledged[:1]
    fifth = attempted.rows.pop()
    attempted.again().model.come(5)
    assert attempted.broken() == []
    attempted.rows.extend([fifth, fifth])
    assert attempted.finds(CONTENTS)
    attempted.model.doubt(1)
    assert attempted.broken() == []
    attempted.rows.append(fifth)
    assert attempted.finds(CONTENTS)


@pytest.mark.parametrize("mode", ["overwrite", "truncate", "rows_overwrite", "rows_truncate"])
def test_a_stream_that_is_complete_is_replaced_though_the_input_ends_early(mode):
    attempted = Attempted(mode).safe(0).suffered("early end").failed(("transient_error", "a"))
    attempted.outcome.acknowledged = []
    attempted.outcome.held = {"s0": newest(attempted.stream)[:1]}
    assert attempted.finds(CONTENTS)
    attempted.outcome.input.items[-1] = Complete("s0")
    assert attempted.broken() == []


def test_an_overwrite_that_succeeds_has_no_row_twice_whatever_was_lost():
    attempted = Attempted("rows_overwrite").safe(0)
    attempted.model.doubt(2)
    attempted.model.safe(5)
    attempted.model.progress.doubts = 2
    attempted.rows.append(attempted.rows[-1])
    assert attempted.finds(CONTENTS)


def doubts(*requests, rules=()):
    """How many pushes of the stream s0, whose dataset is d, are in doubt at Luzmo."""
    service = Luzmo.__new__(Luzmo)  # without a sandbox
    service.datasets = lambda descriptor: [{"id": "d"}] if descriptor == (None, "s0") else []
    log = [{"resource": "data", "dataset": "d", **one} for one in requests]
    outcome = Outcome(1, Faults(list(rules)), None, None, requests=log)
    return service.doubts(Stream("s0", "rows", keys=1), outcome)


def test_only_further_pushes_that_are_lost_leave_a_doubt():
    lost, well = {"status": 0}, {"status": 200}
    assert doubts(well, lost, well) == 0
    assert doubts(lost, {"status": 503}) == 2
    assert doubts(lost, {**lost, "dataset": "other"}) == 0
    assert doubts(lost, {**lost, "dataset": None}) == 2
    assert doubts(lost, {**lost, "resource": "securable"}) == 0
    assert doubts(lost, {"status": 429}, {"status": 413}) == 0
    assert doubts(well, well, rules=[{"status": 200, "body": "{"}]) == 2


# --- what streams share ---------------------------------------------------------------------------


class Shared:
    """Two streams of one kind, of which each has two records of one object: first the one's."""

    def __init__(self):
        service = SimpleNamespace(withholds=lambda record: record.deleted, shares=True)
        streams = [Stream("s0", "upsert", keys=1, kind="visitor"),
                   Stream("a.s0", "upsert", keys=1, kind="visitor", old=1)]
        self.models = {one.name: Model(service, one, "airbyte") for one in streams}
        self.order = Order(service, self.models)
        self.records = [Record(one.name, number, 1, 10, turn=turn) for turn, (one, number) in
                        enumerate(((streams[0], 1), (streams[0], 2), (streams[1], 1),
                                   (streams[1], 2)), 1)]

    def came(self, *turns, safe=()):
        """The records with these turns came in an attempt; those up to these are acknowledged."""
        for stream, number in dict(safe).items():
            self.models[stream].safe(number)
        self.order.account([one for one in self.records if one.turn in turns])
        return self

    def allows(self):
        """The turns that the object may have."""
        return {turn for turn in (None, -1, 1, 2, 3, 4)
                if not list(self.order.problems({("visitor", 1): turn} if turn else {}))}


def test_what_was_there_before_is_known():
    assert Shared().allows() == {-1}
    assert Shared().came(1, 2, 3).allows() == {-1, 1, 2, 3}


def test_no_record_may_come_after_a_later_one_of_another_stream():
    assert Shared().came(1, 2, 3, 4, safe={"s0": 2, "a.s0": 2}).allows() == {4}
    assert Shared().came(1, 2, 3, 4, safe={"s0": 2, "a.s0": 1}).allows() == {3, 4}


def test_what_comes_again_may_take_the_place_of_what_was_later():
    """In another attempt, as the order is that in which records come."""
    shared = Shared().came(1, 2, 3, 4, safe={"a.s0": 2})
    assert shared.allows() == {4}
    assert shared.came(1, 2).allows() == {1, 2, 4}
    assert shared.came(1, 2, safe={"s0": 2}).allows() == {2}


def test_an_older_turn_is_found_and_one_where_nothing_should_be():
    attempted = Attempted()
    attempted.trial.order = Shared().came(1, 2, 3, 4, safe={"s0": 2, "a.s0": 2}).order
    attempted.outcome.turns = {("visitor", 1): 4}
    assert attempted.broken() == []
    for turns in ({("visitor", 1): 3}, {}, {("visitor", 1): 4, ("account", 1): 4}):
        attempted.outcome.turns = turns
        assert attempted.finds(invariants.records_of_one_object_keep_their_order)


def test_what_took_the_place_of_a_rejected_record_must_be_allowed():
    attempted = Attempted("overwrite").suffered(None, requests=[{**LOST, "status": 413}])
    attempted.outcome.rejected = [("s0", 4)]
    attempted.model.progress.rejected = {4}
    state, _ = attempted.outcome.acknowledged[1]
    attempted.outcome.acknowledged[1] = (state, state.answer(rejected=1))
    attempted.rows[:] = [one for one in attempted.rows if one["v"] != 4]
    assert attempted.broken() == []
    attempted.rows.append(old(attempted.stream)[2])
    assert attempted.finds(CONTENTS)
    attempted.trial.service.keeps_rejected = True
    assert attempted.broken() == []


def test_what_was_there_stays_if_nothing_takes_its_place():
    attempted = Attempted("rows_overwrite").suffered(None, requests=[{**LOST, "status": 413}])
    attempted.trial.service.clears = False
    attempted.model.progress.rejected = {1, 2, 3, 4, 5}
    attempted.rows[:] = old(attempted.stream)
    assert attempted.broken() == []
    attempted.model.progress.rejected = {1, 2, 3, 4}
    attempted.rows[:] = [*old(attempted.stream), row(attempted.stream.records[4])]
    assert attempted.finds(CONTENTS)


def test_the_version_before_a_rejected_one_must_be_there():
    attempted = Attempted().suffered(None, requests=[{**LOST, "status": 413}])
    attempted.outcome.rejected = [("s0", 5)]
    attempted.model.progress.rejected = {5}
    state, _ = attempted.outcome.acknowledged[1]
    attempted.outcome.acknowledged[1] = (state, state.answer(rejected=1))
    attempted.rows[:] = [one for one in attempted.rows if one["v"] != 5]
    assert attempted.finds(CONTENTS)
    attempted.rows.append(row(attempted.stream.records[1]))
    assert attempted.broken() == []


def test_a_dataset_that_was_made_twice_is_found():
    attempted = Attempted()
    attempted.outcome.doubles = ["stream s0 has 2 datasets"]
    assert attempted.finds(invariants.nothing_is_made_twice)


@pytest.mark.parametrize("names, doubles", [
    (["as0"], []), (["as0", "s0"], []), (["as0", "as0"], ["stream a.s0 has 2 datasets"]),
    (["as0", "s0", "s0", "s1", "s1"], ["stream s0 has 2 datasets"])])
def test_a_dataset_that_was_made_twice_is_known_by_its_name(names, doubles):
    service = Luzmo.__new__(Luzmo)
    service.sandbox = SimpleNamespace(
        datasets=lambda: [{"name": f"Airbyte - {name}"} for name in names])
    assert service.doubles([Stream("a.s0", "rows", 1), Stream("s0", "rows", 1)]) == doubles


def test_a_rejection_without_reason_is_found():
    attempted = Attempted()
    attempted.outcome.rejected = [("s0", 1)]
    state, _ = attempted.outcome.acknowledged[0]
    attempted.outcome.acknowledged[0] = (state, state.answer(rejected=1))
    assert attempted.finds(invariants.rejections_are_as_they_must_be)
    assert attempted.suffered(None, requests=[{**LOST, "status": 413}]).broken() == []


@pytest.mark.parametrize("answer", [{"status": 413}, {"status": 200, "rule": NAMED}])
def test_a_record_that_was_rejected_in_place_of_the_refused_one_is_found(answer):
    attempted = Attempted().suffered(None, requests=[{**LOST, **answer}])
    attempted.outcome.faults.refused = (attempted.stream.records[1],)
    attempted.outcome.rejected = [("s0", 1)]
    state, _ = attempted.outcome.acknowledged[0]
    attempted.outcome.acknowledged[0] = (state, state.answer(rejected=1))
    assert attempted.finds(invariants.rejections_are_as_they_must_be)
    attempted.outcome.rejected = [("s0", 2)]
    assert attempted.broken() == []


# --- states ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", ["airbyte", "singer"])
def test_a_state_that_came_back_otherwise_is_found(protocol):
    attempted = Attempted(protocol=protocol)
    state, line = attempted.outcome.acknowledged[0]
    attempted.outcome.acknowledged[0] = (state, line.replace("fff", "ffg"))
    assert attempted.finds(invariants.states_come_back_as_they_came)


@pytest.mark.parametrize("order", [[1], [1, 0], [0, 0, 1]])
def test_states_that_are_left_out_or_out_of_order_are_found(order):
    attempted = Attempted()
    came = attempted.outcome.acknowledged
    attempted.outcome.acknowledged = [came[one] for one in order]
    assert "states come back as they came" in attempted.broken()


def test_a_state_that_nobody_sent_is_found():
    attempted = Attempted()
    attempted.outcome.strange = ['{"type":"STATE"}']
    assert attempted.finds(invariants.states_come_back_as_they_came)


def test_a_count_that_is_wrong_is_found():
    attempted = Attempted()
    state, _ = attempted.outcome.acknowledged[1]
    attempted.outcome.acknowledged[1] = (state, state.answer(rejected=1))
    assert attempted.finds(invariants.counts_agree)
    attempted = Attempted(protocol="singer")
    attempted.outcome.counted = 4
    assert attempted.finds(invariants.counts_agree)


def test_a_line_without_its_end_is_found():
    attempted = Attempted()
    attempted.outcome.torn = b'{"type":"LOG"'
    assert attempted.finds(invariants.only_a_long_state_is_torn)
    attempted.suffered("kill")
    assert attempted.finds(invariants.only_a_long_state_is_torn)


# --- the end --------------------------------------------------------------------------------------


def test_a_run_that_hangs_is_found():
    attempted = Attempted().suffered("dribble").failed(code=None)
    assert attempted.finds(invariants.the_run_ends)


def test_success_without_all_states_is_found():
    attempted = Attempted()
    attempted.outcome.acknowledged.pop()
    assert attempted.finds(invariants.exit_code_zero_means_all_is_acknowledged)


@pytest.mark.parametrize("around", ["end in mid-line", "closed output"])
def test_success_that_cannot_be_is_found(around):
    attempted = Attempted().suffered(around)
    attempted.outcome.faults.at = 0
    assert attempted.finds(invariants.exit_code_zero_means_all_is_acknowledged)


@pytest.mark.parametrize("failures, code", [
    ([], 1), ([("config_error", "a"), ("config_error", "b")], 1), ([("system_error", "a")], 1),
    ([("transient_error", "a")], 1), ([("config_error", "a")], 2), ([], -11)])
def test_a_failure_that_is_told_in_another_way_is_found(failures, code):
    attempted = Attempted().suffered(None, REFUSAL, requests=[REFUSED]).failed(*failures, code=code)
    assert attempted.finds(invariants.a_failure_is_told_once_and_last)


def test_a_failure_that_is_not_told_last_is_found():
    attempted = Attempted().suffered(None, REFUSAL, requests=[REFUSED])
    assert attempted.failed(("config_error", "a")).broken() == []
    attempted.outcome.last_is_failure = False
    assert attempted.finds(invariants.a_failure_is_told_once_and_last)


def test_a_failure_without_cause_is_found():
    attempted = Attempted().suffered(None, {"skip": 9, "status": 503, "times": 3})
    attempted.failed(("transient_error", "HTTP 503"))
    assert attempted.finds(invariants.a_failure_is_told_once_and_last)


def test_a_signal_that_is_not_told_is_found():
    attempted = Attempted().safe(2).suffered("terminate").failed(code=-15)
    attempted.outcome.faults.lines = 3
    attempted.outcome.acknowledged = attempted.outcome.acknowledged[:1]
    assert attempted.finds(invariants.a_signal_that_is_heard_is_told)
    attempted.failed(("transient_error", "something ended it"), code=-15)
    assert attempted.finds(invariants.a_signal_that_is_heard_is_told)
    attempted.failed(("transient_error", "ended by SIGTERM"), code=-15)
    assert attempted.broken() == []
    attempted.outcome.last_is_failure = False
    assert attempted.finds(invariants.a_signal_that_is_heard_is_told)


@pytest.mark.parametrize("around, kind", [
    ("expired", "config_error"), ("no such host", "transient_error"),
    ("full disk", "system_error"), ("early end", "transient_error")])
def test_each_cause_has_its_kind(around, kind):
    kinds = {"config_error", "transient_error", "system_error"}
    assert Attempted().suffered(around).failed((kind, "a certificate")).broken() == []
    for other in kinds - {kind}:
        attempted = Attempted().suffered(around).failed((other, "a certificate"))
        assert attempted.finds(invariants.a_failure_is_told_once_and_last)


@pytest.mark.parametrize("around", UNTRUSTED)
def test_a_certificate_that_was_trusted_is_found(around):
    told = ("config_error", "its certificate is not to be trusted")
    attempted = Attempted().suffered(around).failed(told)
    assert attempted.broken() == []
    attempted.suffered(around, requests=[{**LOST, "status": 200}])
    assert attempted.finds(invariants.an_untrusted_server_is_told_nothing)
    attempted.suffered(around).failed(("config_error", "HTTP 401"))
    assert attempted.finds(invariants.an_untrusted_server_is_told_nothing)
    attempted.failed(("transient_error", told[1]))
    assert attempted.finds(invariants.a_failure_is_told_once_and_last)
    attempted.failed(code=0)
    assert attempted.finds(invariants.an_untrusted_server_is_told_nothing)


def test_where_nothing_is_to_be_sent_no_certificate_is_asked_for():
    attempted = Attempted().suffered("expired")
    attempted.trial.service.withholds = lambda record: True
    assert "an untrusted server is told nothing" not in attempted.broken()


def test_a_single_fault_that_failed_a_run_is_found():
    attempted = Attempted().suffered(None, {"skip": 0, "cut": "before"}, requests=[LOST])
    attempted.failed(("transient_error", "a"))
    assert attempted.finds(invariants.one_passing_fault_fails_no_run)


def test_a_refused_record_that_failed_a_run_is_found():
    rule = {"match": "a", "status": 413, "times": -1}
    attempted = Attempted().suffered(None, rule, requests=[{**LOST, "status": 413}])
    attempted.failed(("system_error", "HTTP 413"))
    attempted.outcome.faults.refused = (attempted.stream.records[1],)
    assert attempted.finds(invariants.a_refused_record_fails_no_run)
    attempted.trial.service.withholds = lambda record: record.number != 2
    assert "a refused record fails no run" not in attempted.broken()


def test_a_record_refused_by_name_fails_no_run_even_if_there_is_no_other():
    attempted = Attempted().suffered(None, {"match": "a", "refuse": "no"})
    attempted.trial.service.withholds = lambda record: record.number != 2
    attempted.outcome.faults.refused = (attempted.stream.records[1],)
    attempted.failed(("config_error", "a"))
    assert "a refused record fails no run" in attempted.broken()


def test_requests_after_a_refusal_are_found():
    later = [{**LOST, "status": 200, "at_ms": 3} for _ in range(8)]
    attempted = Attempted().failed(("config_error", "a"))
    assert attempted.suffered(None, REFUSAL, requests=[REFUSED, *later[1:]]).broken() == []
    attempted.suffered(None, REFUSAL, requests=[REFUSED, *later])
    assert attempted.finds(invariants.nothing_is_asked_after_a_refusal)


def test_a_refused_request_that_comes_again_is_found():
    again = {**REFUSED, "n": 3, "status": 200, "at_ms": 3}
    attempted = Attempted().failed(("config_error", "a"))
    attempted.suffered(None, REFUSAL, requests=[REFUSED, again])
    assert attempted.finds(invariants.nothing_is_asked_after_a_refusal)


def wrong_key():
    """An attempt in which the records after the first state have no key."""
    attempted = Attempted(protocol="singer").suffered("wrong key").safe(2)
    attempted.outcome.input.name_wrong_key(4, ["absent"])
    attempted.outcome.acknowledged = attempted.outcome.acknowledged[:1]
    attempted.outcome.counted = None
    return attempted.failed((None, "line 5 of the input cannot be taken: stream s0: no key"))


def test_a_wrong_key_breaks_no_promise():
    attempted = wrong_key()
    assert attempted.outcome.input.wrong_key == 5 and len(attempted.outcome.came) == 2
    assert attempted.broken() == []


def test_a_wrong_key_that_is_not_told_of_is_found():
    attempted = wrong_key().failed((None, "line 4 of the input cannot be taken: stream s0: no"))
    assert attempted.finds(invariants.a_wrong_key_ends_the_input_and_no_more)
    attempted.failed((None, "line 6 of the input cannot be taken: stream s0: no"))
    assert attempted.broken() == []


def test_a_state_that_is_lost_to_a_wrong_key_is_found():
    attempted = wrong_key()
    attempted.outcome.acknowledged = []
    assert attempted.finds(invariants.a_wrong_key_ends_the_input_and_no_more)


def test_a_wrong_key_that_was_taken_is_found():
    attempted = wrong_key()
    attempted.outcome.said.code = 0
    attempted.outcome.failures = []
    assert "exit code zero means all is acknowledged" in attempted.broken()


def test_under_another_key_the_same_id_is_another_row():
    attempted = Attempted()
    attempted.stream.records[2:4] = [
        dataclasses.replace(one, by=("id", "v")) for one in attempted.stream.records[2:4]]
    attempted.model.numbered = {one.number: one for one in attempted.stream.records}
    first, *_ = attempted.stream.records
    assert attempted.finds(CONTENTS)
    attempted.rows[:] = [*map(row, attempted.stream.records), *old(attempted.stream)[2:]]
    assert attempted.finds(CONTENTS)  # the version before is there twice
    attempted.rows.remove(row(attempted.stream.records[1]))
    assert first.identity == 1 and attempted.broken() == []


def test_a_failure_without_faults_is_found():
    attempted = Attempted().failed(("transient_error", "a"))
    assert "an attempt without faults succeeds" in attempted.broken()


# --- what is printed, and what it takes -----------------------------------------------------------


@pytest.mark.parametrize("text", ["sesame", CONTENT])
@pytest.mark.parametrize("where", ["stdout", "stderr"])
def test_what_is_nobodys_business_is_found_in_the_output(text, where):
    attempted = Attempted()
    setattr(attempted.outcome.said, where, f"INFO {text}".encode())
    assert attempted.finds(invariants.nothing_secret_is_printed)


def test_too_much_memory_is_found():
    attempted = Attempted()
    attempted.outcome.peak = invariants.MEMORY
    assert attempted.broken() == []
    attempted.outcome.peak += 1
    assert attempted.finds(invariants.memory_stays_below_its_limit)


def test_every_invariant_has_its_test():
    source = open(__file__, encoding="utf-8").read()
    for function in invariants.INVARIANTS:
        name = function.__name__
        assert f"invariants.{name}" in source or name.replace("_", " ") in source


# --- output ---------------------------------------------------------------------------------------


def said(protocol, stdout, stderr=""):
    """An Outcome whose output was read."""
    attempted = Attempted(protocol=protocol)
    outcome = dataclasses.replace(copy.copy(attempted.outcome), acknowledged=[], said=Said(
        1, stdout.encode(), stderr.encode()))
    READERS[protocol](outcome)
    return outcome


def test_what_a_destination_prints_is_read():
    error = {"type": "TRACE", "trace": {"type": "ERROR", "emitted_at": 1_700_000_000_000, "error": {
        "message": "no", "failure_type": "config_error"}}}
    warning = {"type": "LOG", "log": {"level": "WARN", "message": "hm"}}
    state = Attempted().outcome.input.states[0]
    lines = [state.answer(), *map(json.dumps, (warning, error)), '{"type":"STATE",']
    outcome = said("airbyte", "\n".join(lines))
    assert outcome.acknowledged == [(state, lines[0])]
    assert (outcome.warnings, outcome.failures) == (["hm"], [("config_error", "no")])
    assert outcome.last_is_failure and outcome.torn == b'{"type":"STATE",'


def test_what_a_target_prints_is_read():
    state = Attempted(protocol="singer").outcome.input.states[0]
    value = json.dumps(json.loads(state.line)["value"])
    metric = '{"type":"counter","metric":"record_count","value":3,"tags":{"stream":"s0"}}'
    outcome = said("singer", f"{value}\n{{\"number\":99}}\n", f"WARNING hm\nINFO METRIC: {metric}\n"
                   f"INFO METRIC: {metric}\nCRITICAL no\n")
    assert outcome.acknowledged == [(state, value)] and outcome.strange == ['{"number":99}']
    assert (outcome.warnings, outcome.failures, outcome.counted) == (["hm"], [(None, "no")], 6)
    assert outcome.last_is_failure
    assert not said("singer", "", "CRITICAL no\nINFO more\n").last_is_failure

"""What the sandbox's log shows of batches that are halved, fall back and settle by a count."""

from random import Random

import pytest

from torture import seldom
from torture.seldom import COUNTED, EARLIER, FELL_BACK, LOST, REFUSED, SPLIT
from torture.records import Record
from torture.outcome import Outcome
from torture.tried_luzmo import Luzmo
from torture.tried_pendo import Pendo
from torture.workload import Stream


def reached(kind, *requests):
    """What a run with these requests reached."""
    numbered = [{"n": number, "status": 200, **one} for number, one in enumerate(requests, 1)]
    service = kind.__new__(kind)  # without a sandbox
    return seldom.reached([Outcome(1, None, None, None, requests=numbered)], service)


PUSH = {"resource": "data", "action": "create", "dataset": "d", "type": "append", "body_bytes": 9}
COUNT = {"resource": "securable", "action": "get", "dataset": "d"}
REFUSAL = {"rule": REFUSED, "status": 413, "records": 2}


def test_a_batch_is_halved_if_fewer_of_its_records_come_again():
    assert reached(Pendo, REFUSAL, {"records": 1}) == [SPLIT]
    assert reached(Pendo, REFUSAL, {"records": 2}) == []
    assert reached(Pendo, {"records": 2}, {"records": 1}) == []


def test_a_batch_fell_back_if_the_version_before_comes_after():
    alone = {**REFUSAL, "records": 1}
    assert reached(Pendo, alone, {"rule": EARLIER, "records": 1}) == [FELL_BACK]
    assert reached(Pendo, {"rule": EARLIER, "records": 1}, alone) == []
    assert reached(Pendo, {"rule": EARLIER, "records": 1}) == []


def test_a_count_settled_if_what_was_lost_does_not_come_again():
    lost = {**PUSH, "rule": LOST, "status": 0}
    assert reached(Luzmo, lost, COUNT, {**PUSH, "body_bytes": 8}) == [COUNTED]
    assert reached(Luzmo, lost, COUNT, PUSH) == []
    assert reached(Luzmo, lost, PUSH) == []
    assert reached(Luzmo, lost, {**COUNT, "dataset": "e"}) == []


def stream_of(*records):
    """A stream with records (key, whether it has a note)."""
    stream = Stream("a.s0", "upsert", keys=9)
    stream.records = [Record("a.s0", number, key, 10, note=note)
                      for number, (key, note) in enumerate(records, 1)]
    return stream


def earlier(stream):
    """The numbers of the version before of each record."""
    return [before and before.number for _, before in seldom.versions(Pendo, stream)]


def test_the_version_before_is_one_that_can_wait_in_the_same_batch():
    near = stream_of((1, False), (2, False), (1, True), (1, False))
    assert earlier(near) == [None, None, 1, None]
    far = [(1, False), *[(2, False)] * seldom.NEAR, (1, False)]
    assert earlier(stream_of(*far))[-1] is None


@pytest.mark.parametrize("seed", range(20))
def test_a_record_is_refused_by_its_text_alone(seed):
    stream = stream_of((1, False), (1, False))
    rules, record = seldom.rules_of(Random(seed), Pendo, [stream])
    assert rules[0]["name"] == REFUSED and rules[0]["status"] in Pendo.halving
    assert len(rules) == 1 + (record.number == 2)


def test_without_a_record_there_is_nothing_to_refuse():
    assert seldom.rules_of(Random(1), Pendo, [stream_of()]) == ([], None)

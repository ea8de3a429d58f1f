"""What the sandbox's log shows of batches that are halved, refused in part, fall back and settle by
a count."""

import re
from random import Random

import pytest

from torture import seldom
from torture.seldom import (
    COUNTED, EARLIER, FELL_BACK, LATE, LOST, MORE_FIELDS, NAMED, OTHER_KEY, REFUSED, SINGLED_OUT,
    SPLIT, WRONG_KEY)
from torture.records import Record, data_of, to_json
from torture.outcome import Outcome
from torture.conversation import Said
from torture.tried_dust import Tables
from torture.tried_luzmo import Luzmo
from torture.tried_pendo import Pendo
from torture.wire import Input
from torture.workload import Stream


def reached(kind, *requests):
    """What a run with these requests reached."""
    numbered = [{"n": number, "status": 200, **one} for number, one in enumerate(requests, 1)]
    service = kind.__new__(kind)  # without a sandbox
    return seldom.reached([Outcome(1, None, Input(), Said(), requests=numbered)], service)


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


def test_of_several_records_some_were_refused_if_the_call_was_good():
    named = {"rule": NAMED, "records": 2}
    assert reached(Pendo, named) == [SINGLED_OUT]
    assert reached(Pendo, {**named, "records": 1}) == []
    assert reached(Pendo, {**named, "status": 0}) == []
    assert reached(Pendo, named, {"rule": EARLIER, "records": 1}) == sorted(
        [FELL_BACK, SINGLED_OUT])


def test_a_count_settled_if_what_was_lost_does_not_come_again():
    lost = {**PUSH, "rule": LOST, "status": 0}
    assert reached(Luzmo, lost, COUNT, {**PUSH, "body_bytes": 8}) == [COUNTED]
    assert reached(Luzmo, lost, COUNT, PUSH) == []
    assert reached(Luzmo, lost, PUSH) == []
    assert reached(Luzmo, lost, {**COUNT, "dataset": "e"}) == []
    create = {name: value for name, value in lost.items() if name != "dataset"}
    look = {name: value for name, value in COUNT.items() if name != "dataset"}
    assert reached(Luzmo, create, look) == []


def changed(code, failure, *forms):
    """What a run went through whose records had these numbers of fields, and keys."""
    written = Input()
    for number, (fields, by) in enumerate(forms, 1):
        written.lines.append(b"{}\n")
        written.items.append(Record("s0", number, 1, 10, fields=fields, by=by))
    written.name_wrong_key(len(forms) - 1, ["absent"])
    said = Said(code, fed=len(written.data))
    return list(seldom.changes(Outcome(1, None, written, said, failures=[(None, failure)])))


def test_a_schema_changed_if_a_run_that_was_well_had_records_of_both_forms():
    last = (9, ("id",))  # comes after the wrong key
    assert changed(0, "", (0, ("id",)), (1, ("id",)), last) == [MORE_FIELDS]
    assert changed(0, "", (0, ("id",)), (0, ()), last) == [OTHER_KEY]
    assert changed(0, "", (0, ("id",)), (0, ("id",)), last) == []
    assert changed(1, "", (0, ("id",)), (1, ()), last) == []


def test_a_key_was_refused_if_its_line_is_told():
    forms = (0, ("id",)), (0, ("id",))
    for number, reached_it in ((1, []), (2, [WRONG_KEY]), (3, [WRONG_KEY]), (4, [])):
        assert changed(1, f"line {number} of the input cannot be taken: stream s0: a",
                       *forms) == reached_it
    assert changed(0, "line 2 of the input cannot be taken: stream s0: a", *forms) == []


def test_before_a_wrong_key_there_is_something_to_lose():
    assert changed(1, "line 1 of the input cannot be taken: stream s0: a", (0, ("id",))) == []


def test_a_dataset_showed_late_if_it_was_asked_for_and_not_seen():
    assert reached(Luzmo, {**COUNT, "late": ["Securable"]}) == [LATE]
    assert reached(Luzmo, {**COUNT, "late": ["Column"]}) == [LATE]
    assert reached(Luzmo, {"resource": "tag", "action": "get", "late": ["Tag"]}) == []
    assert reached(Luzmo, COUNT) == []


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
    (first, *more), records = seldom.rules_of(Random(seed), Pendo, [stream])
    assert first["name"] == NAMED if "refuse" in first else first["status"] in Pendo.halving
    assert {record.number for record in stream.records
            if re.search(first["match"], to_json(data_of(record, "deleted")))} == {
                record.number for record in records}
    assert len(more) == (records[0].number == 2 or len(records) == 2)


def test_a_record_is_refused_in_each_way():
    stream = stream_of((1, False), (1, False))
    made = [seldom.rules_of(Random(seed), Pendo, [stream]) for seed in range(50)]
    assert {(rules[0]["name"], len(records)) for rules, records in made} == {
        (REFUSED, 1), (NAMED, 1), (NAMED, 2)}


def test_what_cannot_tell_records_apart_is_not_asked_to():
    stream = stream_of((1, False), (1, False))
    assert not any("refuse" in rule for seed in range(50)
                   for rule in seldom.rules_of(Random(seed), Tables, [stream])[0])


def test_without_a_record_there_is_nothing_to_refuse():
    assert seldom.rules_of(Random(1), Pendo, [stream_of()]) == ([], ())

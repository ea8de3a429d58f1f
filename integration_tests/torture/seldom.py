"""What chance alone seldom leads to: a batch that is halved, a call of whose records some are
refused and the others applied, an earlier version that takes the place of a rejected one, a push of
which only the row count tells that it arrived. The rules that lead there, and how the sandbox's log
shows that they did; and what becomes of schemas and keys that change.
"""

import re
from collections import defaultdict

from torture.records import head_of

SHARE = 0.3  # of all attempts
ALONE = 0.7  # of these nothing else goes wrong
REPLACING, NEWEST = 0.8, 0.7  # the record rather has one before it, and is the last of its id
BY_NAME = 0.5  # of refusals, where the service can tell which record it does not take
WHOLE_KEY = 0.2  # of these are of a key, whatever the value
NEAR = 8  # records further apart are often in different batches

# What rules are called in the log.
REFUSED, NAMED, EARLIER, LOST = "refused", "named", "earlier", "lost"
# What is reached.
SPLIT, FELL_BACK, COUNTED = "a batch was halved", "an earlier version was sent", "a count settled"
SINGLED_OUT = "some records of a call were refused"
MORE_FIELDS, OTHER_KEY = "a schema got a field in mid-stream", "a key changed in mid-stream"
WRONG_KEY = "a key was refused in mid-stream"
LATE = "a dataset or column showed late"


def rules_of(random, service, streams):
    """(rules, the records that are refused)"""
    if service.appends and random.random() < 0.5:
        return [a_lost_append(random, service)], ()
    found = a_record(random, service, streams)
    if found is None:
        return [], ()
    if service.singles_out and random.random() < BY_NAME:
        return naming(random, service, streams, *found)
    return refusing(random, service, *found), found[:1]


def a_lost_append(random, service):
    """What arrives, and is not answered."""
    return {**service.appends, "name": LOST, "cut": "after", "skip": random.choice([0, 0, 1, 3])}


def refusing(random, service, record, earlier):
    """A record that the service does not take, for a while or for good; the version before it is
    only watched for."""
    lasting = [one for one in service.halving if one not in service.passing]
    status = random.choice(lasting * 2 + list(service.halving))
    times = [1, 2, 5, -1, -1, -1] if status in lasting else [1, 2, 3]
    return [{"name": REFUSED, "match": pattern_of([record]), "status": status,
             "times": random.choice(times)}, *watching(earlier)]


def naming(random, service, streams, record, earlier):
    """(rules, the records): one that the service does not take, or all of its key in its stream,
    while it takes what else is in a call."""
    records = (record,)
    if random.random() < WHOLE_KEY:
        records = tuple(one for stream in streams for one, _ in versions(service, stream)
                        if (one.stream, one.identity) == (record.stream, record.identity))
    return [{"name": NAMED, "match": pattern_of(records), "refuse": "is on hold",
             "times": random.choice([1, 2, 5, -1, -1, -1])}, *watching(earlier)], records


def watching(earlier):
    """The rule that has the log tell of a version, which may be None."""
    if earlier is None:
        return []
    return [{"name": EARLIER, "match": pattern_of([earlier]), "times": -1, "delay_ms": 0.01}]


def pattern_of(records):
    """What finds these and no others."""
    return "|".join(re.escape(head_of(one)) for one in records)


def a_record(random, service, streams):
    """(a record that would be sent, the version before it or None), or None if there is none."""
    found = [pair for stream in streams for pair in versions(service, stream)]
    last = {(record.stream, record.identity): record for record, _ in found}
    preferences = ((REPLACING, [one for one in found if one[1] is not None]),
                   (NEWEST, [one for one in found if one[0] in last.values()]))
    for share, preferred in preferences:
        common = [one for one in preferred if one in found]
        if common and random.random() < share:
            found = common
    return random.choice(found) if found else None


def versions(service, stream):
    """(record, the version before it that may wait in its batch, or None) of all that have a text
    to know them by."""
    before = {}
    for record in stream.records:
        has_text = not record.deleted and not service.withholds(record)
        if has_text:
            yield record, earlier_of(service, record, before.get(record.identity))
        before[record.identity] = record if has_text and stream.keyed else None


def earlier_of(service, record, before):
    """The version before, if it is near and has nothing that the later one lacks where rows merge.
    """
    if before is None or record.number - before.number > NEAR:
        return None
    return None if service.merges and before.note and not record.note else before


# --- what shows -----------------------------------------------------------------------------------


def reached(outcomes, service):
    """What came about in one of these attempts."""
    tests = {SPLIT: has_split, FELL_BACK: has_fallen_back, COUNTED: has_counted,
             SINGLED_OUT: has_singled_out, LATE: has_lagged}
    found = {what for what, test in tests.items()
             if any(test(one.requests, service) for one in outcomes)}
    return sorted(found.union(*map(changes, outcomes)))


def changes(outcome):
    """What a run went through of schemas that changed, and of keys that its records lacked."""
    forms = defaultdict(list)
    for record in outcome.came:
        forms[record.stream].append((record.fields, record.by))
    if outcome.succeeded:
        if any(len({fields for fields, _ in one}) > 1 for one in forms.values()):
            yield MORE_FIELDS
        if any(len({by for _, by in one}) > 1 for one in forms.values()):
            yield OTHER_KEY
    elif outcome.refuses_key and outcome.came:
        yield WRONG_KEY


def by_rule(requests):
    """{name of a rule: the requests on which it acted}"""
    found = defaultdict(list)
    for one in requests:
        found[one.get("rule")].append(one)
    return found


def has_split(requests, service):
    """Records that were refused together came again in smaller numbers."""
    return any(one["status"] in service.halving and any(
        later["n"] > one["n"] and 0 < service.records_in(later) < service.records_in(one)
        for later in requests) for one in requests)


def has_fallen_back(requests, service):
    """The version before came after the one that is newer: a batch has only the last one of an id,
    and batches that share an id go in order."""
    del service
    found = by_rule(requests)
    refused = found[REFUSED] + found[NAMED]
    return any(one["n"] > refused[0]["n"] for one in found[EARLIER] if refused)


def has_singled_out(requests, service):
    """A call of several was answered with a good status, and not all of them were taken."""
    return any(one["status"] == 200 and service.records_in(one) > 1
               for one in by_rule(requests)[NAMED])


def has_lagged(requests, service):
    """A dataset was asked for that was there, and did not show, or not all of its columns."""
    del service
    return any("dataset" in one and one.get("late") for one in requests)


def has_counted(requests, service):
    """After a push was lost the rows were counted, and it did not come again."""
    return any(
        any(service.counts(one, lost) for one in requests)
        and not any(service.repeats_push(one, lost) for one in requests)
        for lost in by_rule(requests)[LOST])

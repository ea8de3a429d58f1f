"""States on their way to the destination and back.

Out: the platform numbers states that have no id yet, counts the records since the last state of the
same scope without those it filtered, and makes up a last state for full refreshes whose source sent
none. Back: an acknowledgement must have its number, and commits all earlier states of its scope as
well; unknown, repeated or overtaken numbers and counts that do not agree are warnings. Whatever of
that is wrong is an offence here. What came back last of a scope is where the next attempt begins,
as it came back, and whatever was warned of.

A GLOBAL state commits the records of the streams that it names; what it says of rejected records is
taken off each of them.
"""

import copy
from collections import Counter, deque
from dataclasses import dataclass, field

from simulator import wire
from simulator.connection import described, descriptor_of


class SourceFault(Exception):
    """A message of the source that the platform refuses; it blames `origin`."""

    def __init__(self, text, origin="replication"):
        super().__init__(text)
        self.origin = origin


class DestinationFault(Exception):
    """A message of the destination that the platform refuses."""


@dataclass(eq=False)
class Sent:
    """A state that was sent."""

    scope: tuple  # a descriptor, None for GLOBAL
    named: list  # the descriptors of its streams
    state: dict  # as it was sent
    records: dict  # {descriptor: what identifies each record since the last state of its scope}
    returned: bool = False
    commits: list = field(default_factory=list)  # the states that were committed by its return

    @property
    def number(self):
        """Its id."""
        return self.state["id"]

    @property
    def counts(self):
        """How many records of which stream."""
        return Counter({one: len(records) for one, records in self.records.items()})


def is_other(state, sent):
    """Whether more than the destination's stats differs."""
    return {**state, "destinationStats": None} != {**sent, "destinationStats": None}


class Bookkeeping:
    """The states of one attempt."""

    def __init__(self, connection, report):
        self.connection = connection
        self.report = report
        self.since = {}  # {descriptor: the records since the last state of its scope}
        self.filtered = Counter()  # {descriptor: records that were not sent since then}
        self.numbered = 0
        self.sent = {}  # {(scope, id): Sent}, in order
        self.waiting = {}  # {scope: those of them that no acknowledgement has committed}
        self.last = {}  # {scope: the last id that committed something}
        self.newest = {}  # {scope: the state that came back last}, with the source's names
        self.kind = None  # of the states that came back
        self.rejected = 0

    # --- out ---

    def record(self, descriptor, identity):
        """A record goes out."""
        self.since.setdefault(descriptor, []).append(identity)
        self.report.emitted[descriptor] += 1

    def filter(self, descriptor):
        """A record does not go out."""
        self.since.setdefault(descriptor, [])
        self.filtered[descriptor] += 1
        self.report.emitted[descriptor] += 1
        self.report.filtered[descriptor] += 1

    def state(self, state):
        """A source's state goes out: numbered, counted, under the destination's names."""
        kind = state.get("type")
        if kind not in ("STREAM", "GLOBAL"):
            raise SourceFault("LEGACY states are deprecated.")
        if kind == "STREAM":
            scope = descriptor_of(state["stream"]["stream_descriptor"])
            self.connection.mapper.apply(state["stream"]["stream_descriptor"])
            named = scopes = [scope]
        else:
            scope, scopes = None, list(self.since)
            named = [descriptor_of(one["stream_descriptor"])
                     for one in state["global"]["stream_states"]]
        sent = Sent(scope, named, state, {one: self.since.pop(one, []) for one in scopes})
        self.enrich(sent, sum(self.filtered.pop(one, 0) for one in scopes))
        assert (scope, sent.number) not in self.sent, "the source's ids are not unique"
        self.sent[scope, sent.number] = sent
        self.waiting.setdefault(scope, deque()).append(sent)

    def enrich(self, sent, filtered):
        """Add what the platform adds."""
        stats = sent.state.setdefault("sourceStats", {
            "recordCount": float(sent.counts.total() + filtered)})
        if "recordCount" in stats:
            stats["recordCount"] = float(stats["recordCount"] - filtered)
        if "id" not in sent.state:
            self.numbered += 1
            sent.state["id"] = self.numbered

    def missing_states(self, descriptors):
        """The descriptors of those for which a last state has to be made up."""
        scopes = {scope for scope, _ in self.sent}
        return [] if None in scopes else [one for one in descriptors if one not in scopes]

    # --- back ---

    def returned(self, state):
        """A state came back: the Sent it belongs to, None if to none."""
        number = state.get("id")
        if type(number) is not int:  # neither a bool nor a decimal
            self.report.offend(1, "a state came back without its id")
            raise DestinationFault("State message does not contain id")
        self.check_kind(state)
        mine = self.unmapped(state)
        scope = None if self.kind == "GLOBAL" else descriptor_of(
            mine["stream"]["stream_descriptor"])
        self.newest[scope] = mine
        sent = self.sent.get((scope, number))
        if sent is None:
            self.suspect(4, f"state {number} was never sent")
            return None
        self.check_order(sent)
        if is_other(state, sent.state) and is_other(state, wire.decode(
                wire.encode(sent.state).decode())):
            self.report.offend(1, f"state {number} was changed")
        self.commit(sent, state.get("destinationStats") or {})
        return sent

    def unmapped(self, state):
        """A state with the source's names, as far as they are known."""
        state = copy.deepcopy(state)
        if state["type"] == "STREAM":
            descriptor = descriptor_of(state["stream"]["stream_descriptor"])
            state["stream"]["stream_descriptor"] = described(
                *self.connection.unmap(descriptor) or descriptor)
        return state

    def suspect(self, rule, text):
        """What the platform warns of."""
        self.report.warn(text)
        self.report.offend(rule, text)

    def check_kind(self, state):
        """Both kinds in one sync are too much for the platform."""
        kind = state.get("type", "LEGACY")
        self.kind = self.kind or kind
        if kind != self.kind or kind not in ("STREAM", "GLOBAL"):
            self.report.offend(4, f"states of the kinds {sorted({kind, self.kind})} came back")
            raise DestinationFault("the types of states are mixed")

    def check_order(self, sent):
        """Each once, in the order of its scope."""
        last = self.last.get(sent.scope)
        if sent.returned:
            self.suspect(4, f"state {sent.number} came back twice")
        elif last is not None and sent not in self.waiting[sent.scope]:
            self.suspect(4, f"state {sent.number} came back after state {last}")

    def commit(self, sent, stats):
        """Count what an acknowledgement commits: all that was sent in its scope until then."""
        rejected = stats.get("rejectedRecordCount", 0)
        counts = {stats.get("recordCount", 0) + rejected, sent.counts.total(),
                  sent.state["sourceStats"].get("recordCount", sent.counts.total())}
        if "recordCount" not in stats:
            self.report.offend(4, f"state {sent.number} came back without counts")
        elif len(counts) > 1:
            self.report.logs.append(("ERROR", f"state {sent.number}: the sync appears to have "
                                              f"dropped records: {sorted(counts)}"))
            if stats["recordCount"] + rejected != sent.counts.total():
                self.report.offend(4, f"the counts of state {sent.number} do not agree")
        if sent in self.waiting[sent.scope]:
            self.commit_until(sent, int(rejected))
            self.last[sent.scope] = sent.number
        sent.returned = True

    def commit_until(self, sent, rejected):
        """Commit a state and those before it; only of itself it can be known what was rejected."""
        waiting = self.waiting[sent.scope]
        while not sent.commits or sent.commits[-1] is not sent:
            one = waiting.popleft()
            sent.commits.append(one)
            self.report.committed.update(
                {name: count for name, count in one.counts.items() if name in one.named})
        self.rejected += rejected
        for name in sent.named if rejected else ():
            self.report.rejected[name] += rejected
            self.report.committed[name] -= rejected

    @property
    def lost(self):
        """The ids of states that never came back."""
        return [one.number for one in self.sent.values() if not one.returned]

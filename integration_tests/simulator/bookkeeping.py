"""States on their way to the destination and back.

Out: the platform numbers states, counts the records since the last state of the same scope, and
makes up a last state for full refreshes whose source sent none. Back: an acknowledgement must have
its number, and commits all earlier states of its scope as well; unknown, repeated or overtaken
numbers and counts that do not agree are warnings. Whatever of that is wrong is an offence here.
"""

from collections import Counter, deque
from dataclasses import dataclass, field

from simulator.connection import descriptor_of


class SourceFault(Exception):
    """A message of the source that the platform refuses."""


class DestinationFault(Exception):
    """A message of the destination that the platform refuses."""


@dataclass
class Sent:
    """A state that was sent."""

    scope: tuple  # a descriptor, None for GLOBAL
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


class Bookkeeping:
    """The states of one attempt."""

    def __init__(self, connection, report):
        self.connection = connection
        self.report = report
        self.since = {}  # {descriptor: the records since the last state of its scope}
        self.sent = {}  # {id: Sent}, in order
        self.waiting = {}  # {scope: those of them that no acknowledgement has committed}
        self.last = {}  # {scope: the id acknowledged last}

    # --- out ---

    def record(self, descriptor, identity):
        """A record goes out."""
        self.since.setdefault(descriptor, []).append(identity)
        self.report.emitted[descriptor] += 1

    def state(self, state):
        """A source's state goes out: numbered, counted, under the destination's names."""
        kind = state.get("type")
        if kind not in ("STREAM", "GLOBAL"):
            raise SourceFault("LEGACY states are deprecated.")
        scope = None
        if kind == "STREAM":
            scope = descriptor_of(state["stream"]["stream_descriptor"])
            self.connection.mapper.apply(state["stream"]["stream_descriptor"])
        scopes = list(self.since) if scope is None else [scope]
        sent = Sent(scope, state, {one: self.since.pop(one, []) for one in scopes})
        state.setdefault("sourceStats", {"recordCount": float(sent.counts.total())})
        state.setdefault("id", len(self.sent) + 1)
        self.sent[sent.number] = sent
        self.waiting.setdefault(scope, deque()).append(sent)

    def missing_states(self, descriptors):
        """The descriptors of those for which a last state has to be made up."""
        scopes = {one.scope for one in self.sent.values()}
        return [] if None in scopes else [one for one in descriptors if one not in scopes]

    # --- back ---

    def returned(self, state):
        """A state came back: the Sent it belongs to, None if to none."""
        number = state.get("id")
        if type(number) is not int:  # neither a bool nor a decimal
            self.report.offend(1, "a state came back without its id")
            raise DestinationFault("State message does not contain id")
        self.check_kind(state)
        sent = self.sent.get(number)
        if sent is None:
            self.suspect(4, f"state {number} was never sent")
            return None
        self.check_order(sent)
        if {**state, "destinationStats": None} != {**sent.state, "destinationStats": None}:
            self.report.offend(1, f"state {number} was changed")
        self.commit(sent, state.get("destinationStats") or {})
        return sent

    def suspect(self, rule, text):
        """What the platform warns of."""
        self.report.warn(text)
        self.report.offend(rule, text)

    def check_kind(self, state):
        """Both kinds in one sync are too much for the platform."""
        kinds = {one["type"] for one in (*self.report.acknowledged, state) if "type" in one}
        if len(kinds) != 1 or not kinds <= {"STREAM", "GLOBAL"}:
            self.report.offend(4, f"states of the kinds {sorted(kinds)} came back")
            raise DestinationFault("the types of states are mixed")

    def check_order(self, sent):
        """Each once, in the order of its scope."""
        if sent.returned:
            self.suspect(4, f"state {sent.number} came back twice")
        elif sent.number < self.last.get(sent.scope, 0):
            self.suspect(4, f"state {sent.number} came back after state {self.last[sent.scope]}")

    def commit(self, sent, stats):
        """Count what an acknowledgement commits: all that was sent in its scope until then."""
        rejected = stats.get("rejectedRecordCount", 0)
        counts = {stats.get("recordCount", 0) + rejected, sent.counts.total(),
                  sent.state["sourceStats"].get("recordCount")}
        if "recordCount" not in stats:
            self.report.offend(4, f"state {sent.number} came back without counts")
        elif len(counts) > 1:
            self.report.logs.append(("ERROR", f"state {sent.number}: the sync appears to have "
                                              f"dropped records: {sorted(counts)}"))
            self.report.offend(4, f"the counts of state {sent.number} do not agree")
        waiting = self.waiting[sent.scope]
        while waiting and waiting[0].number <= sent.number:
            sent.commits.append(waiting.popleft())
            self.report.committed.update(sent.commits[-1].counts)
        if not sent.returned and rejected:
            self.report.rejected[sent.scope] += int(rejected)
        sent.returned = True
        self.last[sent.scope] = max(sent.number, self.last.get(sent.scope, 0))

    @property
    def lost(self):
        """The ids of states that never came back."""
        return [one.number for one in self.sent.values() if not one.returned]

    @property
    def newest(self):
        """The newest acknowledged state of each scope."""
        return [self.sent[number].state for number in self.last.values()]

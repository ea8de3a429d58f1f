"""What a service may hold of a stream, whatever went wrong on the way.

A record is replaced by the next one of its id, and so has versions. Of those up to the acknowledged
cursor the last must have arrived: it is there, or a later one that was sent. Without keys each
record is there, once for each attempt that had to send it. What was there before stays, unless the
stream replaces it: then all of it stays until the input has ended well, and it is gone once a state
of the stream was acknowledged.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from torture.records import data_of, identity_of, old_record
from torture.wire import DELETED_AT
from torture.workload import Stream

PROBLEMS = 3  # told of a stream


@dataclass
class Progress:
    """How far a stream has come."""

    acknowledged: int = 0  # number of the last record that will not come again
    sent: int = 0  # number of the last record that ever came
    replaced: bool = False  # a state was acknowledged, so what was there before is gone
    times: Counter = field(default_factory=Counter)  # {number: attempts in which it came}
    rejected: set = field(default_factory=set)  # numbers
    came: set = field(default_factory=set)  # numbers of those that came in this attempt
    doubts: int = 0  # pushes of this one of which nobody knows whether they arrived
    copies: Counter = field(default_factory=Counter)  # {number: times more that it may be there}


class Model:
    """What may be held of one stream."""

    def __init__(self, service, stream: Stream, protocol):
        self.service = service
        self.stream = stream
        self.numbered = {one.number: one for one in stream.records}
        self.deleted_at = DELETED_AT[protocol]
        self.progress = Progress()
        self.replaces = stream.overwrites or stream.truncates

    def begin(self):
        """An attempt begins: an overwrite does so anew."""
        self.progress.came = set()
        self.progress.doubts = 0
        if self.stream.overwrites:
            self.progress.acknowledged = 0
            self.progress.replaced = False

    def come(self, number):
        """A record came in an attempt."""
        self.progress.times[number] += 1
        self.progress.came.add(number)
        self.progress.sent = max(self.progress.sent, number)

    def doubt(self, pushes):
        """Whether so many pushes of this attempt arrived could not be told, and the log said so."""
        self.progress.doubts = pushes
        for number in self.progress.came:
            self.progress.copies[number] += pushes

    def safe(self, cursor):
        """A state was acknowledged."""
        if self.stream.overwrites:
            cursor = self.progress.sent  # they leave when all of it is done
            self.progress.copies.clear()  # one that may have rows twice fails
        self.progress.acknowledged = max(self.progress.acknowledged, cursor)
        self.progress.replaced = True

    @property
    def keeps_old(self):
        """Whether what was there before may still be there."""
        cleared = self.service.clears or any(
            one.number not in self.progress.rejected for one in self.stream.records)
        return not (self.replaces and self.progress.replaced and cleared)

    # --- versions ---

    def is_written(self, record):
        """Whether a record may have been sent to the service."""
        return record.number <= self.progress.sent and not self.service.withholds(record)

    def versions(self):
        """{identity: its records that may have been sent, in order}"""
        found = defaultdict(list)
        for record in self.stream.records:
            if self.is_written(record):
                found[self.identity(record)].append(record)
        return found

    def identity(self, record):
        """What tells rows from others."""
        return record.identity if self.stream.keyed else record.number

    def identity_of(self, row):
        """The same of a row that is held."""
        record = self.numbered.get(row["v"])
        if not self.stream.keyed:
            return row["v"]
        return identity_of(record.by, row["id"], row["v"]) if record else row["id"]

    def must_be_there(self, record):
        """Whether it is safe."""
        return (record.number <= self.progress.acknowledged
                and record.number not in self.progress.rejected)

    def allowed(self, versions):
        """Those that may be what is held: the last safe one, and later ones; whether one is."""
        for at in range(len(versions) - 1, -1, -1):
            if self.must_be_there(versions[at]):
                return versions[at:], True
        return versions, False

    # --- what is wrong ---

    def problems(self, rows, before, ended_well):
        """What is wrong with the rows that are held. before: those that were before the attempt;
        ended_well: whether the attempt got all of its input, and its end."""
        check = self.of_keys if self.stream.keyed or self.stream.mode == "keyless" else self.of_rows
        found = list(check(rows))
        if check == self.of_rows:
            found += self.of_attempt(rows, before)
        if self.replaces and not self.progress.replaced and not ended_well:
            found += self.of_old(rows, before)
        return [f"stream {self.stream.name} ({self.stream.mode}): {one}"
                for one in found[:PROBLEMS]]

    def of_keys(self, rows):
        """One row for each identity."""
        kept = {number: old_record(self.stream, number)
                for number in range(1, self.stream.old + 1)}
        old = kept if self.keeps_old else {}
        held = {}
        for row in rows:
            identity = self.identity_of(row)
            if identity in held:
                yield f"{identity} is there twice"
            held[identity] = row
        versions = self.versions()
        for identity in {*versions, *held, *old}:
            allowed, safe = self.allowed(versions.get(identity, []))
            before = old.get(identity) if not safe else None
            if before is None and self.keeps_rejected(versions.get(identity, [])):
                before = kept.get(identity)
            yield from self.of_key(identity, held.get(identity), allowed, safe, before)

    def keeps_rejected(self, versions):
        """Whether what was there before may stay because the service rejected what was to take its
        place."""
        return self.service.keeps_rejected and any(
            one.number in self.progress.rejected for one in versions)

    def of_key(self, identity, row, allowed, safe, old):
        """The row of one identity, or None."""
        if row is None:
            may_be_absent = any(one.deleted for one in allowed) or (
                not safe and (old is None or self.replaces))
            if not may_be_absent:
                yield f"{identity} is missing (v {allowed[0].number if allowed else -identity})"
            return
        candidates = {one.number: one for one in allowed if not one.deleted}
        if old is not None:
            candidates[old.number] = old
        if row["v"] not in candidates:
            yield f"{identity} is v {row['v']}, not one of {sorted(candidates)[:9]}"
        elif not self.is_as_sent(row, candidates[row["v"]], candidates.values()):
            yield f"{identity}, v {row['v']}, is not as it was sent"

    def is_as_sent(self, row, record, candidates):
        """Whether a row is what was made of a record; where rows merge, its note may be of
        another."""
        row = {name: value for name, value in row.items() if value is not None}
        wanted = data_of(record, self.deleted_at)
        if not self.service.merges:
            return row == wanted
        wanted = {name: wanted[name] for name in ("id", "v", "pad")}
        return ({**row, "note": None} == {**wanted, "note": None}
                and row.get("note") in self.notes(record, candidates))

    def notes(self, record, candidates):
        """The notes that may stand in a row: that of the last record that has one, or of any if the
        service rejected some."""
        earlier = [one for one in self.stream.records if one.key == record.key
                   and one.number <= record.number and self.is_written(one)]
        noted = [one for one in earlier if one.note]
        if not any(one.number in self.progress.rejected for one in earlier):
            noted = noted[-1:]
        return {data_of(one, self.deleted_at).get("note") for one in (*candidates, *noted)}

    def of_rows(self, rows):
        """Each record once for each time that it had to come."""
        held = Counter(row["v"] for row in rows)
        old = range(-self.stream.old, 0) if self.keeps_old else ()
        records = {one.number: one for one in self.stream.records if self.is_written(one)}
        records |= {number: old_record(self.stream, -number) for number in old}
        for number in {*held, *records}:
            least, most = self.span(records, number)
            if not least <= held[number] <= most:
                yield f"v {number} is there {held[number]} times, not {least} to {most}"
        for row in rows:
            known = records.get(row["v"])
            if known is not None and not self.is_as_sent(row, known, ()):
                yield f"v {row['v']} is not as it was sent"

    def span(self, records, number):
        """How often a row must and may be there."""
        if number not in records:
            return 0, 0
        if number < 0:
            return int(not self.replaces), 1
        most = 1 if self.stream.overwrites else self.progress.times[number]
        return int(self.must_be_there(records[number])), most + self.progress.copies[number]

    def of_attempt(self, rows, before):
        """What came in an attempt is added once, or as often as is in doubt; nothing else is."""
        added = Counter(row["v"] for row in rows) - Counter(row["v"] for row in before)
        for number, times in added.items():
            if times > (number in self.progress.came) * (1 + self.progress.doubts):
                yield f"v {number} was added {times} times in one attempt"

    def of_old(self, rows, before):
        """Nothing of what was there before is gone."""
        name = "id" if self.stream.keyed else "v"
        gone = {row[name] for row in before} - {row[name] for row in rows}
        if self.stream.truncates:  # what is deleted goes at once there
            gone -= {one.key for one in self.stream.records if one.deleted}
        if gone:
            yield f"{sorted(gone)[:9]} are gone, though the input had not ended well"

"""In which order records came to what several streams write: each sets one and the same field of
its object to its turn.

Calls that share an object go in the order of the records, whatever streams these are of. So after
an attempt the field has the turn of the last record of it that is safe, or of one that came after
that; where none is safe, of any that came, or what it may have had before.
"""

from collections import defaultdict

from torture.records import old_record

PROBLEMS = 3  # told of an attempt


class Order:
    """Of objects, each (kind, id). Where streams share none there is nothing to it."""

    def __init__(self, service, models):
        self.service = service
        self.models = models
        self.allowed = defaultdict(lambda: {None})
        for model in models.values() if service.shares else ():
            for number in range(1, model.stream.old + 1):
                old = old_record(model.stream, number)
                self.allowed[self.object_of(old)] = {old.turn}

    def object_of(self, record):
        """What a record is about."""
        return self.models[record.stream].stream.kind, record.key

    def account(self, records):
        """An attempt is over, in which these came in this order."""
        came = defaultdict(list)
        for record in records if self.service.shares else ():
            if not self.service.withholds(record):
                came[self.object_of(record)].append(record)
        for one, its in came.items():
            self.allowed[one] = self.after(its, self.allowed[one])

    def after(self, records, before):
        """The turns that may be held after these."""
        turns = [record.turn for record in records]
        for at in range(len(records) - 1, -1, -1):
            if self.models[records[at].stream].must_be_there(records[at]):
                return set(turns[at:])
        return before | set(turns)

    def problems(self, turns):
        """What is wrong with {object: turn} as it is held."""
        wrong = [one for one in {*turns, *self.allowed} if turns.get(one) not in self.allowed[one]]
        for one in wrong[:PROBLEMS]:
            yield (f"{' '.join(map(str, one))} has turn {turns.get(one)}, not one of "
                   f"{sorted(self.allowed[one] - {None})[:9]}")

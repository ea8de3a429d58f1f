"""The Pendo destination's cases, and Singer's front end: it is the same whatever the service."""

from functools import partial

import generate
from cases import (
    FAR_MS, SLOWLY, WORK, Case, Connector, Input, Target, memory, per_second, write_json)

LATENCY_MS = 200
NARROW = [per_second(200_000), memory(48)]
AWAY = [per_second(20_000), memory(48)]
TYPES = {"string": "string", "integer": "integer", "number": "float", "boolean": "boolean"}


def field_type(schema):
    """The type of the field that takes values of a schema; what is nested goes as a text."""
    if schema.get("format") in ("date", "date-time"):
        return "time"
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return TYPES.get(kinds[-1], "string")


class Pendo(Connector):
    """Visitors are updated; the sink takes them all for known."""

    SERVICE = "pendo"

    def prepared(self, command, shape, latency_ms=0):
        """A command, and a sink with a field for each of a record's."""
        put = WORK / f"pendo.{shape.fields}.json"
        names = {name: field_type(one) for name, one in generate.SCHEMAS[shape.fields].items()}
        write_json(put, {"fields": {"visitor": {"custom": names}}})
        sink = self.sink("--put", put, "--latency", latency_ms)
        streams = [{"stream": name, "kind": "visitor"}
                   for name in generate.stream_names(shape.streams)]
        return command(shape, sink, streams=streams)

    def write(self, shape, latency_ms=0):
        return self.prepared(self.command, shape, latency_ms)

    def load(self, shape):
        return self.prepared(self.target_command, shape)

    def full(self, shape, targets=()):
        """The way through."""
        return [Case("pendo update", partial(self.write, shape), shape, list(targets))]

    def memory(self, shape, mib):
        """For the peak RSS; a server that is slow to answer lets the buffers fill."""
        bound = [memory(mib)]
        return [
            Case("pendo update", partial(self.write, shape), shape, bound, most_runs=3),
            Case("pendo update" + SLOWLY, partial(self.write, shape, FAR_MS), shape, bound,
                 most_runs=1),
        ]

    def far_away(self, records):
        """As far as Pendo may be. Returns (title, cases)."""
        shape = Input(f"{records:,} records of 200 B", records, 200)
        name = f"pendo update, {LATENCY_MS} ms away"
        return f"{shape.title}, to a server that is {LATENCY_MS} ms away", [
            Case(name, partial(self.write, shape, LATENCY_MS), shape, AWAY, most_runs=3)]

    def singer(self, records):
        """Does it matter whose messages they are? Returns (title, cases)."""
        airbyte = Input(f"{records:,} records of 200 B", records, 200)
        singer = Input(f"{airbyte.title} as Singer messages", records, 200, singer=True)
        name = "pendo update, Airbyte messages"
        return f"{airbyte.title}, as Airbyte messages and as Singer's", [
            Case(name, partial(self.write, airbyte), airbyte),
            Case("pendo update, Singer messages", partial(self.load, singer), singer,
                 [Target("times", 1 / 0.8, "≥ 0.8 × as fast as with Airbyte's")], against=name)]

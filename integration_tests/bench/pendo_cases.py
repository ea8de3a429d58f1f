"""The Pendo destination's mode, and Singer's front end: it is the same whatever the service."""

from functools import partial

import generate
from cases import WORK, Case, Input, Target, memory, per_second, write_json
from connectors import Calls, Connector, Mode

LATENCY_MS = 200
UPDATES = Calls(records=500, bytes=5_000_000, of_stream=10, at_once=10)
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

    def modes(self):
        return [Mode("pendo update", self.update, UPDATES,
                     {200: [per_second(200_000), memory(48)]})]

    def prepared(self, command, shape, latency_ms):
        """A command, and a sink with a field for each of a record's."""
        put = WORK / f"pendo.{shape.fields}.json"
        names = {name: field_type(one) for name, one in generate.SCHEMAS[shape.fields].items()}
        write_json(put, {"fields": {"visitor": {"custom": names}}})
        sink = self.sink("--put", put, latency_ms=latency_ms)
        streams = [{"stream": name, "kind": "visitor"}
                   for name in generate.stream_names(shape.streams)]
        return command(shape, sink, streams=streams)

    def update(self, shape, latency_ms):
        return self.prepared(self.command, shape, latency_ms)

    def load(self, shape, latency_ms):
        return self.prepared(self.target_command, shape, latency_ms)

    def more(self, records):
        return [("pendo, as far away as it may be", self.far_away(records)),
                ("pendo, Airbyte's messages and Singer's", self.singer(records))]

    def far_away(self, records):
        """As far as Pendo may be."""
        shape = Input(records, 200)
        return [Case("pendo update", partial(self.update, shape, LATENCY_MS), shape,
                     [per_second(20_000), memory(48)], latency_ms=LATENCY_MS, most_runs=1)]

    def singer(self, records):
        """Does it matter whose messages they are?"""
        airbyte, singer = Input(records, 200), Input(records, 200, singer=True)
        name = "pendo update, Airbyte messages"
        return [
            Case(name, partial(self.update, airbyte, 0), airbyte),
            Case("pendo update, Singer messages", partial(self.load, singer, 0), singer,
                 [Target("times", 1 / 0.8, "≥ 0.8 × as fast as with Airbyte's")], against=name)]

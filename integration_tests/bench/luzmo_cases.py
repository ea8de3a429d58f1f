"""The Luzmo destination's modes. All datasets exist: the sink finds one wherever it is asked to."""

from functools import partial

import generate
from cases import Case, Input, OneCore, Target, memory, speed
from connectors import Calls, Connector, Mode

LATENCY_MS = 200
STREAMS = 8
PUSHES = Calls(records=10_000, bytes=8 << 20, of_stream=1, at_once=16)


class Luzmo(Connector):
    """Append and held overwrite."""

    SERVICE = "luzmo"

    def modes(self):
        bound = [memory(48)]
        fast = [speed(500), OneCore(500), *bound]
        return [
            Mode("luzmo append", self.append, PUSHES, {1024: fast, 200: bound}),
            Mode("luzmo held overwrite", self.overwrite, PUSHES, {1024: bound, 200: bound})]

    def write(self, shape, latency_ms, mode):
        names = ",".join(generate.SCHEMAS[shape.fields])
        sink = self.sink("--sink-datasets", names, latency_ms=latency_ms)
        command = self.command(shape, sink, mode)
        # More streams than there are calls to spend at once: what counts is not how long they wait.
        scale = ["env", "AB_TIME_SCALE=0.01"] if shape.streams > 50 else []
        return [*scale, *command]

    def append(self, shape, latency_ms):
        return self.write(shape, latency_ms, "append")

    def overwrite(self, shape, latency_ms):
        return self.write(shape, latency_ms, "overwrite")

    def more(self, records):
        flat, parallel = self.flat(records), self.parallel(records * 6)
        return [("luzmo, records with nothing nested, few states and many", flat),
                ("luzmo, pushes at once", parallel)]

    def flat(self, records):
        """The fastest it can be; and does it matter how many states come?"""
        few = Input(records, 1024, fields=10)
        many = Input(records, 1024, fields=10, state_every=2)
        return [
            Case("luzmo append", partial(self.append, few, 0), few,
                 [speed(500), OneCore(500), memory(48)]),
            Case("luzmo held overwrite", partial(self.overwrite, few, 0), few,
                 [speed(100), memory(48)], most_runs=3),
            Case("luzmo append, many states", partial(self.append, many, 0), many,
                 [Target("times", 1 / 0.8, "≥ 0.8 × as fast as with few")],
                 against="luzmo append")]

    def parallel(self, records):
        """Pushes at once: a dataset takes one at a time, so one stream has no others."""
        one, many = (Input(records, 184, streams=streams) for streams in (1, STREAMS))
        alone = Case("luzmo append, one stream", partial(self.append, one, LATENCY_MS), one,
                     latency_ms=LATENCY_MS, most_runs=1)
        return [alone, Case(
            f"luzmo append, {STREAMS} streams", partial(self.append, many, LATENCY_MS), many,
            [Target("times", 1 / 6, "≥ 6 × as fast as one")], latency_ms=LATENCY_MS,
            against=alone.name, most_runs=3)]

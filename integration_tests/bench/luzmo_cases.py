"""The Luzmo destination's cases. All datasets exist: the sink finds one wherever it is asked to."""

from functools import partial

import generate
from cases import FAR_MS, SLOWLY, Case, Connector, Cpu, Input, Target, memory, speed

LATENCY_MS = 200
STREAMS = 8
FLAT = {
    "append": [speed(500), Cpu(.5, 204_000_000), memory(48)],
    "overwrite": [speed(100), memory(48)],
}
NARROW = {"append": [memory(48)], "overwrite": [memory(48)]}


class Luzmo(Connector):
    """Append and held overwrite."""

    SERVICE = "luzmo"

    def write(self, shape, mode="append", latency_ms=0):
        names = ",".join(generate.SCHEMAS[shape.fields])
        sink = self.sink("--sink-datasets", names, "--latency", latency_ms)
        command = self.command(shape, sink, mode)
        # More streams than there are calls to spend at once: what counts is not how long they wait.
        scale = ["env", "AB_TIME_SCALE=0.01"] if shape.streams > 50 else []
        return [*scale, *command]

    def full(self, shape, targets):
        """Both ways through."""
        return [
            Case("luzmo append", partial(self.write, shape), shape, targets["append"]),
            Case("luzmo held overwrite", partial(self.write, shape, "overwrite"), shape,
                 targets["overwrite"], most_runs=3),
        ]

    def memory(self, shape, mib):
        """For the peak RSS; a server that is slow to answer lets the buffers fill."""
        bound = [memory(mib)]
        return [
            Case("luzmo append", partial(self.write, shape), shape, bound, most_runs=3),
            Case("luzmo append" + SLOWLY, partial(self.write, shape, latency_ms=FAR_MS), shape,
                 bound, most_runs=1),
            Case("luzmo held overwrite", partial(self.write, shape, "overwrite"), shape, bound,
                 most_runs=1),
        ]

    def states(self, records):
        """Does it matter how many states come? Returns (title, cases)."""
        few = Input("few states", records, 1024, fields=10)
        many = Input("a state every 2 records", records, 1024, fields=10, state_every=2)
        name = "luzmo append, {} states".format
        return f"{records:,} records of 1 KB with 10 fields, few states and many", [
            Case(name("few"), partial(self.write, few), few),
            Case(name(f"{records // 2:,}"), partial(self.write, many), many,
                 [Target("times", 1 / 0.8, "≥ 0.8 × as fast as with few")], against=name("few"))]

    def parallel(self, records):
        """Pushes at once: a dataset takes one at a time, so one stream has no others."""
        one, many = (
            Input(f"{records:,} records of 100 B in {streams} streams", records, 184,
                  streams=streams) for streams in (1, STREAMS))
        away = f"luzmo append, {LATENCY_MS} ms away"
        alone = f"{away}, one stream"
        return f"{records:,} records of 100 B (lines of 184 B)", [
            Case(alone, partial(self.write, one, latency_ms=LATENCY_MS), one, most_runs=1),
            Case(f"{away}, {STREAMS} streams", partial(self.write, many, latency_ms=LATENCY_MS),
                 many, [Target("times", 1 / 6, "≥ 6 × as fast as one")], against=alone,
                 most_runs=3)]

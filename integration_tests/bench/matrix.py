"""All cases of the bench: which modes are measured with which records, streams and servers.

A connector describes each of its modes once; sizes, streams and latencies are here. What waits for
answers reads only a part of an input, so that it ends soon. It is measured by what reads the whole
of it, for as many bytes.
"""

from dataclasses import dataclass, field, replace
from functools import partial

from cases import FEW, MOST, Case, Input, Target, baselines, memory, parse_command, speed

SIZES = (200, 1024, 20 * 1024)
STREAMS = (1, 8)
LATENCIES_MS = (0, 50, 200)
SECONDS = 1.5  # that a case may wait for answers
PARSE_FIGURES = {(1024, 1): [speed(1200), Target("times_wc", 7.5, "≤ 7.5 × wc -l")]}
MEMORY_LATENCY_MS = 10  # a server that is slow to answer lets the buffers fill
MEMORY_SECONDS = 5
MATRIX, MEMORY, MORE = "matrix", "memory", "more"


@dataclass
class Group:
    """Cases that stand together."""

    title: str
    cases: list
    part: str = MORE
    parse_figures: list = field(default_factory=list)  # for parsing alone

    def wholes(self):
        """The largest input of each shape."""
        found = {}
        for one in sorted((case.input for case in self.cases), key=lambda one: one.records):
            found[one.shape] = one
        return list(found.values())

    def with_baselines(self, null):
        """All cases, and first what they are measured by; null: the null destination."""
        wholes = self.wholes()
        first = [case for one in wholes for case in baselines(null, one, self.parse_figures)]
        if self.part == MATRIX:
            first.append(Case("parse only, through a pipe", partial(parse_command, null, wholes[0]),
                              wholes[0], through_pipe=True))
        return first + self.cases


# --- every mode with every size, number of streams, and latency -----------------------------------

def part_of(shape, calls, latency_ms):
    """What may be waited for; one digit and zeros, so that modes share files."""
    most = int(calls.per_second(shape, latency_ms) * SECONDS)
    digit = 10 ** (len(str(most)) - 1)
    records = max(most // digit * digit, shape.streams)
    return replace(shape, records=min(records, shape.records))


def cell(mode, whole, latency_ms):
    """A mode with records of one shape and a server so far away."""
    shape = part_of(whole, mode.calls, latency_ms)
    figures = mode.figures.get(whole.size, []) if (whole.streams, latency_ms) == (1, 0) else []
    return Case(mode.name, partial(mode.command, shape, latency_ms), shape, figures,
                latency_ms=latency_ms, most_runs=FEW if latency_ms else MOST)


def matrix_groups(modes, records):
    """As many bytes of large records as of those of 1 KB, and as many small ones."""
    for size in SIZES:
        for streams in STREAMS:
            whole = Input(max(min(records, records * 1024 // size), streams), size, streams=streams)
            cells = [cell(mode, whole, latency_ms) for mode in modes for latency_ms in LATENCIES_MS]
            yield Group(whole.shape_text, cells, MATRIX, PARSE_FIGURES.get((size, streams), []))


# --- memory ---------------------------------------------------------------------------------------

def memory_inputs(records):
    """[(MiB at most, input)]"""
    return [
        (48, Input(max(records * 3 // 2000, 3), 1_000_000)),
        (128, Input(max(records // 10, 1), 1024, large=20_000_000)),
        (48, Input(records, 1024, streams=200))]


def memory_cases(mode, shape, mib):
    """Near, and far unless that takes too long."""
    for latency_ms in (0, MEMORY_LATENCY_MS):
        seconds = shape.records / mode.calls.per_second(shape, latency_ms)
        if latency_ms == 0 or seconds <= MEMORY_SECONDS:
            yield Case(mode.name, partial(mode.command, shape, latency_ms), shape, [memory(mib)],
                       latency_ms=latency_ms, most_runs=1)


def memory_groups(modes, records):
    """Where records are large, or streams many."""
    for mib, shape in memory_inputs(records):
        cases = [case for mode in modes for case in memory_cases(mode, shape, mib)]
        yield Group(f"memory, {shape.shape_text}", cases, MEMORY, [memory(mib)])


# --- all ------------------------------------------------------------------------------------------

def groups(connectors, records):
    """In the order in which they are measured."""
    modes = [mode for one in connectors for mode in one.modes()]
    yield from matrix_groups(modes, records)
    for one in connectors:
        for title, cases in one.more(records):
            yield Group(title, cases)
    yield from memory_groups(modes, records)

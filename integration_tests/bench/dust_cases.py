"""The Dust destination's cases."""

import os
from functools import partial

from cases import FAR_MS, SLOWLY, Case, Connector, Cpu, Input, Target, memory, per_second, speed
from measure import Broken, run

WIDE = {
    "tables": [speed(300), Cpu(.8, 204_000_000), memory(48)],
    "overwrite": [speed(100), memory(48)],
    "documents": [per_second(5000), memory(48)],
}
NARROW = {
    "tables": [memory(48)], "overwrite": [memory(48)],
    "documents": [per_second(5000), memory(48)],
}


class Dust(Connector):
    """Tables and documents."""

    SERVICE = "dust"

    def tables(self, shape, *sink):
        return self.command(shape, self.sink(*sink), data_format="tables")

    def documents(self, shape, *sink):
        return self.command(
            shape, self.sink(*sink), data_format="documents", documents_per_minute=0)

    def overwrite(self, shape):
        return self.command(
            shape, self.sink("--sink-tables", "existing"), "overwrite", data_format="tables")

    def full(self, shape, targets):
        """All the ways through."""
        return [
            Case("dust tables", partial(self.tables, shape), shape, targets["tables"]),
            Case("dust tables, held overwrite", partial(self.overwrite, shape), shape,
                 targets["overwrite"], most_runs=3),
            Case("dust documents", partial(self.documents, shape), shape, targets["documents"],
                 most_runs=1),
        ]

    def memory(self, shape, mib):
        """For the peak RSS; a server that is slow to answer lets the buffers fill."""
        bound = [memory(mib)]
        far = ("--latency", FAR_MS)
        cases = [
            Case("dust tables", partial(self.tables, shape), shape, bound, most_runs=3),
            Case("dust tables" + SLOWLY, partial(self.tables, shape, *far), shape, bound,
                 most_runs=1),
            Case("dust tables, held overwrite", partial(self.overwrite, shape), shape, bound,
                 most_runs=1),
            Case("dust documents", partial(self.documents, shape), shape, bound, most_runs=1),
        ]
        if shape.records <= 1_000:  # documents are sent one by one
            cases.append(Case("dust documents" + SLOWLY, partial(self.documents, shape, *far),
                              shape, bound, most_runs=1))
        return cases

    def start_up(self):
        """The beginning of 200 streams when the server is far away; a row."""
        shape = Input("", 0, 1024, streams=200)
        shape.make()
        begin = self.tables(shape, "--latency", FAR_MS)
        sink = self.sink("--latency", FAR_MS)
        before = sink.counts()["requests"]
        opened = run(begin, shape.path, os.devnull)
        if opened.code != 0:
            raise Broken(f"200 streams without records: exit code {opened.code}")
        requests = sink.counts()["requests"] - before
        one_by_one = requests * FAR_MS / 1000
        row = {"input": "start-up", "wall_s": opened.wall, "rss_mib": opened.rss,
               "name": f"dust, {requests} requests of {FAR_MS} ms, 200 streams"}
        target = Target("wall_s", one_by_one / 2, f"in parallel (one by one: {one_by_one:.0f} s)")
        return {**row, "targets": [target.judge(row)]}

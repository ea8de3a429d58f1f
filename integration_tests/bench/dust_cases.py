"""The Dust destination's modes."""

import os

from cases import Input, OneCore, Target, memory, per_second, speed
from connectors import Calls, Connector, Mode
from measure import Broken, run

FAR_MS = 10
ROWS = Calls(records=500, bytes=1 << 20, of_stream=1, at_once=8)
DOCUMENTS = Calls(records=1, bytes=1 << 20, of_stream=16, at_once=16)


class Dust(Connector):
    """Tables and documents."""

    SERVICE = "dust"

    def modes(self):
        documents = [per_second(5000), memory(48)]
        return [
            Mode("dust tables", self.tables, ROWS,
                 {1024: [speed(500), OneCore(500), memory(48)], 200: [memory(48)]}),
            Mode("dust tables, held overwrite", self.overwrite, ROWS,
                 {1024: [speed(100), memory(48)], 200: [memory(48)]}),
            Mode("dust documents", self.documents, DOCUMENTS, {1024: documents, 200: documents}),
        ]

    def tables(self, shape, latency_ms):
        return self.command(shape, self.sink(latency_ms=latency_ms), data_format="tables")

    def overwrite(self, shape, latency_ms):
        sink = self.sink("--sink-tables", "existing", latency_ms=latency_ms)
        return self.command(shape, sink, "overwrite", data_format="tables")

    def documents(self, shape, latency_ms):
        sink = self.sink(latency_ms=latency_ms)
        return self.command(shape, sink, data_format="documents", documents_per_minute=0)

    def start_up(self):
        """The beginning of 200 streams when the server is far away; a row."""
        shape = Input(0, 1024, streams=200)
        shape.make()
        begin = self.tables(shape, FAR_MS)
        sink = self.sink(latency_ms=FAR_MS)
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

"""Connectors as they are measured: their modes, how each calls its service, and the servers."""

from dataclasses import dataclass, field
from typing import Callable

from cases import WORK, write_command, write_json
from harness import Sandbox
from measure import ROOT

CALL_MS = 2  # what a call costs at least where the server is near
HELD_BYTES = 24 << 20  # at most at once, of all batches: the library's limit


@dataclass
class Calls:
    """What goes into a call, and how many there are at once: the limits of a connector's README."""

    records: int
    bytes: int
    of_stream: int
    at_once: int

    def per_second(self, shape, latency_ms):
        """Records a second, as far as waiting for answers allows."""
        each = max(1, min(self.records, self.bytes // shape.size))
        calls = min(self.of_stream * shape.streams, self.at_once)
        return min(each * calls, HELD_BYTES // shape.size) * 1000 / (latency_ms + CALL_MS)


@dataclass
class Mode:
    """A way through a connector."""

    name: str
    command: Callable  # command(shape, latency_ms)
    calls: Calls
    figures: dict = field(default_factory=dict)  # {size: targets} of one stream to a near server


class Connector:
    """A connector and its sinks, each started when it is first needed."""

    SERVICE = ""

    def __init__(self):
        self.program = ROOT / "bin" / f"destination-{self.SERVICE}"
        self.sinks = {}

    def modes(self):
        """All ways through it."""
        raise NotImplementedError

    def more(self, records):  # pylint: disable=unused-argument
        """[(title, cases)] that no other connector has, besides the modes."""
        return []

    def sink(self, *options, latency_ms=0):
        options = (*options, "--latency", latency_ms)
        if options not in self.sinks:
            self.sinks[options] = Sandbox(None, "--sink", *options, service=self.SERVICE).start()
        return self.sinks[options]

    def stop(self):
        for sink in self.sinks.values():
            sink.stop()

    def command(self, shape, sink, mode="append", **config):
        """A write command; its config and catalog as files, until the next one is made."""
        config_file = WORK / f"{self.SERVICE}.config.json"
        write_json(config_file, sink.config(**config))
        return [*write_command(self.program, shape, mode), "--config", config_file]

    def target_command(self, shape, sink, **config):
        """The same as a Singer target, which needs no catalog."""
        target = self.program.with_name(f"target-{self.SERVICE}")
        return [target, *self.command(shape, sink, **config)[-2:]]

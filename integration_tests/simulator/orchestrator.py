"""One attempt at a job: the platform's side of a connector's stdin, stdout, stderr and end.

In go only RECORD and STATE, and if the source ended well and the connector supports refreshes, a
COMPLETE for each stream of the catalog, all together; then, in any case, the end of input. So an
end alone proves nothing. Out come lines: a LOG is printed, what does not parse is logged, a TRACE
ERROR is a reason if the attempt fails, a STATE commits. Only the exit code decides: 0 is a success
and all records count as committed, even if states are missing. 10 s after the end of stdout a
connector that has not exited counts as failed.

Messages are written through a buffer that is only flushed when it is full, and at the end: of a
slow source the connector sees nothing for long, and then half a line. What a state stands for is
remembered every 10 s and at the end; a platform that dies itself has forgotten the last seconds.
"""

import time
from collections import deque

import jsonschema

from connector import SECRETS, check_message
from simulator import wire
from simulator.bookkeeping import Bookkeeping, DestinationFault, SourceFault
from simulator.connection import described, descriptor_of
from simulator.host import MEMORY_BYTES
from simulator.pipes import Pipes
from simulator.report import Report
from simulator.source import EMITTED_AT, SourceFailed
from simulator.wrapper import CHANNELS, DEST, POLL_SECONDS, write_environment, write_script

QUEUE = 1000  # messages that wait for stdin
BUFFER_BYTES = 8192
END = object()
EXIT_SECONDS = 10
PERSIST_SECONDS = 10
ABORT_SECONDS = 30  # the script looks every 10 s
ACCEPT_SECONDS = 60  # the platform waits 7200
RUN_SECONDS = 300
TURN_MS = 2  # short, since the source and what interrupts are asked once in each
TERMINATED = 143


def identity_of(record):
    """What tells a record from others of its stream."""
    return record["data"].get("id")


class Attempt:
    """An attempt. `run` returns its Report.

    source: an iterator of messages, of None when there is none at the moment; it may raise
    SourceFailed. held: a function that gives the
    identities of what the service holds of a stream, by the destination's descriptor; with it each
    acknowledgement is checked against the service at once. identity: of a record. Without a buffer
    each message goes out at once.
    """

    def __init__(self, host, config, job, source, *, interruption=None, held=None,
                 identity=identity_of, buffer_bytes=BUFFER_BYTES, exit_seconds=EXIT_SECONDS,
                 accept_seconds=ACCEPT_SECONDS, persist_seconds=PERSIST_SECONDS,
                 poll_seconds=POLL_SECONDS):
        self.host = host
        self.config = config
        self.job = job
        self.source = source
        self.lines = self.outgoing()
        self.interruption = interruption
        self.held = held
        self.identity = identity
        self.buffer_bytes = buffer_bytes
        self.exit_seconds = exit_seconds
        self.accept_seconds = accept_seconds
        self.persist_seconds = persist_seconds
        self.poll_seconds = poll_seconds
        self.connection = job.connection
        self.report = Report()
        self.books = Bookkeeping(self.connection, self.report)
        self.container = None
        self.pipes = None
        self.queue = deque()
        self.buffer = bytearray()
        self.is_ended = False  # whether the source has nothing more
        self.lines_fed = 0
        self.rest = {"stdout": b"", "stderr": b""}
        self.unchecked = []  # states that came back just now
        self.began = self.fed_at = self.persisted_at = 0
        self.interrupted = self.aborted = self.cancelled = self.deaf = self.gone = False

    def run(self):
        """The whole attempt."""
        with self.host.create() as self.container:
            self.start()
            self.talk()
            self.finish()
        return self.report

    def start(self):
        """Put the files there, start the script, open the pipes."""
        container, job = self.container, self.job
        container.put("connectorConfig.json", wire.encode(self.config))
        container.put("catalog.json", wire.encode(job.catalog))
        self.pipes = Pipes(container)
        container.start(write_script(self.poll_seconds),
                        write_environment(self.host.image, job.number, job.attempt - 1), DEST)
        self.pipes.open()
        self.began = self.fed_at = self.persisted_at = time.monotonic()

    # --- in ---

    def outgoing(self):
        """The lines for stdin; None when the source has nothing at the moment."""
        try:
            for message in self.source:
                if message is None:
                    yield None
                elif message["type"] == "STATE" or (
                        message["type"] == "RECORD" and self.passes(message["record"])):
                    yield self.forwarded(message)
            yield from self.last_messages()
        except SourceFailed:
            self.report.fail("source", "Source process exited with non-zero exit code 1")
        except SourceFault as error:
            self.report.fail(error.origin, str(error))

    def passes(self, record):
        """Whether a record goes out: not if there is nothing in it, or the user filters it."""
        if not record.get("data"):
            return False
        descriptor = descriptor_of(record)
        if descriptor not in self.connection.generations:
            raise SourceFault(f"a record of {descriptor}, which is not in the catalog", "source")
        if self.connection.filtered is None or not self.connection.filtered(record):
            return True
        self.books.filter(descriptor)
        return False

    def forwarded(self, message):
        """A record or a state of the source as the destination gets it."""
        if message["type"] == "STATE":
            self.books.state(message["state"])
        else:
            record = message["record"]
            self.books.record(descriptor_of(record), self.identity(record))
            self.connection.mapper.apply(record)
        return wire.encode(message)

    def last_messages(self):
        """What the platform says itself when the source ended well."""
        for one in self.books.missing_states(self.job.stateless):
            yield self.forwarded({"type": "STATE", "state": {"type": "STREAM", "stream": {
                "stream_descriptor": described(*one), "stream_state": {}}}})
        for stream in self.job.catalog["streams"] if self.connection.refreshes else ():
            yield wire.encode({"type": "TRACE", "trace": {
                "type": "STREAM_STATUS", "emitted_at": float(EMITTED_AT), "stream_status": {
                    "stream_descriptor": described(*descriptor_of(stream["stream"])),
                    "status": "COMPLETE"}}})

    def fill(self):
        """Fill queue and buffer; when the source has ended and everything went in, close stdin."""
        while len(self.queue) < QUEUE and not self.is_ended:
            line = next(self.lines, END)
            if line is None:
                break
            self.is_ended = line is END
            if not self.is_ended:
                self.queue.append(line)
        while self.queue and len(self.buffer) < max(self.buffer_bytes, 1):
            self.buffer += self.queue.popleft()
        if self.is_ended and not self.buffer:
            self.pipes.close("stdin")
            self.report.is_fed = True

    @property
    def due_bytes(self):
        """How much of the buffer is to be written now."""
        if self.is_ended and not self.queue or not self.buffer_bytes:
            return len(self.buffer)
        return len(self.buffer) // self.buffer_bytes * self.buffer_bytes

    def feed(self):
        """Write what stdin takes."""
        try:
            with memoryview(self.buffer) as buffer, buffer[:self.due_bytes] as due:
                written = self.pipes.write(due)
            if written:
                self.fed_at = time.monotonic()
                self.lines_fed += self.buffer.count(b"\n", 0, written)
                del self.buffer[:written]
        except BrokenPipeError:
            self.report.fail("destination", "Destination process message delivery failed")
            self.stop_feeding()

    def stop_feeding(self):
        """No more input; that the source had more does not count."""
        self.pipes.close("stdin")
        self.queue.clear()
        self.buffer.clear()

    # --- both ---

    def talk(self):
        """Until stdout ends."""
        while self.pipes.is_open("stdin") or self.pipes.is_open("stdout"):
            if self.pipes.is_open("stdin"):
                self.fill()
            for name in self.pipes.ready(self.due_bytes > 0, TURN_MS):
                if name == "stdin":
                    self.feed()
                elif self.pipes.is_open(name):  # what came before may have closed it
                    self.take(name)
            self.interrupt()
            self.look_at_the_clock()

    def interrupt(self):
        """Do what is to happen if its time has come."""
        if self.interruption and not self.interrupted and self.interruption.condition(self):
            self.interrupted = self.report.was_interrupted = True
            self.interruption.action(self)

    def look_at_the_clock(self):
        """A connector that takes nothing for long fails the attempt."""
        now = time.monotonic()
        assert now - self.began < RUN_SECONDS, f"the attempt does not end: {self.report}"
        if now - self.persisted_at > self.persist_seconds:
            self.persist()
        if self.due_bytes == 0:
            self.fed_at = now
        elif now - self.fed_at > self.accept_seconds:
            self.report.fail("destination", "Destination accepted no message for too long")
            self.report.offend(8, "it stopped reading")
            self.abort()

    def stop_reading(self):
        """Close stdout; the connector learns it when it prints."""
        self.deaf = True
        self.pipes.close("stdout")

    def vanish(self):
        """The node goes, and the platform's side with it."""
        self.gone = True
        self.container.kill()

    def cancel(self):
        """The user has enough."""
        self.cancelled = True
        self.abort()

    def abort(self):
        """Close the pipes, then ask the script to end."""
        self.aborted = True
        self.stop_feeding()
        self.pipes.close(*CHANNELS)
        self.container.put("TERMINATED", b"TERMINATE")

    # --- out ---

    def take(self, name):
        """Read what there is of stdout or stderr."""
        data = self.pipes.read(name)
        *lines, self.rest[name] = (self.rest[name] + data).split(b"\n")
        if not data and self.rest[name]:
            lines = [self.rest[name]]
            if self.interrupted:  # half a line, of one that was killed
                return
        for line in lines:
            if self.aborted:  # by a line before
                return
            if name == "stdout":
                self.incoming(line.decode(errors="replace"))
            else:
                self.complaint(line.decode(errors="replace"))
        self.check_held()

    def complaint(self, line):
        """A line of stderr: fit for one that cannot print on stdout any more."""
        self.report.logs.append(("ERROR", line))
        if not self.interrupted:
            self.report.offend(10, "something was printed on stderr")

    def incoming(self, line):
        """A line of stdout."""
        if any(secret in line for secret in SECRETS):
            self.report.offend(10, "a secret was printed")
        try:
            message = wire.decode(line)
            kind = message["type"].upper()
        except (ValueError, KeyError, TypeError, AttributeError):
            self.report.logs.append(("INFO", f"Malformed non-Airbyte record: {line}"))
            self.report.offend(10, "a line of stdout is no message")
            return
        self.validate(line)
        if kind == "LOG":
            self.report.logs.append((message["log"]["level"], message["log"]["message"]))
        elif kind == "TRACE":
            self.trace(message["trace"])
        elif kind == "STATE":
            self.acknowledge(message["state"])

    def validate(self, line):
        """What the platform would ignore or survive must still be of the protocol."""
        try:
            check_message(line)
        except (AssertionError, ValueError, jsonschema.ValidationError) as error:
            self.report.offend(10, f"not a message to send: {str(error).splitlines()[0]}")

    def trace(self, trace):
        """An error is a reason, whatever comes of the attempt."""
        if trace["type"] == "ERROR":
            error = trace["error"]
            self.report.told(error["message"], error.get("failure_type", "system_error"))
        elif trace["type"] == "STREAM_STATUS":
            self.report.offend(2, "a destination has no say in the status of a stream")

    def acknowledge(self, state):
        """A state came back."""
        try:
            sent = self.books.returned(state)
            self.report.acknowledged.append(state)
            if sent is not None:
                self.unchecked.append(sent)
        except DestinationFault as error:
            self.report.fail("destination", str(error))
            self.abort()

    def check_held(self):
        """All that a state stands for must be in the service when it comes back, but for what was
        rejected."""
        unchecked, self.unchecked = self.unchecked, []
        if self.held is None or not unchecked:
            return
        newly = [one for sent in unchecked for one in sent.commits]
        descriptors = {one for sent in newly for one in sent.records}
        mapped = self.connection.mapper.map
        held = {one: set(self.held(mapped(one))) for one in descriptors}
        for sent in newly:
            missing = sum(len(set(records) - held[one]) for one, records in sent.records.items())
            if missing > self.books.rejected:
                self.report.offend(4, f"state {sent.number} came back before {missing} of its "
                                      "records were stored")

    # --- the end ---

    def finish(self):
        """Learn the exit code, see that nothing runs on, and judge."""
        report, container = self.report, self.container
        while "stderr" in self.pipes.ready(False, 0):
            self.take("stderr")
        self.pipes.close("stderr")
        report.exit_code = self.awaited_exit()
        if not container.wait(self.exit_seconds):
            container.kill()
        report.peak_bytes = container.peak_bytes
        if report.peak_bytes is not None and report.peak_bytes > MEMORY_BYTES:
            report.offend(8, f"{report.peak_bytes} bytes of memory were used")
        self.judge()
        if not self.gone:
            self.persist()

    def awaited_exit(self):
        """The exit code; 1 if there is none in time, or can be none any more."""
        deadline = time.monotonic() + (ABORT_SECONDS if self.aborted else self.exit_seconds)
        while time.monotonic() < deadline:
            ended = self.container.ended
            code = self.container.exit_code
            if code is not None:
                return code
            if ended:
                self.report.logs.append(("ERROR", self.container.said))
                return 1
            self.container.wait(0.01)
        self.report.offend(7 if self.aborted else 8, "it did not exit in time")
        return 1

    def judge(self):
        """The status, as the platform decides it; what it does not see are offences."""
        report = self.report
        code = report.exit_code
        if self.aborted and code not in (0, TERMINATED):
            report.warn(f"exit code {code} while closing")
        elif code != 0 and not self.aborted:
            report.fail("destination",
                        f"Destination process exited with non-zero exit code {code}")
            if not report.is_told and not self.interrupted:
                report.offend(5, f"exit code {code} without a reason")
        elif report.is_told and not self.aborted:
            report.offend(5, "exit code 0 in spite of an error")
        report.status = "cancelled" if self.cancelled else (
            "failed" if report.is_broken else "succeeded")
        if report.status == "succeeded":
            report.committed = report.emitted - report.filtered - report.rejected
        if code == 0 and not self.aborted and not self.deaf and self.books.lost:
            report.offend(4, f"exit code 0, but states {self.books.lost} never came back")

    def persist(self):
        """The newest acknowledged states are where the next attempt begins."""
        self.persisted_at = time.monotonic()
        for state in self.books.newest.values():
            self.connection.remember(state)

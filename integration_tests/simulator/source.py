"""A source that can be resumed: each stream brings numbers, each state says how far it came."""

import time

from simulator.connection import described, descriptor_of

EMITTED_AT = 1_700_000_000_000


class SourceFailed(Exception):
    """The source exited with 1."""


def named(number):
    """{"id": 1, "name": "n1"}"""
    return {"id": number, "name": f"n{number}"}


class Source:
    """Records of streams in turns of `every` records, a state after each turn.

    streams: {name or (namespace, name): numbers}, a record each. scope "GLOBAL": one state for all
    of them after each round. With `fails_after` it fails after so many records; with states=False
    it sends none. After each turn it has nothing to say for `rest` seconds.
    """

    def __init__(self, streams, *, every=10, scope="STREAM", fails_after=None, states=True,
                 rest=0, data=named):
        self.streams = {(None, one) if isinstance(one, str) else one: list(numbers)
                        for one, numbers in streams.items()}
        self.every = every
        self.scope = scope
        self.fails_after = fails_after
        self.states = states
        self.rest = rest
        self.data = data

    def messages(self, connection):
        """The messages of one run, from the states that the connection has."""
        sent = 0
        for message in self.endless(self.resumed(connection)):
            if message is not None and message["type"] == "RECORD":
                if sent == self.fails_after:
                    raise SourceFailed
                sent += 1
            yield message
        if self.fails_after is not None:
            raise SourceFailed

    def resumed(self, connection):
        """{descriptor: last number} of what need not be sent again."""
        states = dict(connection.states)
        if connection.global_state is not None:
            for one in connection.global_state["stream_states"]:
                states[descriptor_of(one["stream_descriptor"])] = one.get("stream_state") or {}
        return {one: states.get(one, {}).get("cursor") for one in self.streams}

    def endless(self, cursors):
        """Everything there is, without a failure."""
        left = {one: numbers[numbers.index(cursors[one]) + 1:] if cursors[one] in numbers
                else numbers for one, numbers in self.streams.items()}
        rounds = max([1, *(-(-len(numbers) // self.every) for numbers in left.values())])
        for turn in range(rounds):
            for one, numbers in left.items():
                piece = numbers[turn * self.every:(turn + 1) * self.every]
                yield from (self.record(one, number) for number in piece)
                cursors[one] = piece[-1] if piece else cursors[one]
                if self.states and self.scope == "STREAM" and (piece or turn == 0):
                    yield self.stream_state(one, cursors[one])
                yield from self.resting()
            if self.states and self.scope == "GLOBAL":
                yield self.global_state(cursors)

    def resting(self):
        """Nothing for a while."""
        until = time.monotonic() + self.rest
        while time.monotonic() < until:
            yield None

    def record(self, descriptor, number):
        """A RECORD."""
        namespace, name = descriptor
        return {"type": "RECORD", "record": {
            "stream": name, "namespace": namespace, "emitted_at": EMITTED_AT,
            "data": self.data(number)}}

    @staticmethod
    def stream_state(descriptor, cursor):
        """A STATE of one stream."""
        return {"type": "STATE", "state": {"type": "STREAM", "stream": {
            "stream_descriptor": described(*descriptor), "stream_state": {"cursor": cursor}}}}

    @staticmethod
    def global_state(cursors):
        """A STATE of all streams."""
        return {"type": "STATE", "state": {"type": "GLOBAL", "global": {
            "shared_state": {"at": list(cursors.values())},
            "stream_states": [
                {"stream_descriptor": described(*one), "stream_state": {"cursor": cursor}}
                for one, cursor in cursors.items()]}}}

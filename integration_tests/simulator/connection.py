"""What a user set up, what the platform remembers of it, and what of that is on the wire.

A stream is a configured stream as `connector.stream` makes it, in the terms of the user interface:
`append`, `append_dedup`, `overwrite`, `overwrite_dedup`. Its descriptor is (namespace, name).
"""

import copy
from dataclasses import dataclass, field


def descriptor_of(message):
    """The descriptor of a stream, a record, or a stream_descriptor."""
    return message.get("namespace"), message.get("name", message.get("stream"))


def described(namespace, name):
    """A stream_descriptor."""
    return {"name": name} if namespace is None else {"name": name, "namespace": namespace}


@dataclass
class Mapper:
    """Names at the destination. GLOBAL states are not mapped: their streams keep the source's."""

    definition: str = "source"  # or "destination", "customformat"
    custom: str = ""
    prefix: str = ""

    def map(self, descriptor):
        """(namespace, name) at the destination."""
        namespace, name = descriptor
        if self.definition == "destination":
            namespace = None
        elif self.definition == "customformat":
            formatted = self.custom.replace("${SOURCE_NAMESPACE}", namespace or "")
            namespace = formatted if formatted.strip() else None
        return namespace, self.prefix + name

    def apply(self, target):
        """Put the mapped names into a stream, a record or a stream_descriptor."""
        namespace, name = self.map(descriptor_of(target))
        target.update({"stream" if "stream" in target else "name": name})
        target.pop("namespace", None)
        if namespace is not None:
            target["namespace"] = namespace


@dataclass
class Connection:
    """A connection, with what outlives a job: generations and states."""

    streams: list
    refreshes: bool = True  # the connector's supportsRefreshes
    mapper: Mapper = field(default_factory=Mapper)
    resumable: bool = False  # the platform's flag enable-resumable-full-refresh
    filtered: object = None  # function of a record: whether the user's filter takes it out

    def __post_init__(self):
        self.generations = {descriptor_of(one["stream"]): 0 for one in self.streams}
        self.states = {}  # {descriptor: stream_state}; or
        self.global_state = None  # the `global` object
        self.jobs = 0

    def unmap(self, mapped):
        """The source's descriptor for a destination's; None if no stream has it."""
        for descriptor in self.generations:
            if self.mapper.map(descriptor) == mapped:
                return descriptor
        return None

    def forget(self, descriptors):
        """These streams begin anew."""
        for one in descriptors:
            self.states.pop(one, None)
        if self.global_state is not None:
            self.global_state = {**self.global_state, "stream_states": [
                one for one in self.global_state["stream_states"]
                if descriptor_of(one["stream_descriptor"]) not in descriptors]}
            if not self.global_state["stream_states"]:
                self.global_state = None

    def remember(self, state):
        """Take over an acknowledged state, whose names are the source's."""
        if state["type"] == "GLOBAL":
            self.global_state = state["global"]
            return
        descriptor = descriptor_of(state["stream"]["stream_descriptor"])
        value = state["stream"].get("stream_state")
        if value is None:
            self.states.pop(descriptor, None)
        else:
            self.states[descriptor] = value

    def job(self, kind="sync", streams=None):
        """A new job: "sync"; "truncate" or "merge", which are refreshes; "clear". All but a sync
        may be for some streams only (names); a clear has only those in its catalog."""
        assert self.refreshes or kind not in ("truncate", "merge"), "refreshes are not supported"
        self.jobs += 1
        return Job(self, self.jobs, kind, streams)


class Job:
    """Some attempts at the same. `begin` starts one.

    Generations grow and states go with the first attempt at whatever starts a stream anew, and with
    every further one at a full refresh, which cannot be resumed. (With the platform's flag some
    can.)
    """

    def __init__(self, connection, number, kind, names):
        self.connection = connection
        self.number = number
        self.kind = kind
        self.attempt = 0
        streams = connection.streams
        chosen = [one for one in streams if names is None or one["stream"]["name"] in names]
        self.again = [] if kind == "sync" else list(map(self.descriptor, chosen))
        self.streams = [as_clear(one) for one in chosen] if kind == "clear" else streams
        self.cleared = connection.states, connection.global_state

    @staticmethod
    def descriptor(stream):
        """The descriptor of a configured stream."""
        return descriptor_of(stream["stream"])

    def full_refreshes(self, but_resumable):
        """The descriptors of streams that are read from their begin."""
        return [self.descriptor(one) for one in self.streams
                if one["sync_mode"] == "full_refresh"
                and not (but_resumable and one["stream"].get("is_resumable"))]

    @property
    def stateless(self):
        """The descriptors of streams whose sources need not send a state."""
        return self.full_refreshes(but_resumable=True)

    def begin(self):
        """The next attempt: its generations and states are settled."""
        self.attempt += 1
        connection = self.connection
        if self.kind == "clear" and self.attempt == 1:
            self.cleared = copy.deepcopy((connection.states, connection.global_state))
        first = self.attempt == 1
        anew = set(self.full_refreshes(
            not first and connection.resumable and connection.refreshes))
        if first:
            anew.update(self.again)
        for one in anew:
            connection.generations[one] += 1
        connection.forget(anew)

    @property
    def catalog(self):
        """The configured catalog that the destination gets."""
        return {"streams": [self.on_the_wire(one) for one in self.streams]}

    def on_the_wire(self, stream):
        """With refreshes modes become generations, and no overwrite is ever seen."""
        stream = copy.deepcopy(stream)
        descriptor = self.descriptor(stream)
        mode = stream["destination_sync_mode"]
        replaces = mode in ("overwrite", "overwrite_dedup") or (
            self.kind == "truncate" and descriptor in self.again)
        self.connection.mapper.apply(stream["stream"])
        if not self.connection.refreshes:
            stream["destination_sync_mode"] = mode.replace("overwrite_dedup", "overwrite")
            return stream
        generation = self.connection.generations[descriptor]
        return {**stream, "generation_id": generation,
                "minimum_generation_id": generation if replaces else 0, "sync_id": self.number,
                "destination_sync_mode": mode.replace("overwrite_dedup", "append_dedup").replace(
                    "overwrite", "append")}

    def clearing(self):
        """What the source of a clear says: no record, and states without value. None if the
        connection had no state; else one for each stream that is cleared, also for those that had
        none; or a GLOBAL one, which loses what is shared if nothing is left."""
        states, of_all = self.cleared
        if of_all is not None:
            gone = set(self.again)
            known = [descriptor_of(one["stream_descriptor"]) for one in of_all["stream_states"]]
            streams = [
                {"stream_descriptor": one["stream_descriptor"]} if descriptor in gone else one
                for descriptor, one in zip(known, of_all["stream_states"])]
            streams += [{"stream_descriptor": described(*one)}
                        for one in self.again if one not in known]
            shared = {"shared_state": of_all.get("shared_state")} if set(known) - gone else {}
            yield {"type": "STATE", "state": {"type": "GLOBAL", "global": {
                **shared, "stream_states": streams}}}
        elif states:
            for descriptor in self.again:
                yield {"type": "STATE", "state": {"type": "STREAM", "stream": {
                    "stream_descriptor": described(*descriptor)}}}


def as_clear(stream):
    """A stream of a clear: a full refresh that brings nothing."""
    return {**stream, "sync_mode": "full_refresh", "destination_sync_mode": "overwrite"}

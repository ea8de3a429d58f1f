"""The services that are tried: how a workload is configured for each, what each holds afterwards,
and which records it cannot take. All build on services.py.
"""

from connector import catalog_of
from torture.faults import PASSING
from torture.records import EXTRA, schema_of

PROTOCOLS = ("airbyte", "singer")
# Streams of one name in different namespaces and in none, and names that some services spell alike.
NAMES = ("s0", "a.s0", "b.s0", "a_s0", "s1", "a.s1", "S1", "s2")


class Tried:
    """Beside a Service of services.py. A stream's mode is one of `modes`; `rows` ones have no keys.
    """

    longest = 400  # records of a workload at most
    record_bytes = 1 << 40  # a larger record is not sent
    edge = 1 << 40  # about the size of the largest that the service takes
    has_deletions = False
    keeps_rejected = False  # whether an overwrite leaves the old row of what the service rejects
    has_keys = True  # whether it has rows with keys
    keys = (("id",),)  # key properties that a keyed stream may have, the first ones at first
    keyless = ((),)  # those of others
    clears = True  # whether an overwrite by nothing takes away what is there
    merges = False  # whether a record leaves alone what it does not name
    shares = False  # whether streams write to the same objects, and one field of them
    applies_parts = False  # whether part of a request may be carried out
    kinds = ("",)  # of what a stream may write
    modes = ()
    singer_modes = ()
    in_flight = 16  # requests at once
    passing = PASSING  # statuses after which a request is tried again
    rejecting = ()  # statuses by which single records may be rejected
    halving = (413,)  # those after which a batch of several is halved
    singles_out = False  # whether it refuses single records of a request, and takes the others
    appends = None  # the part of a rule that finds what must not come twice; None: nothing
    secrets = ()  # of its configuration

    @classmethod
    def modes_of(cls, protocol):
        """The modes that a workload may have."""
        return cls.singer_modes if protocol == "singer" else cls.modes

    @classmethod
    def names_of(cls, protocol):
        """What streams may be called. Singer knows no namespaces, and joins them to names."""
        return NAMES if protocol == "airbyte" else [one.replace(".", "-") for one in NAMES]

    @classmethod
    def keys_of(cls, stream):
        """The key properties that a stream may have; `twin` is the id by another name."""
        return cls.keys if stream.keyed else cls.keyless

    @classmethod
    def settings_of(cls, streams):
        """Settings that name the streams."""
        del streams
        return {}

    def is_final(self, request):
        """Whether the answer to a request ends a run for good, so that no more is asked."""
        return request["status"] in (401, 403)

    def records_in(self, request):
        """How many records a request of the log has."""
        return request.get("rows", 0)

    def doubts(self, stream, outcome):
        """How many pushes of a stream may have arrived without a way to tell."""
        del stream, outcome
        return 0

    def doubles(self, streams):
        """What was made for a stream more than once."""
        del streams
        return []

    def is_at_rest(self):
        """Whether everything that was written is seen."""
        return True

    @classmethod
    def withholds(cls, record):
        """Whether a record is surely not written: the connector rejects it by itself, or it is of
        an object that is not there."""
        return record.size > cls.record_bytes

    def rejects(self, record):
        """Whether it is rejected whatever happens, by the connector or by the service."""
        return self.withholds(record)

    @classmethod
    def choices(cls, random):
        """Settings of the connector, and of the sandbox."""
        raise NotImplementedError

    def snapshot(self, streams):
        """{stream: [{field: value}]} of all that is held."""
        return {one.name: self.rows(one.descriptor) for one in streams}

    def turns(self):
        """{(kind, id): turn} of objects that streams share."""
        return {}

    def configured(self, stream, generation, refreshes):
        """A stream of the catalog."""
        mode = {"dedup": "append_dedup", "update": "update"}.get(stream.mode, "append")
        replaces = stream.overwrites or stream.truncates
        more = {"sync_mode": "full_refresh" if stream.overwrites else "incremental",
                "schema": schema_of(len(EXTRA))}
        if stream.keyed:
            more["key"] = "id"
        elif self.has_keys:
            more["key"] = None
        if refreshes:
            more |= {"generation": generation, "minimum": generation if replaces else 0}
        elif replaces:
            mode = "overwrite"
        namespace, name = stream.descriptor
        return self.stream(name, mode, namespace=namespace, **more)

    def catalog(self, workload, generations, refreshes):
        """The configured catalog of an attempt."""
        return catalog_of(*(self.configured(one, generations[one.name], refreshes)
                            for one in workload.streams))

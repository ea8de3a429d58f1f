"""What is known after an attempt: what a user of the platform sees, and what it overlooks."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Failure:
    """A failure reason of the user interface."""

    origin: str  # source, destination, replication
    type: str  # system_error, config_error, transient_error
    message: str
    is_fatal: bool = True  # not: an error that was only told


@dataclass
class Report:
    """An attempt. Counts are of records, by the source's descriptor of their stream."""

    status: str = "running"  # succeeded, failed, cancelled
    exit_code: int = None  # as the platform sees it
    is_fed: bool = False  # whether all of the input went in, and its end
    was_interrupted: bool = False  # whether what was to happen in its midst did
    failures: list = field(default_factory=list)
    warnings: list = field(default_factory=list)
    logs: list = field(default_factory=list)  # (level, text)
    emitted: Counter = field(default_factory=Counter)
    filtered: Counter = field(default_factory=Counter)
    committed: Counter = field(default_factory=Counter)
    rejected: Counter = field(default_factory=Counter)
    acknowledged: list = field(default_factory=list, repr=False)  # states, as they came back
    offences: list = field(default_factory=list)
    peak_bytes: int = None

    def fail(self, origin, message):
        """Something that fails the attempt."""
        self.failures.append(Failure(origin, "system_error", message))

    def told(self, message, kind):
        """An error that the destination told: a reason if the attempt fails, and nothing else."""
        self.failures.append(Failure("destination", kind, message, is_fatal=False))

    @property
    def is_broken(self):
        """Whether something failed the attempt."""
        return any(one.is_fatal for one in self.failures)

    @property
    def is_told(self):
        """Whether the destination said why."""
        return any(not one.is_fatal for one in self.failures)

    def offend(self, rule, text):
        """Something that no connector may do; the rules are the ten of the contract."""
        self.offences.append(f"rule {rule}: {text}")

    def warn(self, text):
        """Something that the platform only logs."""
        self.warnings.append(text)

    def texts(self, level):
        """What was logged at a level."""
        return [text for one, text in self.logs if one == level]

    def succeeded(self):
        """Assert a good end without offences; returns self."""
        assert (self.status, self.failures, self.offences) == ("succeeded", [], []), self
        return self

    def failed(self, *messages, offences=()):
        """Assert a failure for these reasons, in any order; returns self."""
        assert self.status == "failed", self
        assert sorted(one.message for one in self.failures) == sorted(messages), self
        assert self.offences == list(offences), self
        return self

"""A schedule: a workload and what goes wrong, a pure function of connector, protocol and seed."""

from random import Random

from torture.faults import LAG_SCALE, TIME_SCALE, Faults, faults_of
from torture.kinds import KINDS
from torture.workload import Workload

CLEAN = 3  # attempts without a fault, of which the first must do


class Schedule:
    """What is to be tried with a seed."""

    def __init__(self, connector, protocol, seed):
        self.connector = connector
        self.protocol = protocol
        self.seed = seed
        random = Random(f"{connector} {protocol} {seed}")
        self.kind = random.choice(KINDS[connector])
        self.settings, self.sandbox_settings = self.kind.choices(random)
        self.sandbox_settings["latency_ms"] = random.choice([0, 0, 0, 1, 3])
        self.workload = Workload(random, self.kind, protocol)
        self.settings |= self.kind.settings_of(self.workload.streams)
        self.refreshes = protocol == "airbyte" and (
            random.random() < 0.5 or any(one.truncates for one in self.workload.streams))
        batch = random.choice([None, 1, 7, 100])
        self.options = [] if batch is None else ["--batch_records", str(batch)]
        self.options += random.choice([[], [], ["--verbose"]])
        self.measured = random.random() < 0.1 or self.is_huge
        self.attempts = [faults_of(random, rules, self.impossible, self.kind, self.workload.streams)
                         for rules in (5, 2, 1)[:random.randint(1, 3)]]

    @property
    def is_huge(self):
        """Whether there are records of megabytes."""
        return self.workload.largest > 1 << 20

    @property
    def impossible(self):
        """What cannot be around a run: an early end, where the end of input is all that tells an
        overwrite that its stream ended; keys in the input, where the catalog says them."""
        is_fooled = not self.refreshes and any(one.overwrites for one in self.workload.streams)
        return {*(["early end"] if is_fooled else []),
                *(["wrong key"] if self.protocol == "airbyte" else [])}

    @property
    def time_scale(self):
        """How short a second is; what shows late is to be waited for."""
        lags = any("lag_ms" in name for name in self.sandbox_settings)
        return LAG_SCALE if lags else TIME_SCALE

    def faults(self, attempt):
        """Those of an attempt, from 0 on; none in the end."""
        return self.attempts[attempt] if attempt < len(self.attempts) else Faults()

    def __str__(self):
        streams = ", ".join(f"{one.name}: {one.mode}, {one.kind} {one.old} before, "
                            f"{len(one.records)} records" for one in self.workload.streams)
        return (f"{self.kind.__name__} {self.settings}, {self.sandbox_settings}, "
                f"states={self.workload.scope}, refreshes={self.refreshes}, "
                f"{' '.join(self.options)}; {streams}; {self.attempts}")

    def command(self):
        """What repeats it."""
        return (f"make torture CONNECTOR={self.connector} PROTOCOL={self.protocol} "
                f"SEEDS={self.seed}")

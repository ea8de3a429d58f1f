"""Random syncs under random faults, against a model of what the server must hold afterwards."""

import json
import random

import pytest

from connector import (
    ROWS, UPSERT, Process, Source, catalog_of, empty_sandbox, records, shared_sandbox, stream,
    texts, write)

__all__ = ["empty_sandbox", "shared_sandbox"]

KEYS = 400
FAULTS = [{"cut": "before"}, {"cut": "after"}, {"cut": "reply"}, {"status": 503}, {"status": 429},
          {"delay_ms": 20}]
WRITES = {"documents": UPSERT, "tables": ROWS}
TOO_LARGE = {"documents": 4000, "tables": 1_100_000}


class RandomSync:
    """A sync made up from a seed: streams of all modes, what they held before, what comes now."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.data_format = self.random.choice(list(WRITES))
        self.modes = {f"s{number}": self.random.choice(
            ["append", "append_dedup", "overwrite", "refresh"])
            for number in range(self.random.randint(1, 5))}
        self.old = {name: self.random.choice([0, 5, 300, 1100]) for name in self.modes}
        self.new = {name: {} for name in self.modes}  # id: value, or None for deleted
        self.rejected = 0
        self.source = Source()
        self.fill(self.random.choice([10, 300, 2000]), self.random.random() < 0.3)

    def fill(self, count, only_global):
        """The messages."""
        names = list(self.modes)
        for number in range(count):
            name = self.random.choice(names)
            self.source.records(name, [self.data(name, number, count)])
            if self.random.random() < 0.02:
                self.state(only_global, name)
        for name in names:
            self.state(only_global, name)
        self.source.complete(*names)

    def state(self, only_global, name):
        if only_global:
            self.source.global_state(*self.modes)
        else:
            self.source.state(name)

    def data(self, name, number, count):
        """One record, and what it means for the model."""
        kind = self.random.random()
        key = self.random.randrange(KEYS)
        if kind < 0.02 and (count < 1000 or self.data_format == "documents"):
            self.rejected += 1
            return {"id": 10**7 + number, "x": "x" * TOO_LARGE[self.data_format]}
        if kind < 0.12:
            self.new[name][key] = None
            return {"id": key, "_ab_cdc_deleted_at": "2024-01-01"}
        self.new[name][key] = number
        return {"id": key, "v": number, "pad": "y" * self.random.choice([0, 10, 500])}

    def catalog(self):
        return catalog_of(*(
            stream(name, "append", "id", generation=3, minimum=3) if mode == "refresh"
            else stream(name, mode, "id") for name, mode in self.modes.items()))

    def config(self, sandbox):
        return sandbox.config(
            data_format=self.data_format, documents_per_minute=self.random.choice([0, 60]),
            skip_unchanged=self.random.random() < 0.7,
            overwrite_when=self.random.choice(["stream_complete"] * 2 + ["first_batch"]))

    def faults(self):
        method = WRITES[self.data_format]
        return [{"method": "POST", "path": method, "skip": self.random.randrange(3000),
                 **self.random.choice(FAULTS)} for _ in range(self.random.choice([0, 20]))]

    def wanted(self, name):
        """{id: value} that the server must hold at the end."""
        keeps = self.modes[name] in ("append", "append_dedup")
        wanted = dict.fromkeys(range(self.old[name]), -1) if keeps else {}
        wanted.update(self.new[name])
        return {key: value for key, value in wanted.items() if value is not None}


def held(sandbox, data_format, name):
    """{id: value} that the server holds of a stream."""
    if data_format == "tables":
        table = sandbox.tables().get(f"airbyte_{name}", {"rows": {}})
        return {int(key): row["v"] for key, row in table["rows"].items()}
    return {int(key.rpartition("-")[2]): json.loads(text)["v"]
            for key, text in texts(sandbox).items() if key.startswith(f"{name}-")}


@pytest.mark.parametrize("seed", range(10))
def test_whatever_comes_the_server_holds_what_the_model_says(sandbox, seed):
    sync = RandomSync(seed)
    sandbox.settings(limit=1_000_000)
    write(sandbox.config(data_format=sync.data_format, documents_per_minute=0),
          catalog_of(*(stream(name, key="id") for name in sync.modes)),
          [line for name, count in sync.old.items() for line in records(
              name, [{"id": key, "v": -1} for key in range(count)])]).succeeded()
    sandbox.settings(limit=sync.random.choice([50, 1000]), plan_mb=0.003,
                     latency_ms=sync.random.choice([0, 2, 10]))
    sandbox.faults(sync.faults())
    with Process("write", sync.config(sandbox), sync.catalog()) as process:
        process.feed(sync.source.lines)
        result = process.end().succeeded()
    stats = [one["destinationStats"] for one in result.states]
    assert len(stats) == len(sync.source.expected)
    assert sum(one.get("rejectedRecordCount", 0) for one in stats) == sync.rejected
    assert sum(one["recordCount"] for one in stats) + sync.rejected == sum(
        '"RECORD"' in line for line in sync.source.lines)
    for name in sync.modes:
        assert held(sandbox, sync.data_format, name) == sync.wanted(name)

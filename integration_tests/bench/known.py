"""The figures of a known run, in known_run.json, and how the rows of another one stand to them.

Compared is what other work on the machine hardly changes, the median of at least three runs: CPU
time, in that of `wc -l`; where the server is far away, wall time, in round trips. `wc` runs more
often than all others, and its median repeats within 5 % even for 40 MB; `cat` spends 4 to 13 ms on
them, as its pipe happens to wake it, and is only shown. 30 % are tolerated. Rows of another machine
are not judged, and rows of another workload, which is other messages or another catalog, are not
even compared.
"""

import json
from pathlib import Path

from cases import FEW, WC

FILE = Path(__file__).with_name("known_run.json")
TOLERANCE = .3
FAR_MS = 200  # where it is waiting that takes the time
KEPT = ("part", "mode", "latency_ms", "size", "streams", "large", "records_s", "mb_s", "rss_mib",
        "times_cat", "times_wc", "times_parse", "ratio", "workload")


def key(row):
    """What makes it the same row in another run."""
    return f"{row['group']}: {row['name']}, {row['input']}"


def ratio(row):
    """What is compared of a row; None: nothing. How a pipe is read depends on who else works."""
    if row.get("runs", 0) < FEW or row["name"] == WC or row["through_pipe"]:
        return None
    if row["latency_ms"] >= FAR_MS:
        return row["wall_s"] * 1000 / row["latency_ms"]
    return row.get("cpu_times_wc")


def why_not(row, before):
    """Why a row cannot be compared with the one before; empty: it can."""
    if row.get("runs", FEW) < FEW:
        return f"fewer than {FEW} runs"
    if row.get("ratio") is None:
        return "of a kind that never is"
    if before.get("ratio") is None:
        return "not in the known run"
    if row["workload"] != before.get("workload"):
        return "of another workload"
    return ""


class Known:
    """A known run; without a file there is nothing to compare with."""

    def __init__(self, found=None):
        found = found or {"machine": {}, "rows": {}}
        self.machine, self.rows = found["machine"], found["rows"]

    @classmethod
    def read(cls, path=FILE):
        return cls(json.loads(path.read_text(encoding="utf-8")) if path.exists() else None)

    def is_of(self, machine):
        """Whether it was run on such a machine."""
        return bool(self.machine) and all(self.machine[name] == machine[name]
                                          for name in ("cpu", "cores"))

    def compare(self, row, machine):
        """Note in the row by how much it takes more, and whether that is too much; or why not."""
        before = self.rows.get(key(row), {})
        obstacle = why_not(row, before)
        if obstacle:
            row["not_compared"] = obstacle
            return
        row["moved"] = row["ratio"] / before["ratio"] - 1
        row["slower"] = row["moved"] > TOLERANCE and self.is_of(machine)


def known_text(machine, rows):
    """The file of a run, one row on each line."""
    lines = [f"{json.dumps(key(row), ensure_ascii=False)}: " + json.dumps(
        {name: rounded(row[name]) for name in KEPT if row.get(name) is not None})
        for row in rows if "mb_s" in row]
    return (f'{{"machine": {json.dumps(machine)},\n"rows": {{\n'
            + ",\n".join(lines) + "\n}}\n")


def rounded(value):
    """No more digits than are repeatable."""
    return float(f"{value:.4g}") if isinstance(value, float) else value

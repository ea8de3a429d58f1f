"""Luzmo: datasets."""

from collections import Counter

import services
from harness import LUZMO_KEY, LUZMO_TOKEN
from luzmo import NAME
from services import plain
from torture.faults import LAG_SCALE, TIME_SCALE
from torture.tried import Tried

LAG_MS = 5000 * LAG_SCALE  # the connector does not take into account that reads lag longer
LAGS = ["lag_ms", "tag_lag_ms", "dataset_lag_ms"]  # rows, tags, datasets and columns
# What is not known of Luzmo, so that the connector has to take it either way.
UNKNOWN = {
    "header_by": ("position", "name"), "duplicate_tag": ("400", "409"),
    "associate_twice": ("ok", "400"), "dissociate_missing": ("ok", "404"),
    "max_page": (0, 0, 3)}


def rows_of(dataset):
    """[{column: cell}] of a dataset of Luzmo's."""
    names = [column["source_name"] for column in dataset["columns"]]
    return [dict(zip(names, map(plain, row))) for row in dataset["rows"]]


def is_ambiguous(request, garbled):
    """Whether the answer leaves open if a push was carried out. garbled: good ones may, too."""
    return request["status"] in (0, 408) or request["status"] >= 500 or (
        garbled and request["status"] == 200)


class Luzmo(Tried, services.Luzmo):
    """Datasets."""

    modes = ("rows", "rows_overwrite", "rows_truncate")
    singer_modes = ("rows",)
    options = ("--rate-window", TIME_SCALE)
    clears = has_keys = False
    keyless = (("id",), (), ("id", "v"))
    secrets = (LUZMO_KEY, LUZMO_TOKEN)
    rejecting = (413,)
    appends = {"path": r"/data\Z", "match": '"type":"(append|create)"'}

    @classmethod
    def choices(cls, random):
        settings = {
            "flush_interval": random.choice([1, 5, 50, 10_000]),
            "overwrite_when": random.choices(["stream_complete", "first_batch"], [9, 1])[0]}
        unknown = {name: random.choice(choices) for name, choices in UNKNOWN.items()}
        return settings, {**unknown, **cls.lags(random)}

    @staticmethod
    def lags(random):
        """What shows late, and how late."""
        lag_ms = random.randint(1, int(0.8 * LAG_MS))
        late = random.choice([[], [], [], ["lag_ms"], ["tag_lag_ms"], ["dataset_lag_ms"],
                              ["lag_ms", "tag_lag_ms"], LAGS, LAGS])
        replies = {"lag_replies": "on"} if "lag_ms" in late and random.random() < 0.5 else {}
        return {**dict.fromkeys(late, lag_ms), **replies}

    def is_final(self, request):
        """A type that Luzmo refuses is none of the reasons to stop, a push is one."""
        is_push = request.get("resource") == "data" and request["status"] in (400, 404)
        return request.get("action") != "update" and (is_push or super().is_final(request))

    def counts(self, request, push):
        """Whether a request asks for the rows of a dataset after a push to it."""
        return (request.get("resource") == "securable" and request["action"] == "get"
                and request["n"] > push["n"] and request.get("dataset", "") == push.get("dataset"))

    def repeats_push(self, request, push):
        """Whether a push comes again."""
        names = ("resource", "action", "dataset", "type", "body_bytes")
        return request["n"] > push["n"] and all(
            request.get(name) == push.get(name) for name in names)

    def doubts(self, stream, outcome):
        """Nobody else writes, and reads lag no longer than is allowed for. So a first push that is
        lost is settled by the row count, and only those after it are not, as it may come late."""
        ids = {one["id"] for one in self.datasets(stream.descriptor)}
        garbled = any(rule.get("status") == 200 for rule in outcome.faults.rules)
        lost = [one for one in outcome.requests if one.get("resource") == "data"
                and one.get("dataset") in {None, *ids} and is_ambiguous(one, garbled)]
        return len(lost) if len(lost) > 1 else 0

    def doubles(self, streams):
        """One that a lost reply was about is looked for, and so is what a killed run left."""
        made = Counter(one["name"] for one in self.sandbox.datasets())
        names = {one.name: NAME + "".join(filter(None, one.descriptor)) for one in streams}
        return [f"stream {stream} has {made[name]} datasets"
                for stream, name in names.items() if made[name] > 1]

    def is_at_rest(self):
        return self.sandbox.counts()["late"] == 0

    def snapshot(self, streams):
        held = {}
        datasets = self.sandbox.datasets()
        for stream in streams:
            namespace, name = stream.descriptor
            tag = f"{services.TAG}{namespace or ''}{name}"
            held[stream.name] = [row for one in datasets if tag in one["tags"]
                                 for row in rows_of(one)]
        return held

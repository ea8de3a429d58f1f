"""What may change while the Luzmo sandbox runs, and what each setting may be.

Defaults are Luzmo's documented figures; where nothing is documented, the strictest choice.
"""

from dataclasses import dataclass

from sandbox.settings import CheckedSettings


@dataclass
class Settings(CheckedSettings):
    """The command line's options and /_sandbox/settings have the same names."""

    CHOICES = {
        "header_by": ("position", "name"),
        "unknown_header": ("reject", "ignore", "add"),
        "bad_key": ("401", "count0"),
        "duplicate_tag": ("400", "409"),
        "associate_twice": ("ok", "400"),
        "dissociate_missing": ("ok", "404"),
        "empty_replace": ("clear", "reject"),
        "lag_replies": ("off", "on"),
    }
    TEXTS = ("retry_after",)
    POSITIVE = ("rate_window",)

    rate: float = 10  # calls per rate_window that come back to the bucket; 0: no limit
    burst: float = 200  # size of the bucket
    rate_window: float = 1.0  # seconds
    retry_after: str = "off"  # value of a Retry-After header on 429, or off
    header_by: str = "position"  # how cells find their columns
    unknown_header: str = "reject"  # what becomes of names that are no columns
    bad_key: str = "401"  # or count0: gets answer 200 with nothing
    lag_ms: float = 0  # before pushed rows show in data get and in a securable's rows
    lag_replies: str = "off"  # whether replies to pushes lag too
    tag_lag_ms: float = 0  # before a tag, and what it is put on or taken off, shows in a get
    dataset_lag_ms: float = 0  # before a new dataset, and a new column, shows in a get
    duplicate_tag: str = "400"  # status of a second create
    associate_twice: str = "ok"
    dissociate_missing: str = "ok"
    empty_replace: str = "clear"  # data: [] with replace
    max_body: int = 0  # bytes; more is answered with 413; 0: no limit
    default_page: int = 0  # rows of a get without limit; 0: all
    max_page: int = 0  # most rows of any get; 0: no limit
    latency_ms: float = 0  # added to every reply
    push_ms_per_row: float = 0  # work on a push before it is applied

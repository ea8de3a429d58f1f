"""What may change while the Luzmo sandbox runs, and what each setting may be.

Defaults are Luzmo's documented figures; where nothing is documented, the strictest choice.
"""

from dataclasses import dataclass

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


@dataclass
class Settings:
    """The command line's options and /_sandbox/settings have the same names."""

    rate: float = 10  # calls per rate_window that come back to the bucket; 0: no limit
    burst: float = 200  # size of the bucket
    rate_window: float = 1.0  # seconds
    retry_after: str = "off"  # value of a Retry-After header on 429, or off
    header_by: str = "position"  # how cells find their columns
    unknown_header: str = "reject"  # what becomes of names that are no columns
    bad_key: str = "401"  # or count0: gets answer 200 with nothing
    lag_ms: float = 0  # before pushed rows show in data get and in a securable's rows
    lag_replies: str = "off"  # whether replies to pushes lag too
    duplicate_tag: str = "400"  # status of a second create
    associate_twice: str = "ok"
    dissociate_missing: str = "ok"
    empty_replace: str = "clear"  # data: [] with replace
    max_body: int = 0  # bytes; more is answered with 413; 0: no limit
    default_page: int = 0  # rows of a get without limit; 0: all
    max_page: int = 0  # most rows of any get; 0: no limit
    latency_ms: float = 0  # added to every reply
    push_ms_per_row: float = 0  # work on a push before it is applied

    def change(self, values):
        """Set some of them; on, off and numbers may be given as JSON has them or as texts."""
        changes = {name: self.checked(name, value) for name, value in values.items()}
        for name, value in changes.items():
            setattr(self, name, value)

    def checked(self, name, value):
        """A value as it is kept. Raises ValueError."""
        if name not in vars(self):
            raise ValueError(f"no setting {name}")
        if name in CHOICES or name == "retry_after":
            if value is None or isinstance(value, bool):
                value = "on" if value else "off"
            value = str(value)
            if value not in CHOICES.get(name, (value,)):
                raise ValueError(f"{name} is one of {', '.join(CHOICES[name])}")
            return value
        number = -1 if value is None or isinstance(value, (bool, list, dict)) else float(value)
        if not 0 <= number < float("inf") or (name == "rate_window" and number == 0):
            raise ValueError(f"{name} is a number, not negative")
        return int(number) if number.is_integer() else number

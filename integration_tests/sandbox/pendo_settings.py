"""What may change while the Pendo sandbox runs, and what each setting may be.

Defaults are what Pendo documents; where nothing is documented, the strictest choice. How nulls are
taken is not known: they are kept as null unless refused.
"""

from dataclasses import dataclass

from sandbox.settings import CheckedSettings


@dataclass
class Settings(CheckedSettings):
    """The command line's options and /_sandbox/settings have the same names."""

    CHOICES = {
        "errors": ("texts", "objects"),
        "schema_case": ("capital", "camel", "snake"),
        "schema_sample": ("off", "on"),
        "schema_writes": ("off", "on"),
        "null_values": ("accept", "refuse"),
        "epoch_dates": ("refuse", "accept"),
    }

    call_seconds: float = 300  # a bulk call that takes longer is answered with 408; 0: no limit
    record_ms: float = 0  # work per record of a bulk call
    errors: str = "texts"  # how a bulk call's errors are told: texts without ids, or {id, message}
    schema_case: str = "capital"  # Type and DisplayName, type and displayName, or display_name
    schema_sample: str = "off"  # whether a schema has a member `sample` beside its groups
    schema_writes: str = "off"  # whether fields may be made and deleted
    null_values: str = "accept"  # null as a value: kept, or an error of its record
    epoch_dates: str = "refuse"  # milliseconds since 1970 as the value of a time
    max_body: int = 0  # bytes; more is answered with 413; 0: no limit
    latency_ms: float = 0  # added to every reply

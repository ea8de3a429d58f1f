"""Which strings Dust's CSV reader takes for a date.

The reader tries RFC 3339, RFC 2822, a few fixed formats, then the `dateparser` crate. This covers
the crate's documented formats except zone abbreviations other than UTC and GMT.
"""

import re
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MONTHS = {
    name: number + 1 for number, name in enumerate(
        "jan feb mar apr may jun jul aug sep oct nov dec".split())
}
LONG_MONTHS = (
    "january february march april may june july august september october november december"
).split()

TIME = r"(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?P<f>\.\d{1,9})?)?"
HALF = r"(?:\s*(?P<half>am|pm|AM|PM))?"
ZONE = r"(?:\s*(?P<zone>Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?"
NAME = r"(?P<name>[A-Za-z]{3,9})"

FORMATS = [re.compile(text + r"\Z", re.ASCII) for text in (
    r"(?P<Y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})" + ZONE,
    r"(?P<Y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})[Tt]" + TIME + r"(?P<zone>Z|z|[+-]\d{2}:\d{2})",
    r"(?P<Y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})\s+" + TIME + HALF + ZONE,
    TIME + HALF + ZONE,
    r"(?P<Y>\d{4})-" + NAME + r"-(?P<d>\d{2})",
    r"(?P<d>\d{1,2})-" + NAME + r"-(?P<Y>\d{4})",
    NAME + r"\.?\s+(?P<d>\d{1,2}),?\s+(?P<Y>\d{4})",
    NAME + r"\.?\s+(?P<d>\d{1,2}),\s+(?P<Y>\d{4}),?\s+" + TIME + HALF + ZONE,
    r"(?P<d>\d{1,2})\s+" + NAME + r",?\s+(?P<Y>\d{4})",
    r"(?P<d>\d{1,2})\s+" + NAME + r",?\s+(?P<Y>\d{4}),?\s+" + TIME + HALF,
    r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<Y>\d{4}|\d{2})(?:\s+" + TIME + HALF + r")?",
    r"(?P<Y>\d{4})/(?P<m>\d{1,2})/(?P<d>\d{1,2})(?:\s+" + TIME + HALF + r")?",
    r"(?P<m>\d{1,2})\.(?P<d>\d{1,2})\.(?P<Y>\d{4}|\d{2})",
    r"(?P<Y>\d{4})\.(?P<m>\d{2})\.(?P<d>\d{2})",
    r"(?P<Y>\d{4})年(?P<m>\d{2})月(?P<d>\d{2})日(?:(?P<H>\d{2})时(?P<M>\d{2})分(?P<S>\d{2})秒)?",
)]
# What every format starts with: spares ordinary text the whole list.
PROMISING = re.compile(r"\d{1,4}[-/.:年\s]|[A-Za-z]{3,9}[.,]?\s+\d", re.ASCII)
RFC2822 = re.compile(r"(?:[A-Za-z]{3},\s*)?\d{1,2}\s+[A-Za-z]{3}\s+\d{4}\s+\d{2}:\d{2}", re.ASCII)


def date_epoch(text):
    """Milliseconds since 1970 when the reader would take this trimmed text for a date, or None."""
    if PROMISING.match(text) is None:
        return None
    if RFC2822.match(text) is not None:
        epoch = rfc2822_epoch(text)
        if epoch is not None:
            return epoch
    for form in FORMATS:
        match = form.match(text)
        if match is not None:
            epoch = match_epoch(match.groupdict())
            if epoch is not None:
                return epoch
    return None


def rfc2822_epoch(text):
    """Mail dates need their zone."""
    if re.search(r"(?:GMT|UTC?|Z|[+-]\d{4})\Z", text) is None:
        return None
    try:
        parsed = parsedate_to_datetime(text)
    except ValueError:
        return None
    return to_epoch(parsed if parsed.tzinfo else parsed.replace(tzinfo=timezone.utc))


def match_epoch(part):
    """The moment the groups of a match describe, or None for a 31st of February."""
    today = datetime.now(timezone.utc)
    try:
        month = int(part.get("m") or today.month)
        if part.get("name"):
            month = month_number(part["name"])
        hour = int(part.get("H") or 0)
        if part.get("half"):
            if not 1 <= hour <= 12:
                return None
            hour = hour % 12 + (12 if part["half"].lower() == "pm" else 0)
        moment = datetime(
            full_year(part.get("Y"), today), month, int(part.get("d") or today.day), hour,
            int(part.get("M") or 0), int(part.get("S") or 0), tzinfo=timezone.utc)
        moment -= zone_offset(part.get("zone"))
    except (ValueError, KeyError, OverflowError):
        return None
    return to_epoch(moment) + int(float(part.get("f") or 0) * 1000 + 1e-6)


def full_year(text, today):
    """Two-digit years are of this century or the last, as strptime's %y has it."""
    if text is None:
        return today.year
    year = int(text)
    return year if len(text) == 4 else year + (2000 if year < 69 else 1900)


def month_number(name):
    """1 to 12 for a short or full English month name; KeyError otherwise."""
    name = name.lower()
    if len(name) > 3 and name not in LONG_MONTHS:
        raise KeyError(name)
    return MONTHS[name[:3]]


def zone_offset(zone):
    """What to subtract to get UTC."""
    if not zone or zone[0] not in "+-":
        return timedelta()
    digits = zone[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return offset if zone[0] == "+" else -offset


def to_epoch(moment):
    """Whole milliseconds since 1970."""
    return (moment - EPOCH) // timedelta(milliseconds=1)

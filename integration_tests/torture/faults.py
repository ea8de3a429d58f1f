"""What goes wrong in an attempt: rules for the sandbox's fault script, one thing around the run,
and which failures may be told of it all.

A kind of failure is the failure_type of Airbyte's protocol.
"""

from dataclasses import dataclass, field

from torture import seldom
from torture.workload import log_scale

CONFIG, TRANSIENT, SYSTEM = "config_error", "transient_error", "system_error"
PASSING = (408, 425, 429, 500, 502, 503, 504)
REFUSALS = (302, 400, 401, 403, 404, 405, 409, 413, 422, 501)
WRONG_CONFIG = (400, 401, 403, 404)
OVERSIZED = 9 << 20  # a reply may have 8 MiB
REQUESTS = 60  # among so many of an attempt a rule is at work
TIME_SCALE = 0.0002  # a minute is 12 ms
LAG_SCALE = 0.002  # where what was written shows late: a second is 2 ms
STALL_SECONDS = 1.3  # more than ten minutes, and than batches wait at least
BODIES = ("", "<html><script>x</script>Bad Gateway</html>", "\x00\ufffd not JSON")
GARBAGE = ('{"rows": [', "<html>Sign in</html>", "", "\x00")
ODD = ('{"total": "many"}', "[]", "null")  # JSON, so not without the deed: that would be a lie
RETRY_AFTER = ("0", "1", "20", "soon", "86400", "-1")

# What is around a run, and how often.
AROUND = {
    None: 40, "kill": 16, "terminate": 4, "closed output": 6, "end in mid-line": 8,
    "early end": 6, "wrong key": 12, "dribble": 4, "still": 1, "full disk": 5, "no such host": 2,
    "no listener": 2, "wrong host": 2, "expired": 2, "self-signed": 2}
UNTRUSTED = ("wrong host", "expired", "self-signed")
WRONG_KEYS = (("absent",), ("id", "absent"))  # of a SCHEMA before a record that lacks them
UNREACHABLE = ("no such host", "no listener")


@dataclass
class Faults:
    """Of one attempt. `at` and `delay`: where in the input, from 0 to 1, and how many seconds
    later, or how much of the output is read. `lines`: or after so many lines of output."""

    rules: list = field(default_factory=list)
    around: str = None
    at: float = 1
    delay: float = 0
    lines: int = None
    piece: int = 1 << 16  # bytes written at once
    disk: int = 0  # bytes of TMPDIR
    keys: tuple = ()  # key properties that a record lacks
    refused: tuple = ()  # these records are refused, and others only together with them

    @property
    def input_ends_well(self):
        """Whether all of the input comes, can be taken, and ends."""
        return self.around not in ("end in mid-line", "early end", "wrong key")

    @property
    def is_killed(self):
        return self.around in ("kill", "terminate")

    def names(self):
        """What each is called, for a count."""
        return [*([self.around] if self.around else []), *map(name_of, self.rules)]

    @property
    def is_none(self):
        return not self.rules and self.around is None

    def kinds(self, answers, service):
        """The failures that may be told, given the statuses that were answered; 0: none."""
        found = {kind_of(status, service) for status in answers} - {None}
        if answers & set(service.rejecting):  # all are rejected: something is set wrongly
            found.add(CONFIG)
        if self.around in UNTRUSTED:
            return {CONFIG}
        if self.around in UNREACHABLE:
            return {TRANSIENT}
        if any(rule.get("status") == 200 for rule in self.rules):
            found |= {SYSTEM, TRANSIENT, CONFIG}
        if self.around in ("end in mid-line", "full disk", "closed output"):
            found.add(SYSTEM)
        if self.around == "early end":
            found.add(TRANSIENT)
        if self.around == "wrong key":
            found.add(CONFIG)
        return found


def name_of(rule):
    """What a rule is called."""
    if "refuse" in rule:
        return "single records refused"
    if "status" in rule:
        what = "oversized" if "padding" in rule else str(rule["status"])
        return f"{what} after it was done" if rule.get("apply") else what
    for what in ("cut", "stall"):
        if what in rule:
            return f"{what} {rule[what]}"
    return "slow reply"


def kind_of(status, service):
    """The failure that a status may end in; a lost reply has status 0."""
    if status == 0 or status in service.passing:
        return TRANSIENT
    if 200 <= status < 300:
        return None
    return CONFIG if status in WRONG_CONFIG else SYSTEM


# --- rules ----------------------------------------------------------------------------------------


def error_of(text):
    """An error in words that all services use."""
    return {"message": text, "error": {"type": "some_error", "message": text}}


def a_status(random, service):
    """A refusal; some come after the request was carried out, or part of it, some for long, some
    quote secrets."""
    status = random.choice(PASSING * 2 + REFUSALS)
    rule = {"status": status, "body": random.choice([
                *BODIES, error_of("because I say so"), error_of(f"unknown: {service.secrets}")]),
            "times": random.choices([1, 2, 3, 6, -1], [10, 3, 2, 1, 1])[0]}
    if status >= 500 and random.random() < 0.3:
        rule["apply"] = True
    if status == 408 and service.applies_parts and random.random() < 0.5:
        rule["apply"] = log_scale(random, 1, 100)
    if status in (429, 503) and random.random() < 0.4:
        rule["headers"] = {"Retry-After": random.choice(RETRY_AFTER)}
    return rule


def a_cut(random, _):
    """The connection is closed: nothing was done, or all was, or half of the reply came."""
    return {"cut": random.choice(["before", "after", "reply"]),
            "times": random.choice([1, 1, 2, 3])}


def slowness(random, _):
    """The reply takes its time."""
    return {"delay_ms": log_scale(random, 1, 100), "times": random.choice([1, 3, 20])}


def garbage(random, _):
    """A good status with what the service does not say."""
    is_applied = random.random() < 0.5
    return {"status": 200, "apply": is_applied,
            "body": random.choice(GARBAGE + ODD if is_applied else GARBAGE),
            "headers": random.choice([{}, {"Content-Type": "application/json"}])}


def oversized(random, _):
    """A reply without end."""
    return {"status": 200, "body": "", "padding": OVERSIZED, "apply": random.random() < 0.5}


def a_stall(random, _):
    """No reply, longer than is waited for one."""
    return {"stall": random.choice([True, "after"])}


RULES = {a_status: 40, a_cut: 26, slowness: 12, garbage: 10, oversized: 2, a_stall: 1}


def a_rule(random, service):
    """A rule that begins to act at some request."""
    (make,) = random.choices(list(RULES), RULES.values())
    return {"skip": log_scale(random, 1, REQUESTS) - 1, **make(random, service)}


# --- attempts -------------------------------------------------------------------------------------


def faults_of(random, rules, impossible, service, streams):
    """The Faults of an attempt with up to so many rules. impossible: what is never around it."""
    (around,) = random.choices(list(AROUND), AROUND.values())
    if around in impossible:
        around = None
    found = Faults([a_rule(random, service) for _ in range(random.randint(0, rules))], around)
    if random.random() < seldom.SHARE:
        found.rules, found.refused = seldom.rules_of(random, service, streams)
        if random.random() < seldom.ALONE:
            found.around = around = None
    found.at = random.choice([0, random.random(), random.random(), 1])
    found.delay = random.choice([0, 0.0005, 0.002, 0.005, 0.02]) * random.random()
    if around == "dribble":
        found.piece = log_scale(random, 1, 3000)
    if around == "wrong key":
        found.keys, found.at = random.choice(WRONG_KEYS), random.random()
        if random.random() < seldom.ALONE:
            found.rules, found.refused = [], ()
    if around == "full disk":
        found.disk = random.choice([4096, 1 << 16, 1 << 20])
    if found.is_killed and random.random() < 0.7:
        found.lines = log_scale(random, 1, 40)
    elif found.is_killed and random.random() < 0.5:
        found.piece = log_scale(random, 10, 3000)
    return found

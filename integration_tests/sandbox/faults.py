"""A fault script: which requests fail, and how. Knows HTTP, but no service.

A script is a list of rules; the first rule that matches a request and is not used up decides.
A rule is a JSON object, every key optional:

    name       what the request log calls it where it acts
    method     "POST"; absent = any
    path       regular expression, searched in the raw path (percent-encoded, without query)
    query      regular expression, searched in the raw query string
    match      regular expression, searched in the raw body of the request, each byte a character
    skip       let the first K matches through (default 0)
    times      how often the rule acts after that (default 1; -1 = for ever)
    delay_ms   wait this long first; a rule with nothing else then goes on normally
    stall      true: never answer, without applying; "after": apply, then never answer
    cut        "before": close without applying; "after": apply, close without a reply;
               "reply": apply, send the head and half of the body, close
    status     answer this without applying, with
    body       a string (text/plain) or any other JSON value (application/json), and
    padding    so many blanks, and
    headers    {"Retry-After": "1"}; a Content-Type takes the place of the body's
    apply      true: apply, then answer that status all the same; a number: apply so many of the
               request's records, where the service has such
    refuse     a text: apply the request but for its records in which `match` is found, and tell of
               each, in these words, that it was refused; where the service has such. Their JSON is
               searched: compact, and ASCII
"""

import json
import re
from dataclasses import dataclass, field

CUTS = (None, "before", "after", "reply")
KEYS = {
    "name", "method", "path", "query", "match", "skip", "times", "delay_ms", "stall", "cut",
    "status", "body", "padding", "headers", "apply", "refuse",
}


class BadRule(ValueError):
    """A rule that says nothing, or something unknown."""


@dataclass
class Rule:
    """One rule and how much of it is left."""

    name: str = None
    method: str = None
    path: str = ""
    query: str = ""
    match: str = ""
    skip: int = 0
    times: int = 1
    delay_ms: float = 0
    stall: object = False
    cut: str = None
    status: int = None
    body: object = ""
    padding: int = 0
    headers: dict = field(default_factory=dict)
    apply: object = False
    refuse: str = None

    @classmethod
    def parse(cls, data):
        """Build a rule from its JSON form; a mistyped key is an error, not ignored."""
        if not isinstance(data, dict):
            raise BadRule(f"a rule is an object, not {data!r}")
        unknown = set(data) - KEYS
        if unknown:
            raise BadRule(f"unknown keys in a rule: {', '.join(sorted(unknown))}")
        rule = cls(**data)
        if rule.cut not in CUTS:
            raise BadRule(f"cut is before, after or reply, not {rule.cut!r}")
        if rule.stall is not True and rule.stall not in (False, "after"):
            raise BadRule(f"stall is true or after, not {rule.stall!r}")
        if sum(map(bool, (rule.cut, rule.status, rule.stall))) > 1:
            raise BadRule("a rule either cuts, stalls or answers with a status")
        if rule.refuse is not None and not (isinstance(rule.refuse, str) and rule.match):
            raise BadRule("refuse is a text, and match says which records are refused")
        applies = isinstance(rule.apply, bool) or rule.part is not None
        if not applies or (rule.apply and not rule.status):
            raise BadRule("apply is true, false or a number from 1, and goes with a status")
        acts = rule.cut or rule.stall or rule.status or rule.delay_ms or rule.refuse is not None
        if not acts:
            raise BadRule("a rule needs at least one of status, cut, stall, delay_ms, refuse")
        try:
            for pattern in (rule.path, rule.query, rule.match):
                re.compile(pattern)
        except re.error as error:
            raise BadRule(f"not a regular expression: {error}") from error
        return rule

    @property
    def part(self):
        """How many records of a request are applied; None: all, or none."""
        counts = isinstance(self.apply, int) and not isinstance(self.apply, bool)
        return self.apply if counts and self.apply > 0 else None

    def matches(self, method, path, query, body):
        """Whether the rule is about this request; says nothing about skip and times."""
        return (
            (self.method is None or self.method == method)
            and re.search(self.path, path) is not None
            and re.search(self.query, query) is not None
            and (not self.match or re.search(self.match, body.decode("latin-1")) is not None)
        )

    def content(self):
        """The body as (bytes, content type)."""
        is_text = isinstance(self.body, str)
        body = (self.body if is_text else json.dumps(self.body)).encode() + b" " * self.padding
        usual = "text/plain; charset=UTF-8" if is_text else "application/json"
        return body, self.headers.get("Content-Type", usual)

    def remaining(self):
        """The JSON form of what is left of the rule."""
        plain = Rule()
        return {
            key: value for key, value in vars(self).items()
            if value != getattr(plain, key) or key in ("skip", "times")
        }


class FaultScript:
    """The rules of one server, used up as requests come."""

    def __init__(self, rules=()):
        self.rules = [Rule.parse(rule) for rule in rules]

    def take(self, method, path, query, body):
        """The rule for this request, counted as used once, or None."""
        for rule in self.rules:
            if rule.times == 0 or not rule.matches(method, path, query, body):
                continue
            if rule.skip > 0:
                rule.skip -= 1
                continue
            if rule.times > 0:
                rule.times -= 1
            return rule
        return None

    def remaining(self):
        """The rules that can still act, as JSON."""
        return [rule.remaining() for rule in self.rules if rule.times != 0]

"""The library's JSON beside Python's: what is valid, and what it says."""

import json
import random
import re
import subprocess
import sys

import pytest

from connector import ROOT

FORMS = ROOT / "build" / "json-forms"
INPUTS = ROOT / "unit_tests" / "libairbyte" / "fuzz_json"
NESTING_MAX = 1024
TOKENS = [
    "null", "true", "false", "0", "-0", "1.50", "-1e+05", "9007199254740993", "1E400", "NaN",
    "-Infinity", "Infinity", '""', '"a"', '"é"', '"\\u00e9"', '"\\ud83d\\ude00"', '"\\udc00"',
    '"\\ud800x"', '"😀"', '"\\/\\b\\f\\n\\r\\t\\"\\\\"', '"\\u0000\\u001f\\u007f"', '"\x7f"',
    '"a:b,{}[]"']
NAMES = ['"a"', '"b"', '"\\u0061"', '"é"', '"Z"', '"\\ud800"', '"\\ue000"', '""', '"😀"']
# What is put into a text, or in the place of a part of it, to break it.
PIECES = [b"", b"0", b"-", b".", b"e", b"+", b'"', b"\\", b"\\u", b"\\ud8", b"{", b"}", b"[", b"]",
          b",", b":", b" ", b"\t", b"\x00", b"\x1f", b"\x7f", b"\x80", b"\xc0\x80", b"\xed\xa0\x80",
          b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b"/**/", b"nul", b"NaN", b"'"]


# --- Python's ------------------------------------------------------------------------------------


class Number(str):
    """A number, or NaN, as it is spelt."""


class Members(list):
    """The members of an object, (name, value), repeated ones too."""


def read(text):
    """A value; ValueError if it is none."""
    return json.loads(text.decode(), parse_int=Number, parse_float=Number, parse_constant=Number,
                      object_pairs_hook=Members)


def nesting(value):
    """Containers open at once."""
    inner = [one for _, one in value] if isinstance(value, Members) else value
    return 1 + max(map(nesting, inner), default=0) if isinstance(value, list) else 0


def canonical(value):
    """json.dumps(value, sort_keys=True) with numbers as they are spelt."""
    if isinstance(value, Members):
        return "{" + ", ".join(f"{json.dumps(name)}: {canonical(one)}"
                               for name, one in sorted(dict(value).items())) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(canonical, value)) + "]"
    return str(value) if isinstance(value, Number) else json.dumps(value)


def compact_text(text):
    """A string as UTF-8; halves of pairs, which have no such form, stay escaped."""
    return re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}",
                  json.dumps(text, ensure_ascii=False))


def compact(value):
    """The shortest form of the same; NaN and infinities are texts."""
    if isinstance(value, Members):
        return "{" + ",".join(f"{compact_text(name)}:{compact(one)}" for name, one in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(compact, value)) + "]"
    if isinstance(value, Number):
        return f'"{value}"' if value[-1] in "Ny" else str(value)
    return compact_text(value) if isinstance(value, str) else json.dumps(value)


def expected(text):
    """The lines that the library has to print."""
    try:
        value = read(text)
    except ValueError:
        return ["refused"]
    return [canonical(value), compact(value)] if nesting(value) <= NESTING_MAX else ["refused"]


# --- texts ---------------------------------------------------------------------------------------


def blank(dice):
    """White space now and then."""
    return dice.choice(["", "", "", " ", "\n\t"])


def made(dice, depth=0):
    """A valid text."""
    if depth == 4 or dice.random() < 0.5:
        return dice.choice(TOKENS)
    items = [made(dice, depth + 1) for _ in range(dice.randrange(4))]
    if dice.random() < 0.5:
        return "[" + ",".join(blank(dice) + one + blank(dice) for one in items) + "]"
    return "{" + ",".join(f"{blank(dice)}{dice.choice(NAMES)}{blank(dice)}:{blank(dice)}{one}"
                          for one in items) + blank(dice) + "}"


def broken(dice, text):
    """The text with something in it that may not be there."""
    at = dice.randrange(len(text) + 1)
    return text[:at] + dice.choice(PIECES) + text[at + dice.randrange(3):]


def library(texts):
    """What the library prints for each."""
    assert FORMS.exists(), "make build/json-forms"
    done = subprocess.run([FORMS], input=b"".join(b"%d\n%s" % (len(one), one) for one in texts),
                          capture_output=True, check=True, timeout=60)
    return done.stdout.decode().split("\n")[:-1]


def compare(texts):
    """Both readers say the same of each; returns how many are valid."""
    wanted = [expected(one) for one in texts]
    lines = iter(library(texts))
    for text, one in zip(texts, wanted):
        assert [next(lines) for _ in one] == one, text
    assert next(lines, None) is None
    return len([one for one in wanted if len(one) == 2])


@pytest.fixture(name="deep", autouse=True)
def room_for_deep_texts():
    """Python's own limit is below ours."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    yield
    sys.setrecursionlimit(before)


def test_the_inputs_of_the_fuzz_target_are_read_alike():
    texts = [path.read_bytes() for path in sorted(INPUTS.iterdir())]
    assert 0 < compare(texts) < len(texts)


def test_made_texts_are_read_alike():
    dice = random.Random(5)
    texts = [made(dice).encode() for _ in range(3000)]
    assert compare(texts) == len(texts)


def test_broken_texts_are_read_alike():
    dice = random.Random(7)
    texts = [broken(dice, made(dice).encode()) for _ in range(6000)]
    assert 500 < compare(texts) < 5500


@pytest.mark.parametrize("depth", [NESTING_MAX - 1, NESTING_MAX, NESTING_MAX + 1])
def test_deep_texts_are_read_alike(depth):
    texts = [b"[" * depth + b"]" * depth, b'{"a":' * depth + b"0" + b"}" * depth]
    assert compare(texts) == (2 if depth <= NESTING_MAX else 0)

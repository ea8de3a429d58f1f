"""A server that means harm: what its replies may cost, and what they may write into our output."""

import gzip
import json

import pytest

from connector import RUN_SECONDS, measured, run
from harness import CONFIGS
from network import Canned, Endless, canned_reply
from services import SERVICES
from singer import Target

MIB = 1 << 20
# What a check takes, and the largest reply with all that is made of it.
MEMORY = 100 * MIB
JSON = "Content-Type: application/json"
HEAD = f"HTTP/1.1 200 OK\r\n{JSON}\r\n"
BOMB = gzip.compress(b"[" * (256 * MIB), 9)


def chunked(body, codings):
    """A reply in one chunk, whose body is in codings."""
    head = f"{HEAD}Transfer-Encoding: {codings}chunked\r\nConnection: close\r\n\r\n"
    return Canned(b"%b%x\r\n%b\r\n0\r\n\r\n" % (head.encode(), len(body), body))


def good(body, *headers):
    """A reply that says to be JSON."""
    return Canned(canned_reply("200 OK", JSON, *headers, body=body))


REPLIES = {
    "an endless body": lambda: Endless(f"{HEAD}\r\n".encode(), b"[]," * 20_000),
    "an endless line in the head": lambda: Endless(HEAD.encode() + b"X: ", b"a" * 60_000),
    "an endless head": lambda: Endless(HEAD.encode(), b"X-Name: value\r\n" * 4_000),
    "endless promises": lambda: Endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 2_000),
    "an endless status line": lambda: Endless(b"HTTP/1.1 200 ", b"a" * 60_000),
    "a length beyond all": lambda: Canned(f"{HEAD}Content-Length: {9 ** 40}\r\n\r\n{{".encode()),
    "a length below zero": lambda: Canned(f"{HEAD}Content-Length: -1\r\n\r\n{{}}".encode()),
    "a bomb as content": lambda: good(BOMB, "Content-Encoding: gzip"),
    "a bomb on the way": lambda: chunked(BOMB, "gzip, "),
    "a bomb in bombs": lambda: chunked(gzip.compress(gzip.compress(BOMB)), "gzip, " * 3),
    "bombs without end": lambda: chunked(BOMB, "gzip, " * 4_000),
    "brotli": lambda: chunked(b"\x1b\xff\xff\xff\x00", "br, "),
    "zstd": lambda: chunked(b"\x28\xb5\x2f\xfd", "zstd, "),
    "values without number": lambda: good(b'{"rows":[' + b"[]," * (5 * MIB // 2) + b"[]]}"),
    "values that are just allowed": lambda: good(
        b"[" + b'{"i":"0123456789012345"},' * 335_000 + b"0]"),
    "brackets without end": lambda: good(b"[" * (8 * MIB - 1)),
    "objects in objects": lambda: good(b'{"rows":' * 900 + b"1" + b"}" * 900),
    "a number of many digits": lambda: good(b'{"rows":' + b"9" * 4 * MIB + b"}"),
    "bytes that are no text": lambda: good(b'["\xff\xfe\x80",{"\xc3":"\xed\xa0\x80"}]'),
    "no HTTP": lambda: Canned(b"\x00\xff\x1b[2J\r\n\r\n"),
}


@pytest.fixture(name="connector", params=SERVICES)
def each_connector(request):
    """The name of each."""
    return request.param


def config_of(connector, front):
    """A configuration for a server that is not what it says."""
    return CONFIGS[connector.removeprefix("destination-")](f"http://127.0.0.1:{front.port}")


@pytest.mark.parametrize("reply", REPLIES)
def test_a_reply_is_refused_before_it_takes_much(connector, reply):
    with REPLIES[reply]() as front:
        result, peak, _ = measured("check", config_of(connector, front), binary=connector)
        assert 1 <= len(front.heads) <= 9
    assert result.status["status"] == "FAILED"
    assert f"http://127.0.0.1:{front.port}" in result.status["message"]
    assert peak <= MEMORY, f"{peak / MIB:.0f} MiB"


def test_a_line_that_is_too_long_is_told_as_such(connector):
    with REPLIES["an endless line in the head"]() as front:
        result = run(connector, "check", config_of(connector, front))
    assert "the reply's head has a line that is too long" in result.status["message"]


def test_nothing_that_is_packed_is_asked_for(connector):
    with Canned(canned_reply("403 Forbidden")) as front:
        run(connector, "check", config_of(connector, front))
        names = {line.split(":")[0].lower() for line in front.heads[0].split("\r\n")[1:]}
    assert names & {"accept-encoding", "te", "upgrade"} == set() and "user-agent" in names


# --- what they write -----------------------------------------------------------------------------

FORGED = '\n{"type": "STATE"}\r\n\x85\u2028CRITICAL forged\x1b[2J\x9b31m\x7f\x0b'
RAW = FORGED.encode() + b"\x9b\xff\xc3"
ERRORS = {
    "escaped": canned_reply("400 Bad Request", JSON, body=json.dumps(
        {"error": {"type": FORGED, "message": FORGED}, "message": FORGED}).encode()),
    "as it is": canned_reply("400 Bad Request", JSON, body=(
        b'{"error":{"type":"x","message":"<>"},"message":"<>"}'.replace(
            b"<>", RAW.replace(b'"', b"'")))),
    "text": canned_reply("400 Bad Request", "Content-Type: text/plain", body=RAW),
    "type": b"HTTP/1.1 500 \x1b[2J\r\nContent-Type: a\x1b[2J\x9b/\xc2\x9b\x0bforged\r\n"
            b"Content-Length: 0\r\n\r\n",
    "place": canned_reply("302 Found", "Location: gopher://forged\x1b[2J"),
}


@pytest.mark.parametrize("error", ERRORS)
def test_a_message_is_one_line_however_it_is_printed(connector, error):
    with Canned(ERRORS[error]) as front:
        result = run(connector, "check", config_of(connector, front))
    message = result.status["message"]
    assert len(result.lines) == 1 and message.isprintable(), ascii(message)


@pytest.mark.parametrize("error", ERRORS)
def test_a_line_of_a_targets_log_is_one_line(connector, error):
    name = connector.removeprefix("destination-")
    with Canned(ERRORS[error]) as front, \
            Target(name, config_of(connector, front), "--test") as target:
        target.close()
        assert target.popen.wait(RUN_SECONDS) == 1
        for thread in target.threads:
            thread.join(RUN_SECONDS)
    log = b"".join(target.errors).decode()
    assert log.startswith("CRITICAL ") and log.endswith("\n")
    assert log[:-1].isprintable(), ascii(log)
    assert target.output == []

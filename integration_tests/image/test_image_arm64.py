"""The programs for arm64, under qemu: the same unit tests, the same bytes in the service.

What is particular to that architecture is the scanner of JSON, which compares 16 bytes at once.
"""

import io
import json
import random
import re
import tarfile

import pytest

import connector
from connector import ROOT, Source, catalog_of
from container import BUILD_SECONDS, FIGURES, METADATA, arm64_image, docker, inspect, layers
from services import SERVICES

SECONDS = 300
TEXTS = ("é", "漢字", "😀", '"', "\\", "\n", "\t", "\x00", "\x1f", "\x7f", "\u2028", "{", "}", "[", "]",
         ":", ",", "</script>", " ")
NUMBERS = ("0", "-0", "1.50", "12345678901234567890", "-0.000001", "1e3", "1.7976931348623157e308")


@pytest.fixture(name="emulated", scope="module", params=METADATA)
def each_program(request, tmp_path_factory):
    """(connector, how to start its program for arm64), from all files of the image."""
    root = tmp_path_factory.mktemp(request.param)
    for layer in layers(arm64_image(request.param)):
        with tarfile.open(fileobj=io.BytesIO(layer)) as entries:
            entries.extractall(root)
    return request.param, {"binary": root / "airbyte/connector",
                           "prefix": ["qemu-aarch64", "-L", str(root)]}


def some_text(rng):
    """A text of any length, so that what matters stands in any place of a block."""
    text = "".join(rng.choices(TEXTS, k=rng.randrange(6)))
    return "x" * rng.randrange(70) + text + "y" * rng.randrange(20)


def some_record(rng, number):
    """A record as JSON, in one of the ways in which it can be written."""
    nested = {"list": [some_text(rng), {some_text(rng): None}], "flag": rng.random() < 0.5}
    data = {"id": number, "name": some_text(rng), "note": some_text(rng), "nested": nested}
    text = json.dumps(data, ensure_ascii=rng.random() < 0.5,
                      separators=rng.choice([(",", ":"), (", ", ": "), (" ,\t", "  :  ")]))
    return f'{text[:-1]},"amount":{rng.choice(NUMBERS)}}}'


def all_kinds_of_records():
    """A source of some thousand records."""
    rng = random.Random(7)
    source = Source()
    for start in range(0, 4000, 1000):
        source.records("users", [some_record(rng, start + number) for number in range(1000)])
        source.state("users")
    return source


FIELDS = connector.properties(id="integer", name="string", note="string", nested="object",
                              amount="number")


def held_after(name, source, **program):
    """All that a service holds after a sync of the source; calls at once come in any order."""
    with SERVICES[name][0]() as service:
        result = connector.run(program.pop("binary", name), "write", service.config(),
                               catalog_of(service.stream(schema=FIELDS)), source.lines,
                               seconds=SECONDS, **program)
        assert result.succeeded().state_lines == source.expected
        return sorted(service.rows(), key=lambda row: int(row["id"]))


def test_spec_is_the_same(emulated):
    name, program = emulated
    result = connector.run(program["binary"], "spec", prefix=program["prefix"], seconds=SECONDS)
    assert result.succeeded().lines == connector.run(name, "spec").lines


def test_the_service_holds_the_same(emulated):
    name, program = emulated
    source = all_kinds_of_records()
    held = held_after(name, source, **program)
    assert len(held) > 3900
    assert held == held_after(name, source)


def test_the_unit_tests_pass():
    (name, *_) = METADATA
    image = arm64_image(name, "build")
    # The stage runs on this machine, whatever the image's record says.
    log = docker(
        "run", "--rm", "--network", "host", "--platform", f"linux/{inspect(image)['Architecture']}",
        "--volume", f"{ROOT}/unit_tests:/src/unit_tests:ro", image, "sh", "-c",
        "apt-get install -y -q --no-install-recommends qemu-user libcmocka-dev:arm64 &&"
        " make -j2 ARCH=arm64 unit-test", seconds=BUILD_SECONDS).decode()
    passed, failed = re.search(r"^unit: (\d+) passed, (\d+) failed$", log, re.MULTILINE).groups()
    FIGURES["arm64, unit tests"] = f"{passed} passed, {failed} failed"
    assert int(passed) > 100

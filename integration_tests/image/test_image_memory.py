"""A long stream in a small container."""

import generate
from container import FIGURES, Container, docker, every_connector, image_of
from services import SERVICES

MIB = 1 << 20
RECORDS = 1_000_000
SIZE = 1024
SECONDS = 600
PEAK = "cat /sys/fs/cgroup/memory.peak /sys/fs/cgroup/memory/memory.max_usage_in_bytes"


def pieces(lines, size=MIB):
    """Lines put together, so that writing them costs little."""
    piece, length = [], 0
    for line in lines:
        piece.append(line)
        length += len(line)
        if length >= size:
            yield b"".join(piece)
            piece, length = [], 0
    yield b"".join(piece)


def look(container, command):
    """What a command prints in a container that runs."""
    return docker("exec", container.name, "sh", "-c", f"{command} 2> /dev/null || true").decode()


@every_connector
def test_a_gigabyte_goes_through_64_mib(name):
    limits = ["--memory", "64m", "--memory-swap", "64m"]
    kind = SERVICES[name][0]
    with kind("--sink", *kind.sink) as service:
        with Container("write", service.config(), generate.catalog(size=SIZE),
                       image=image_of(name), options=limits, keep=True) as container:
            for piece in pieces(generate.lines(RECORDS, SIZE)):
                container.write(piece)
            container.until_states(RECORDS // generate.STATE_EVERY, SECONDS)
            peak = int(look(container, PEAK).split()[0])
            resident = int(look(container, "grep VmHWM /proc/1/status").split()[1])
            result = container.end(SECONDS)
            state = container.state()
        received = service.sandbox.counts()["body_bytes"]
    assert (result.code, result.errors, state["OOMKilled"]) == (0, [], False)
    assert sum(one["destinationStats"]["recordCount"] for one in result.states) == RECORDS
    assert received > RECORDS * SIZE / 2
    FIGURES[f"{name}, {RECORDS * SIZE / 1e6:,.0f} MB in a container of 64 MiB"] = (
        f"at most {peak / MIB:.1f} MiB charged to it, {resident / 1024:.1f} MiB resident")

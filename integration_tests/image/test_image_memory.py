"""A long stream in a small container."""

import generate
from container import FIGURES, Container, docker, each_service
from harness import Sandbox

__all__ = ["each_service"]

MIB = 1 << 20
RECORDS = 1_000_000
SIZE = 1024
SECONDS = 600
PEAK = "cat /sys/fs/cgroup/memory.peak /sys/fs/cgroup/memory/memory.max_usage_in_bytes"
EXISTING = {"destination-dust": ["--sink-tables", "existing"],
            "destination-luzmo": ["--sink-datasets", "users"]}


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


def test_a_gigabyte_goes_through_64_mib(service):
    kind = service.name.removeprefix("destination-")
    limits = ["--memory", "64m", "--memory-swap", "64m"]
    with Sandbox(None, "--sink", *EXISTING[service.name], service=kind) as sink:
        service.sandbox = sink
        with Container("write", service.config(), generate.catalog(size=SIZE), image=service.image,
                       options=limits, keep=True) as container:
            for piece in pieces(generate.lines(RECORDS, SIZE)):
                container.write(piece)
            container.until_states(RECORDS // generate.STATE_EVERY, SECONDS)
            peak = int(look(container, PEAK).split()[0])
            resident = int(look(container, "grep VmHWM /proc/1/status").split()[1])
            result = container.end(SECONDS)
            state = container.state()
        received = sink.counts()["body_bytes"]
    assert (result.code, result.errors, state["OOMKilled"]) == (0, [], False)
    assert sum(one["destinationStats"]["recordCount"] for one in result.states) == RECORDS
    assert received > RECORDS * SIZE / 2
    FIGURES[f"{service.name}, {RECORDS * SIZE / 1e6:,.0f} MB in a container of 64 MiB"] = (
        f"at most {peak / MIB:.1f} MiB charged to it, {resident / 1024:.1f} MiB resident")

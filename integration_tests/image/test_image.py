"""The image at work, as anybody may start it."""

import json
import subprocess
import time

import pytest

from connector import BIN_DIR, ROOT
from container import FIGURES, PLACE, Container, docker, each_service, run
from services import connectors

__all__ = ["each_service"]

HARDENED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
# A second is promised, and printed as it was; a machine with other work may need more.
START_SECONDS = 20
where_overwrites_are_offered = pytest.mark.parametrize(
    "service", connectors("overwrite"), indirect=True)


@pytest.mark.parametrize("options", [
    [], [*HARDENED, "--user", "1000:1000"], ["--user", "123456:0"],
    [*HARDENED, "--user", "123456:0"], ["--user", "0:0"], ["--workdir", "/"],
    ["--workdir", "/dest"],
], ids=" ".join)
def test_it_runs_as_whoever_it_is_started(service, options):
    service.succeeds(options=options)


def test_spec_is_that_of_the_program(service):
    printed = docker("run", "--rm", "--network", "host", service.image, "spec")
    program = subprocess.run([BIN_DIR / service.name, "spec"], capture_output=True, check=True)
    assert printed == program.stdout
    assert json.loads(printed)["spec"] == json.loads(
        (ROOT / "specs" / f"{service.name}.json").read_text())


def test_it_starts_quickly(service):
    times = []
    for _ in range(5):
        before = time.monotonic()
        docker("run", "--rm", "--network", "host", service.image, "spec")
        times.append(time.monotonic() - before)
    FIGURES[f"{service.name}, docker run IMAGE spec"] = f"{min(times):.2f} s, the best of 5"
    assert min(times) <= START_SECONDS


def test_a_wrong_command_line_is_told_by_its_own_exit_code(service):
    result = run(service.image, "wirte")
    assert result.code == 2
    assert "wirte" in result.stderr and result.messages == []


def test_a_configuration_that_is_not_there_is_told(service):
    result = run(service.image, "check", arguments=["--config", f"{PLACE}/nothing.json"])
    assert f"{PLACE}/nothing.json" in result.failed("config_error")["message"]


def test_a_failed_run_exits_with_1(service):
    message = service.write(service.at("http://127.0.0.1:1")).failed()["message"]
    assert "127.0.0.1:1" in message


def test_docker_stop_ends_it_at_once(service):
    """It is PID 1, which the kernel does not let die by a signal."""
    with Container("write", service.config(), service.users(), image=service.image,
                   keep=True) as container:
        container.send(*service.source.lines)
        container.until_states(1)
        result = container.stop()
        assert result.code == 143
        assert container.state()["ExitCode"] == 143
    assert result.state_lines == service.source.expected


@where_overwrites_are_offered
def test_what_is_held_lies_in_tmpdir(service, tmp_path):
    """The root is read-only, so nothing else can be written to."""
    tmp_path.chmod(0o777)
    options = [*HARDENED, "--volume", f"{tmp_path}:/spool"]
    service.write().succeeded()
    result = service.write(mode="overwrite", options=options, env={"TMPDIR": "/spool"})
    assert result.succeeded().state_lines == service.source.expected
    assert len(service.held()) == 20
    assert list(tmp_path.iterdir()) == []


@where_overwrites_are_offered
def test_without_a_place_for_what_is_held_it_says_so(service):
    service.write().succeeded()
    before = service.held()
    result = service.write(mode="overwrite", options=HARDENED)
    message = result.failed("system_error")["message"]
    assert "/tmp" in message and "TMPDIR" in message and "\n" not in message
    assert service.held() == before


@where_overwrites_are_offered
def test_a_tmpfs_is_place_enough(service):
    options = [*HARDENED, "--tmpfs", "/tmp"]
    result = service.write(mode="overwrite", options=options)
    assert result.succeeded().state_lines == service.source.expected

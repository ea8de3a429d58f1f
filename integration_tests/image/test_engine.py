"""docker/engine starts a daemon where none answers, and leaves nothing, however it ends."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from connector import ROOT

SECONDS = 60
RUNS = "docker info > /dev/null && echo $$ > pid && mv pid started && exec sleep 1000"

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("dockerd", path=os.defpath + ":/usr/sbin") is None,
    reason="only root can start a daemon of docker, and it must be installed")


class Engine:
    """A run of a copy of docker/engine, so that what it keeps is its own, in a directory with a
    short name, since sockets have short ones."""

    def __init__(self, command, **variables):
        self.directory = Path(tempfile.mkdtemp(prefix="e."))
        for name in ("docker", "Makefile"):
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, self.directory / name)
        with open(self.directory / "errors", "wb") as errors:
            self.process = subprocess.Popen(
                ["docker/engine", "sh", "-c", command], cwd=self.directory, stderr=errors,
                env={**os.environ, "DOCKER_HOST": "unix:///nowhere",
                     "TMPDIR": str(self.directory), **variables})

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()
        self.until(lambda: not self.left())
        shutil.rmtree(self.directory)

    def until(self, condition):
        """Wait for something."""
        deadline = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < deadline, self.left()
            time.sleep(0.05)

    def started(self):
        """Wait until the command has the engine."""
        self.until((self.directory / "started").exists)
        return self

    def left(self):
        """Processes, mounts and files that it should not leave."""
        processes = [command for command in commands() if str(self.directory) in command]
        mounts = [line for line in Path("/proc/mounts").read_text().splitlines()
                  if str(self.directory) in line]
        return processes + mounts + list(map(str, self.directory.glob("engine.*")))


def commands():
    """The command lines of all processes."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            pass


def test_the_command_has_an_engine_and_its_exit_code_counts():
    with Engine("docker info > /dev/null && exit 7") as engine:
        assert engine.process.wait(SECONDS) == 7
        assert engine.left() == []


@pytest.mark.parametrize("number, code", [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_command_and_the_daemon(number, code):
    with Engine(RUNS) as engine:
        engine.started().process.send_signal(number)
        assert engine.process.wait(SECONDS) == code
        assert engine.left() == []


def test_a_kill_leaves_no_daemon():
    with Engine(RUNS) as engine:
        engine.started().process.kill()
        engine.process.wait()
        engine.until(lambda: not engine.left())
        os.kill(int((engine.directory / "started").read_text()), signal.SIGTERM)


def test_a_daemon_that_does_not_start_is_told(tmp_path):
    (tmp_path / "dockerd").write_text("#!/bin/sh\necho no room for a daemon\nexit 3\n")
    (tmp_path / "dockerd").chmod(0o755)
    with Engine("touch started", PATH=f"{tmp_path}:/usr/bin:/bin") as engine:
        assert engine.process.wait(SECONDS) == 1
        assert "no room for a daemon" in (engine.directory / "errors").read_text()
        assert not (engine.directory / "started").exists()
        assert engine.left() == []


def test_an_engine_that_answers_is_used(tmp_path):
    """A docker that says so is enough: nothing is started."""
    (tmp_path / "docker").write_text("#!/bin/sh\n[ \"$1\" = info ]\n")
    (tmp_path / "docker").chmod(0o755)
    done = subprocess.run(
        [ROOT / "docker/engine", "sh", "-c", "command -v docker; echo \"$DOCKER_HOST\""],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True, check=True,
        timeout=SECONDS)
    assert done.stdout.splitlines() == [str(tmp_path / "docker"), ""]

"""docker/engine starts a daemon where none answers, and leaves nothing, however it ends."""

import os
import shlex
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
RUN_A_CONTAINER = """
echo 'int main(void) { return 0; }' | cc -static -x c -o nothing -
tar -c nothing | docker import - nothing
docker run --network host nothing /nothing
"""
CGROUPS = Path("/sys/fs/cgroup")
UNPACKED = Path("build/docker/root")
# As sudo runs a command with use_pty, Debian's default: as the leader of a session.
SUDO = '#!/bin/sh\ntouch sudo-was-used\nexec setsid --fork --wait "$@"\n'

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not (shutil.which("dockerd", path=os.defpath + ":/usr/sbin:/sbin")
                              or (ROOT / UNPACKED).exists()),
    reason="only root can start a daemon of docker, and there must be one")


class Engine:
    """A run of a copy of docker/engine, so that what it keeps is its own, in a directory with a
    short name, since sockets have short ones."""

    def __init__(self, command, terminal=False, **variables):
        self.directory = Path(tempfile.mkdtemp(prefix="e."))
        for name in ("docker", "Makefile"):
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, self.directory / name)
        if (ROOT / UNPACKED).exists():
            (self.directory / UNPACKED).parent.mkdir(parents=True)
            (self.directory / UNPACKED).symlink_to(ROOT / UNPACKED)
        self.namespace = self.cgroup = None  # of the daemon, once started() has seen it
        words = ["docker/engine", "sh", "-c", command]
        if terminal:
            words = ["script", "--quiet", "--return", "--command", shlex.join(words), "/dev/null"]
        with open(self.directory / "errors", "wb") as errors:
            self.process = subprocess.Popen(
                words, cwd=self.directory, stdin=subprocess.DEVNULL, stderr=errors,
                preexec_fn=heed_interrupts, env={**os.environ, "DOCKER_HOST": "unix:///nowhere",
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
        (run,) = self.directory.glob("engine.*")
        self.namespace = namespace_of((run / "pid").read_text())
        self.cgroup = run.name
        assert self.namespace != namespace_of("self")
        return self

    @property
    def errors(self):
        """What it printed for people."""
        return (self.directory / "errors").read_text()

    def left(self):
        """Processes, mounts, cgroups and files that it should not leave."""
        processes = [command for pid, command in commands() if str(self.directory) in command
                     or namespace_of(pid) == self.namespace is not None]
        mounts = [line for line in Path("/proc/mounts").read_text().splitlines()
                  if str(self.directory) in line]
        cgroups = [path for path in CGROUPS.rglob(self.cgroup or "") if self.cgroup]
        return [*processes, *mounts, *map(str, cgroups),
                *map(str, self.directory.glob("engine.*"))]

    def daemon(self):
        """The process that keeps the daemon."""
        (pid,) = [pid for pid, command in commands()
                  if command.startswith(f"/bin/bash docker/daemon {self.directory}")]
        return int(pid)


def heed_interrupts():
    """Whoever is started in the background by a shell ignores them, and so do all below it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def commands():
    """The numbers and command lines of all processes."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.parent.name, path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            pass


def namespace_of(pid):
    """Which mounts a process sees; None if it is gone."""
    try:
        return os.readlink(f"/proc/{str(pid).strip()}/ns/mnt")
    except OSError:
        return None


def programs(directory, **scripts):
    """A PATH with shell scripts before all else."""
    for name, script in scripts.items():
        (directory / name).write_text(script)
        (directory / name).chmod(0o755)
    return f"{directory}:{os.environ['PATH']}"


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


def test_a_kill_of_the_keeper_ends_the_daemon():
    with Engine(RUNS) as engine:
        os.kill(engine.started().daemon(), signal.SIGKILL)
        (run,) = engine.directory.glob("engine.*")
        engine.until(lambda: not (run / "pid").exists())
        engine.process.terminate()
        assert engine.process.wait(SECONDS) == 143
        assert engine.left() == []


def test_a_container_leaves_nothing_of_it():
    with Engine(f"set -e; {RUN_A_CONTAINER} {RUNS}") as engine:
        assert list(CGROUPS.rglob(engine.started().cgroup))
        engine.process.terminate()
        assert engine.process.wait(SECONDS) == 143
        assert engine.left() == []


@pytest.mark.parametrize("script, words", [
    ("echo no room for a daemon; exit 3", "no room for a daemon"),
    ("echo thinking; exec sleep 1000", "thinking")])
def test_a_daemon_that_does_not_start_is_told(tmp_path, script, words):
    path = programs(tmp_path, dockerd=f"#!/bin/sh\n{script}\n")
    with Engine("touch started", PATH=path, ENGINE_SECONDS="2") as engine:
        assert engine.process.wait(SECONDS) == 1
        assert words in engine.errors
        assert not (engine.directory / "started").exists()
        assert engine.left() == []


def test_another_engine_that_does_not_answer_is_told_and_not_asked_again():
    with Engine("docker info > /dev/null && exit 7", DOCKER_HOST="tcp://127.0.0.1:1",
                DOCKER_TLS_VERIFY="1", DOCKER_CERT_PATH="/nowhere",
                DOCKER_CONTEXT="nowhere") as engine:
        assert engine.process.wait(SECONDS) == 7
        assert engine.errors == (
            "docker/engine: tcp://127.0.0.1:1 does not answer, a daemon is started\n")


def test_it_works_for_a_user_with_sudo(tmp_path):
    path = programs(tmp_path, id="#!/bin/sh\necho 1000\n", sudo=SUDO)
    with Engine(RUNS, PATH=path) as engine:
        engine.started().process.terminate()
        assert engine.process.wait(SECONDS) == 143
        assert engine.left() == []
        assert (engine.directory / "sudo-was-used").exists()


def test_a_command_that_sets_the_terminal_is_not_stopped():
    with Engine("stty sane <&1 && exit 7", terminal=True) as engine:
        assert engine.process.wait(SECONDS) == 7
        assert engine.left() == []


def test_it_works_without_the_directories_of_root():
    path = ":".join(one for one in os.environ["PATH"].split(":") if not one.endswith("sbin"))
    with Engine("docker info > /dev/null && exit 7", PATH=path) as engine:
        assert engine.process.wait(SECONDS) == 7


def test_it_works_with_a_directory_that_is_not_absolute():
    with Engine("docker info > /dev/null && exit 7", TMPDIR=".") as engine:
        assert engine.process.wait(SECONDS) == 7
        assert engine.left() == []


def test_an_engine_that_answers_is_used(tmp_path):
    """A docker that says so is enough: nothing is started."""
    path = programs(tmp_path, docker="#!/bin/sh\n[ \"$1\" = info ]\n")
    done = subprocess.run(
        [ROOT / "docker/engine", "sh", "-c", "command -v docker; echo \"$DOCKER_HOST\""],
        env={"PATH": path}, capture_output=True, text=True, check=True,
        timeout=SECONDS)
    assert done.stdout.splitlines() == [str(tmp_path / "docker"), ""]

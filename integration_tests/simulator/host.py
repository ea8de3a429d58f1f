"""Where a connector runs: as a process that sees what it would see in a container.

The platform runs images as uid and gid 1000, without capabilities or a way to new privileges, and
they may write to their working directory and to /tmp only. `BinaryHost` gives a bare program all
of that with bubblewrap: namespaces of its own, the script as process 1, the root read-only. Memory
is limited to 64 MiB where a cgroup can be made, and what was used is measured in any case.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from connector import BIN_DIR, MEASURE, TIME_SCALE
from harness import PYTHON

ENTRYPOINT = "/airbyte/connector"
MEMORY_BYTES = 64 << 20
END_SECONDS = 20
PATH = "/usr/bin:/bin"

NAMESPACES = ["--unshare-user", "--uid", "1000", "--gid", "1000", "--unshare-pid", "--as-pid-1",
              "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--cap-drop", "ALL",
              "--die-with-parent"]
ROOT = ["--ro-bind", "/usr", "/usr", "--ro-bind", "/etc", "/etc", "--proc", "/proc", "--dev",
        "/dev"]
DIE_WITH_US = ["/usr/bin/setpriv", "--pdeathsig", "KILL"]  # also if we are killed
JOIN = 'echo $$ > "$1" && shift && exec "$@"'


def host_of(name):
    """The host of a connector of this project: its program, or its image if SIMULATE=image."""
    if os.environ.get("SIMULATE", "binary") == "image":
        from simulator.image_host import ImageHost  # pylint: disable=import-outside-toplevel
        return ImageHost.of(name)
    return BinaryHost(BIN_DIR / name)


class Container:
    """What runs. A context manager: at its end nothing runs, and its files are gone.

    `work` is the working directory and `tmp` its /tmp, as seen from outside.
    """

    def __init__(self, directory):
        self.directory = Path(directory)
        self.work = self.directory / "work"
        self.tmp = self.directory / "tmp"
        for path in (self.directory, self.work, self.tmp):
            path.mkdir(exist_ok=True)
            path.chmod(0o777)
        self.popen = None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        try:
            self.end()
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)

    def put(self, name, data):
        """A file in the working directory, readable for all."""
        path = self.work / name
        path.write_bytes(data)
        path.chmod(0o644)

    def run(self, command):
        """Start the command; what it says itself is kept."""
        with open(self.directory / "said", "wb") as said:
            # pylint: disable=consider-using-with
            self.popen = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)

    @property
    def said(self):
        """What the script or the container engine printed."""
        return (self.directory / "said").read_text(errors="replace")

    @property
    def ended(self):
        """Whether its process 1 is gone, and all others with it."""
        return self.popen is None or self.popen.poll() is not None

    @property
    def exit_code(self):
        """The exit code as the platform learns it; None as long as there is none."""
        try:
            return int((self.work / "exitCode.txt").read_text())
        except FileNotFoundError:
            return None

    def wait(self, seconds):
        """Whether it ended in time."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(seconds)
        return self.ended

    def until_ended(self, action):
        """Repeat an action that may come too early until it worked or there is no need."""
        deadline = time.monotonic() + END_SECONDS
        while not self.ended and not action():
            assert time.monotonic() < deadline, f"cannot be killed: {self.said}"
            self.wait(0.002)

    def end(self):
        """Kill what still runs."""
        if not self.ended:
            self.kill()

    def kill(self):
        """kill -9 of everything, as when the node takes the container away."""
        raise NotImplementedError

    def kill_connector(self):
        """kill -9 of the connector alone, as the kernel does when memory is short; the script
        goes on. Does nothing if the connector is gone already."""
        raise NotImplementedError

    @property
    def peak_bytes(self):
        """The most memory that was used, known after the end; None if it is not measured."""
        return None


class BinaryHost:
    """Runs a program under bubblewrap."""

    def __init__(self, program, entrypoint=ENTRYPOINT):
        self.program = Path(program)
        self.entrypoint = entrypoint
        self.image = f"{self.program.name}:bare"

    def create(self):
        """A container to put files into, before it is started."""
        return BinaryContainer(self, tempfile.mkdtemp(prefix="simulator-"))


class BinaryContainer(Container):
    """A program in namespaces of its own."""

    def __init__(self, host, directory):
        super().__init__(directory)
        self.host = host
        self.cgroup = new_cgroup(self.directory.name)

    def start(self, script, environment, workdir):
        """Start the script; the working directory is known inside as `workdir`."""
        measure = [*DIE_WITH_US, PYTHON, "-S", "-E", "-c", MEASURE, self.directory / "peak"]
        join = ["/bin/sh", "-c", JOIN, "sh", self.cgroup / "cgroup.procs"] if self.cgroup else []
        self.run([*measure, *join, "/usr/bin/bwrap", *self.options(environment, workdir),
                  "sh", "-c", script])

    def options(self, environment, workdir):
        """What the program sees."""
        binds = ["--bind", self.work, workdir, "--bind", self.tmp, "/tmp",
                 "--ro-bind", self.host.program, ENTRYPOINT]
        for path in ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"):
            binds += ["--ro-bind-try", path, path]
        if self.cgroup:
            inside = "/sys/fs/cgroup/memory" if is_first_version() else "/sys/fs/cgroup"
            binds += ["--ro-bind", self.cgroup, inside]
        variables = {"PATH": PATH, "HOME": "/airbyte", "AB_TIME_SCALE": str(TIME_SCALE),
                     "AIRBYTE_ENTRYPOINT": self.host.entrypoint, **environment}
        settings = [part for item in variables.items() for part in ("--setenv", *item)]
        return [*NAMESPACES, *ROOT, *binds, "--remount-ro", "/", "--chdir", workdir, "--clearenv",
                *settings]

    def kill(self):
        self.until_ended(lambda: kill_all(grandchildren(self.popen.pid)) and self.wait(END_SECONDS))

    def kill_connector(self):
        name = Path(ENTRYPOINT).name
        self.until_ended(lambda: self.exit_code is not None or kill_all(
            pid for pid in descendants(self.popen.pid) if name_of(pid) == name))

    @property
    def peak_bytes(self):
        return int((self.directory / "peak").read_text().split()[0])

    def __exit__(self, *error):
        try:
            super().__exit__(*error)
        finally:
            if self.cgroup:
                self.cgroup.rmdir()


# --- processes ------------------------------------------------------------------------------------


def children(pid):
    """The processes that a process started."""
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def grandchildren(pid):
    """The script, seen from the measuring process: bubblewrap is between them."""
    return [one for child in children(pid) for one in children(child)]


def descendants(pid):
    """All processes below one."""
    found = children(pid)
    for one in found:
        found += children(one)
    return found


def name_of(pid):
    """The name of a process, as `ps` shows it."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().rstrip("\n")
    except (FileNotFoundError, ProcessLookupError):
        return None


def kill_all(pids):
    """kill -9; whether there was any."""
    killed = False
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            killed = True
    return killed


# --- memory ---------------------------------------------------------------------------------------

CGROUPS = Path("/sys/fs/cgroup")


def is_first_version():
    """Whether memory is limited by a cgroup of version 1."""
    return (CGROUPS / "memory").is_dir()


def new_cgroup(name):
    """A memory cgroup with our limit; None where none can be made."""
    first = is_first_version()
    cgroup = (CGROUPS / "memory" if first else CGROUPS) / name
    limits = ["memory.limit_in_bytes"] if first else ["memory.max"]
    no_swap = ("memory.memsw.limit_in_bytes", MEMORY_BYTES) if first else ("memory.swap.max", 0)
    try:
        cgroup.mkdir()
    except OSError:
        return None
    try:
        for limit in limits:
            (cgroup / limit).write_text(str(MEMORY_BYTES))
    except OSError:
        cgroup.rmdir()
        return None
    with contextlib.suppress(OSError):  # where swap is not counted there is nothing to limit
        (cgroup / no_swap[0]).write_text(str(no_swap[1]))
    return cgroup

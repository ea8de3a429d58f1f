"""Runs whole processes; time and memory are what the kernel says of them at their end."""

import ctypes
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "build" / "bench"

PR_SET_CHILD_SUBREAPER = 36
# The kernel counts the memory of the process that was forked into a peak RSS, and a shell is small.
# It ends at once, its child becomes ours and starts the program when it reads a line.
LAUNCH = """in=$1 out=$2 err=$3; shift 3; exec 3<&0
{ read -r go <&3; exec "$@" < "$in" > "$out" 2> "$err" 3<&-; } & echo $!"""


class Broken(Exception):
    """A run did not do what it should: the figures would mean nothing."""


def adopt():
    """Children of the shells become ours; once, before the first run."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@dataclass
class Run:
    """What one process took."""

    wall: float
    user: float
    system: float
    rss: float  # MiB
    code: int

    @property
    def cpu(self):
        return self.user + self.system


def run(command, stdin, stdout, stderr=os.devnull):
    """Run a command to its end; stdin and the others are paths."""
    launch = ["sh", "-c", LAUNCH, "sh", stdin, stdout, stderr, *command]
    with subprocess.Popen(launch, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as shell:
        pid = int(shell.stdout.readline())
        shell.wait()
        start = time.perf_counter()
        shell.stdin.write(b"\n")
        shell.stdin.flush()
        _, status, usage = os.wait4(pid, 0)
        wall = time.perf_counter() - start
    return Run(wall, usage.ru_utime, usage.ru_stime,
               usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status))


def run_through_pipe(command, stdin, stdout):
    """The same, with `cat` writing the file into a pipe."""
    pipe = WORK / "pipe"
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe)
    with subprocess.Popen(["sh", "-c", 'exec cat "$1" > "$2"', "sh", stdin, pipe]):
        return run(command, pipe, stdout)


def spawn_wall(command):
    """Seconds from spawn to exit, nothing in between."""
    with open(os.devnull, "wb") as null:
        actions = [(os.POSIX_SPAWN_DUP2, null.fileno(), 1)]
        start = time.perf_counter()
        pid = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
        _, status = os.waitpid(pid, 0)
        wall = time.perf_counter() - start
    if status != 0:
        raise Broken(f"{' '.join(command)} failed")
    return wall

"""make, as it is called."""

import os
import subprocess

from connector import ROOT


def run(tree, path, *command, **variables):
    """A finished command."""
    return subprocess.run(command, cwd=tree, env={"PATH": str(path), **variables},
                          capture_output=True, text=True, check=False)


def test_an_architecture_in_the_environment_is_not_ours():
    done = run(ROOT, os.defpath, "make", "-n", "all", ARCH="x86_64")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == run(ROOT, os.defpath, "make", "-n", "all").stdout


def test_an_unknown_architecture_is_refused():
    done = run(ROOT, os.defpath, "make", "-n", "all", "ARCH=x86_64")
    assert done.returncode != 0
    assert "ARCH is amd64 or arm64, not x86_64" in done.stderr

"""Python packages of others in virtual environments: Airbyte's own, kept in build/clients/.

One is made anew when what it was made from changes. If no package registry can be reached the tests
are skipped; a registry that answers, but does not lead to an installation, is a failure.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from connector import ROOT
from harness import PYTHON

DIRECTORY = ROOT / "build" / "clients"
CONSTRAINTS = Path(__file__).with_name("constraints.txt")
FILES = [Path(__file__).with_name("requirements.txt"), CONSTRAINTS]
RETRIES = 2
# pip's words: its first request, for the versions of a package, got no answer, however often made.
NO_ANSWER = ("connection broken by", "(from versions: none)")


def installed(directory=DIRECTORY, files=FILES, env=None):
    """The virtual environment; made, or as it was left."""
    venv = Path(directory) / "venv"
    made_from = venv / "made-from.txt"
    wanted = "".join(path.read_text(encoding="utf-8") for path in files)
    if made_from.exists() and made_from.read_text(encoding="utf-8") == wanted:
        return venv
    shutil.rmtree(venv, ignore_errors=True)
    subprocess.run([PYTHON, "-m", "venv", venv], check=True)
    install(venv, *files, env)
    made_from.write_text(wanted, encoding="utf-8")
    return venv


def install(venv, requirements, constraints, env):
    """pip install; skips the test if there is no registry."""
    done = subprocess.run(
        [venv / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check",
         "--no-input", "--retries", str(RETRIES), "-r", requirements, "-c", constraints],
        env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode == 0:
        return
    last = done.stdout.strip()[-2000:]
    if all(words in done.stdout for words in NO_ANSWER):
        pytest.skip(f"the Python package registry cannot be reached: {last}")
    pytest.fail(f"the packages cannot be installed: {last}", pytrace=False)

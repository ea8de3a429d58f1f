"""Services' official clients from npm, to hold the sandboxes against.

What is done with a client is in official_client/<service>/check.mjs. Skipped without Node, npm or a
registry.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

FILES = Path(__file__).parent / "official_client"
INSTALL = ("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock",
           "--loglevel=error")


def installed(service, tmp_path_factory):
    """A directory outside the source tree with the script and its dependencies."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    directory = tmp_path_factory.mktemp("official_client")
    for name in ("package.json", "check.mjs"):
        shutil.copy(FILES / service / name, directory)
    try:
        install = subprocess.run(
            INSTALL, cwd=directory, capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("npm install took more than 120 s")
    if install.returncode != 0:
        pytest.skip(f"npm install failed: {install.stderr.strip()[-500:]}")
    return directory


def check(directory, *arguments, checks):
    """Run the script; every one of its checks must be ok."""
    run = subprocess.run(
        ["node", "check.mjs", *arguments], cwd=directory, capture_output=True, text=True,
        timeout=60, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "FAILED" not in run.stdout and run.stdout.count("ok: ") == checks

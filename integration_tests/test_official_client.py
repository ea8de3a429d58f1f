"""Dust's official client, @dust-tt/client from npm, works against the sandbox.

What it does is in official_client/check.mjs. Skipped without Node, npm or a registry.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from harness import Sandbox

FILES = Path(__file__).parent / "official_client"
INSTALL = ("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock",
           "--loglevel=error")


@pytest.fixture(name="client", scope="module")
def installed_client(tmp_path_factory):
    """A directory outside the source tree with the script and its dependencies."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    directory = tmp_path_factory.mktemp("official_client")
    for name in ("package.json", "check.mjs"):
        shutil.copy(FILES / name, directory)
    try:
        install = subprocess.run(
            INSTALL, cwd=directory, capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("npm install took more than 120 s")
    if install.returncode != 0:
        pytest.skip(f"npm install failed: {install.stderr.strip()[-500:]}")
    return directory


def test_the_official_client_works_against_the_sandbox(client, tmp_path):
    with Sandbox(tmp_path, "--debounce", 0) as sandbox:
        run = subprocess.run(
            ["node", "check.mjs", sandbox.base_url], cwd=client, capture_output=True, text=True,
            timeout=60, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
        assert "FAILED" not in run.stdout and run.stdout.count("ok: ") == 7
        assert all(one["status"] > 0 for one in sandbox.requests())

"""The tests here use the modules of the directory above."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))
import packages  # noqa: E402  pylint: disable=wrong-import-position


@pytest.fixture(name="venv", scope="session")
def virtual_environment():
    """The directory of the virtual environment with Airbyte's packages."""
    return packages.installed()

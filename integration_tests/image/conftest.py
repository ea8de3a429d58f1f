"""Lets the tests of images import the helpers of the other tests, and prints what they measured."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
TESTS = HERE.parent
sys.path[:0] = [str(one) for one in (HERE, TESTS, TESTS / "bench", TESTS / "clients")]

# pylint: disable=wrong-import-position
from container import FIGURES  # noqa: E402


def pytest_terminal_summary(terminalreporter):
    """The figures, one a line."""
    if FIGURES:
        terminalreporter.section("figures")
        for name, value in FIGURES.items():
            terminalreporter.line(f"{name}: {value}")

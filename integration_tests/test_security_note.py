"""docs/security.md names tests: they are there."""

import re

import pytest

from connector import ROOT

NOTE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
TESTS = ROOT / "integration_tests"


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([\w/]*test_\w+\.\w+)`", NOTE))))
def test_a_file_of_tests_that_it_names_is_there(name):
    assert (TESTS / name).exists() or (ROOT / name).exists()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+)`", NOTE))))
def test_a_test_that_it_names_is_there(name):
    files = [path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py")]
    assert any(f"\ndef {name}(" in text for text in files)

"""What a campaign of faults keeps of what it tried, and which seeds it takes."""

import argparse
import sys

import pytest

from torture import campaign
from torture.campaign import Results, programs, seeds_of, sources


@pytest.fixture(name="results")
def empty_results(tmp_path, monkeypatch):
    """A file of results in a directory of the test's own."""
    monkeypatch.setattr(campaign, "RESULTS", tmp_path)
    return Results("dust", "singer")


def test_what_was_tried_and_well_is_not_tried_again(results):
    assert results.seeds() == set()
    results.add({"seed": 1})
    results.add({"seed": 2, "violation": "a row is missing"})
    results.add({"seed": 3})
    assert results.seeds() == {1, 3}


@pytest.mark.parametrize("torn", ['{"seed": 2', '{"seed": 2}', '{"violation": "\u00e9'])
def test_a_line_that_a_kill_tore_costs_no_other_result(results, torn):
    results.add({"seed": 1})
    with open(results.path, "ab") as file:
        file.write(torn.encode()[:-1])
    assert results.seeds() == {1}
    results.add({"seed": 3})
    assert results.seeds() == {1, 3}


def test_what_was_tried_counts_for_the_same_sandboxes_and_modules_only(tmp_path, monkeypatch):
    names = {str(path.relative_to(campaign.TESTS)) for path in sources()}
    assert names >= {"sandbox/luzmo_push.py", "sandbox/server.py", "torture/model.py",
                     "services.py", "network.py", "connector.py", "harness.py"}
    before = programs("dust")
    assert programs("dust") == before
    other = tmp_path / "other.py"
    other.write_text("A = 1\n")
    monkeypatch.setattr(campaign, "sources", lambda: [*sources(), other])
    changed = programs("dust")
    other.write_text("A = 2\n")
    assert len({before, changed, programs("dust")}) == 3


@pytest.mark.parametrize("text, seeds", [
    ("7", [7]), ("1-3", [1, 2, 3]), ("3-3", [3]), ("9-10", [9, 10])])
def test_seeds_are_a_number_or_a_range(text, seeds):
    assert list(seeds_of(text)) == seeds


@pytest.mark.parametrize("text", ["5-1", "1-", "-1", "", "1-2-3", "a", "1 - 2", "1_0"])
def test_seeds_that_are_neither_are_refused(text):
    with pytest.raises(argparse.ArgumentTypeError) as refusal:
        seeds_of(text)
    assert str(refusal.value).endswith(f"the smaller one first; not {text!r}")


def test_the_command_line_says_what_is_wrong_with_seeds(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["campaign.py", "--seeds", "5-1"])
    with pytest.raises(SystemExit) as end:
        campaign.arguments()
    assert end.value.code == 2
    assert "seeds are a number, or two as in 1-2000" in capsys.readouterr().err

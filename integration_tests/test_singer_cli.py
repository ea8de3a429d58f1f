"""The command line of a target: what it says of itself, checks, and refuses."""

import json
import os
import subprocess

import pytest

from connector import BIN_DIR, ROOT, empty_sandbox, shared_sandbox
from harness import LUZMO_TOKEN
from singer import load

__all__ = ["empty_sandbox", "shared_sandbox"]

TARGETS = sorted(path.name for path in BIN_DIR.glob("target-*"))


def run(name, *arguments, cwd=None):
    """(exit code, stdout, stderr) of a target that is given no input."""
    done = subprocess.run([BIN_DIR / name, *arguments], stdin=subprocess.DEVNULL, cwd=cwd,
                          capture_output=True, text=True, check=False, timeout=20)
    return done.returncode, done.stdout, done.stderr


def test_every_destination_is_a_target():
    destinations = {path.name for path in (ROOT / "connectors").iterdir()}
    assert {f"destination-{name.removeprefix('target-')}" for name in TARGETS} == destinations


@pytest.mark.parametrize("name", TARGETS)
def test_about_shows_the_settings(name):
    destination = name.replace("target-", "destination-")
    spec = json.loads((ROOT / "specs" / f"{destination}.json").read_text())
    for arguments in (["--about"], ["--about", "--format=json"], ["--about", "--format", "json"]):
        code, output, errors = run(name, *arguments)
        about = json.loads(output)
        assert (code, errors) == (0, "")
        assert about["settings"] == spec["connectionSpecification"]
        assert about["name"] == name and about["capabilities"] == ["about"]


@pytest.mark.parametrize("name", TARGETS)
def test_version_is_that_of_the_destination(name):
    _, version, _ = run(name.replace("target-", "destination-"), "--version")
    assert run(name, "--version") == (0, f"{name} {version.split()[1]}\n", "")


def test_help_names_every_option():
    code, output, errors = run("target-dust", "--help")
    assert (code, errors) == (0, "")
    for option in ("--config", "--test", "--about", "--batch_records", "--batch_bytes",
                   "--request_delay", "--attempts", "--verbose", "--quiet", "--version"):
        assert option in output


@pytest.mark.parametrize("arguments, said", [
    ([], "--config FILE is missing"),
    (["--test"], "--config FILE is missing"),
    (["--config"], "a value must follow --config"),
    (["-c", "a", "-c", "b"], "--config cannot be given twice: b"),
    (["-c", "-"], "standard input is for the stream, so --config cannot be -"),
    (["-c/dev/stdin"], "standard input is for the stream, so --config cannot be /dev/stdin"),
    (["-c", "a", "b"], "unexpected argument b"),
    (["-c", "a", "--discover"], "unknown option --discover"),
    (["-c", "a", "-xq"], "unknown option -x"),
    (["-qx"], "unknown option -x"),
    (["--help=3"], "unknown option --help=3"),
    (["-c", "a", "--batch_records", "0"], "--batch_records cannot be 0"),
    (["-c", "a", "--attempts", "x"], "--attempts cannot be x"),
    (["--about", "--format=markdown"], "--format cannot be markdown"),
])
def test_a_wrong_command_line_is_a_sentence_and_2(arguments, said):
    code, output, errors = run("target-dust", *arguments)
    assert (code, output) == (2, "")
    assert errors == f"target-dust: {said}; see target-dust --help\n"


def test_a_destination_stays_one_by_its_own_name():
    code, _, errors = run("destination-dust", "--config", "a")
    assert code == 2 and "a command is missing" in errors


def test_any_link_to_a_target_is_one(tmp_path):
    link = tmp_path / "target-mine"
    os.symlink(BIN_DIR / "destination-dust", link)
    done = subprocess.run([link, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("target-mine ")


def test_test_says_that_all_is_well(sandbox):
    result = load("dust", sandbox.config(), [], "--test").succeeded()
    assert result.stdout == "" and any("may write" in text for text in result.logs("INFO"))


def test_test_says_what_is_wrong(sandbox):
    assert "api_key" in load("dust", sandbox.config(api_key="sk-wrong"), [], "--test").failed()


def test_states_that_nobody_takes_are_a_failure(sandbox, tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(sandbox.config()))
    with open("/dev/full", "wb") as full:
        done = subprocess.run([BIN_DIR / "target-dust", "-c", path], stdout=full, text=True,
                              input='{"type":"STATE","value":1}\n', stderr=subprocess.PIPE,
                              check=False, timeout=20)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("CRITICAL stdout cannot be written")


def test_a_configuration_may_be_checked_from_standard_input(sandbox):
    done = subprocess.run([BIN_DIR / "target-dust", "--test", "-c", "/dev/stdin"],
                          input=json.dumps(sandbox.config()), capture_output=True, text=True,
                          check=False, timeout=20)
    assert done.returncode == 0, done.stderr


def test_a_configuration_that_is_not_there_is_told():
    code, output, errors = run("target-luzmo", "-c", "missing.json")
    assert (code, output) == (1, "") and errors.splitlines()[-1].startswith("CRITICAL ")
    assert "missing.json" in errors


def test_the_configuration_is_never_logged(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"api_key": "3f1c7e52", "api_token": LUZMO_TOKEN,
                                "api_host": "http://127.0.0.1:9", "typo": 1}))
    code, output, errors = run("target-luzmo", "-v", "--test", "-c", str(path))
    assert (code, output) == (1, "") and "typo" in errors
    assert LUZMO_TOKEN not in errors and "3f1c7e52" not in errors


def test_install_makes_the_links(tmp_path):
    subprocess.run(["make", "install", f"DESTDIR={tmp_path}", "PREFIX=/usr"], cwd=ROOT, check=True,
                   capture_output=True)
    for name in TARGETS:
        assert os.readlink(tmp_path / "usr" / "bin" / name) == name.replace(
            "target-", "destination-")

"""Airbyte's tests for connector images, run with ours against the sandboxes."""

import pytest

import image_suite
from harness import Sandbox

WRONG = {"dust": {"api_key": "sk-00000000"}, "luzmo": {"api_token": "wrong-token-9"}}
RUN = ["test_docker_image_build_and_spec", *(
    f"test_docker_image_build_and_{what}['{config}' Test Scenario]"
    for what in ("check", "config_matches_spec") for config in ("good", "bad"))]


@pytest.fixture(name="outcomes", params=sorted(WRONG), scope="module")
def outcomes_of_the_suite(request, venv, tmp_path_factory):
    """What became of each test for a connector."""
    service = request.param
    with Sandbox(None, service=service) as sandbox:
        configs = {"good": ("succeed", sandbox.config()),
                   "bad": ("failed", sandbox.config(**WRONG[service]))}
        yield image_suite.run(f"destination-{service}", configs, venv,
                              tmp_path_factory.mktemp("suite"))
        assert sandbox.requests(), "no container reached the sandbox"


@pytest.mark.parametrize("name", RUN)
def test_airbytes_test_passes(outcomes, name):
    assert outcomes.get(name) == "passed", outcomes


def test_what_else_airbyte_tests_is_for_sources(outcomes):
    others = {name: outcome for name, outcome in outcomes.items() if name not in RUN}
    assert all(outcome.startswith("skipped") and "for destination connector" in outcome
               for outcome in others.values()), others

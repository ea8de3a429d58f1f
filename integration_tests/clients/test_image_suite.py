"""Airbyte's tests for connector images, run with ours against the sandboxes."""

import pytest

import image_suite
from services import SERVICES

RUN = ["test_docker_image_build_and_spec", *(
    f"test_docker_image_build_and_{what}['{config}' Test Scenario]"
    for what in ("check", "config_matches_spec") for config in ("good", "bad"))]


@pytest.fixture(name="outcomes", params=SERVICES, scope="module")
def outcomes_of_the_suite(request, venv, tmp_path_factory):
    """What became of each test for a connector."""
    with SERVICES[request.param][0]() as service:
        configs = {"good": ("succeed", service.config()),
                   "bad": ("failed", service.config(**service.wrong))}
        yield image_suite.run(request.param, configs, venv, tmp_path_factory.mktemp("suite"))
        assert service.sandbox.requests(), "no container reached the sandbox"


@pytest.mark.parametrize("name", RUN)
def test_airbytes_test_passes(outcomes, name):
    assert outcomes.get(name) == "passed", outcomes


def test_what_else_airbyte_tests_is_for_sources(outcomes):
    others = {name: outcome for name, outcome in outcomes.items() if name not in RUN}
    assert all(outcome.startswith("skipped") and "for destination connector" in outcome
               for outcome in others.values()), others

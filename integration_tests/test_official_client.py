"""Dust's official client, @dust-tt/client from npm, works against the sandbox."""

import pytest

import official
from harness import Sandbox


@pytest.fixture(name="client", scope="module")
def installed_client(tmp_path_factory):
    return official.installed("dust", tmp_path_factory)


def test_the_official_client_works_against_the_sandbox(client, tmp_path):
    with Sandbox(tmp_path, "--debounce", 0) as sandbox:
        official.check(client, sandbox.base_url, checks=7)
        assert all(one["status"] > 0 for one in sandbox.requests())

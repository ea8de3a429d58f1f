"""Luzmo's official client, @luzmo/nodejs-sdk from npm, works against the sandbox."""

import pytest

import official
from harness import LUZMO_KEY, LUZMO_TOKEN, Sandbox


@pytest.fixture(name="client", scope="module")
def installed_client(tmp_path_factory):
    return official.installed("luzmo", tmp_path_factory)


def test_the_official_client_works_against_the_sandbox(client, tmp_path):
    with Sandbox(tmp_path, service="luzmo") as sandbox:
        official.check(client, sandbox.base_url, LUZMO_KEY, LUZMO_TOKEN, checks=7)
        log = sandbox.requests()
        assert all(one["status"] > 0 for one in log)
        assert {one["method"] for one in log} == {
            "SEARCH", "POST", "PATCH", "DELETE", "LINK", "UNLINK"}
        assert [one["source_name"] for one in sandbox.datasets("Burritos")[0]["columns"]] == [
            "Type", "Number"]

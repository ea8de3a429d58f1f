"""Without a registry the clients' tests are skipped, and only then."""

import os

import pytest

import packages
from network import Canned, Silent, canned_reply


@pytest.fixture(name="files")
def small_requirements(tmp_path):
    """Of a package that no registry has."""
    files = [tmp_path / "requirements.txt", tmp_path / "constraints.txt"]
    files[0].write_text("nothing-of-this-name==1.0\n")
    files[1].write_text("of-another-name==1.0\n")
    return files


def environment(port):
    """A registry on this port, and nothing else to look at."""
    others = {name: value for name, value in os.environ.items()
              if not name.upper().startswith("PIP_") and not name.lower().endswith("_proxy")}
    return {**others, "PIP_INDEX_URL": f"http://127.0.0.1:{port}/simple",
            "PIP_CONFIG_FILE": os.devnull}


def test_a_registry_that_cannot_be_reached_is_a_skip(tmp_path, files):
    with Silent() as other:
        port = other.port
    with pytest.raises(pytest.skip.Exception, match="cannot be reached"):
        packages.installed(tmp_path, files, environment(port))


def test_a_registry_that_lacks_a_package_is_a_failure_each_time(tmp_path, files):
    with Canned(canned_reply("404 Not Found")) as registry:
        for _ in range(2):
            with pytest.raises(pytest.fail.Exception, match="nothing-of-this-name"):
                packages.installed(tmp_path, files, environment(registry.port))
    assert registry.heads


def test_what_is_installed_is_used_until_the_requirements_change(tmp_path, files):
    for path in files:
        path.write_text("")
    with Canned(canned_reply("404 Not Found")) as registry:
        venv = packages.installed(tmp_path, files, environment(registry.port))
        (venv / "kept").touch()
        assert packages.installed(tmp_path, files) == venv and (venv / "kept").exists()
        files[1].write_text("# another\n")
        packages.installed(tmp_path, files, environment(registry.port))
        assert not (venv / "kept").exists()

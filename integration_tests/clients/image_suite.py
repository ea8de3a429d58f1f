"""Airbyte's own tests for connector images: `airbyte-cdk image test`, and what it reports.

It wants a directory that is named like the connector, with metadata.yaml and a file that says
which configurations work. Only connectors "in Java" get the tests that need nothing but docker, so
the copy of the metadata says that. The comparison with the specification in Airbyte's registry is
left out: it asks the internet, and the connectors are not there.
"""

import copy
import json
import os
import shutil
import subprocess
import xml.etree.ElementTree
from pathlib import Path

import yaml

from metadata import DOCUMENTS, image_of

REPORT = "build/test-results/standard-tests-junit.xml"
SECONDS = 300
# The suite says `docker run` and no more, but the sandbox is on the host's loopback.
ON_THE_HOSTS_NETWORK = """#!/bin/sh
if [ "$1" = run ]; then
	shift
	set -- run --network host "$@"
fi
exec {docker} "$@"
"""


def run(name, configs, venv, directory):
    """{test: its outcome} of the suite; configs: {"good": ("succeed", {...})}."""
    docker = shutil.which("docker")
    assert docker is not None, "there is no docker: run this with docker/engine"
    folder = directory / name
    prepare(folder, copy.deepcopy(DOCUMENTS[name]), configs)
    (directory / "docker").write_text(ON_THE_HOSTS_NETWORK.format(docker=docker))
    (directory / "docker").chmod(0o755)
    done = subprocess.run(
        [venv / "bin" / "airbyte-cdk", "image", "test", "--image", image_of(name)], cwd=folder,
        env={**os.environ, "PATH": f"{directory}:{os.environ['PATH']}",
             "PYTEST_ADDOPTS": "-p no:cacheprovider -k 'not backward_compatibility'"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS, check=False)
    assert (folder / REPORT).exists(), done.stdout[-5000:]
    return outcomes(folder / REPORT)


def prepare(folder, metadata, configs):
    """The directory of a connector."""
    (folder / "configs").mkdir(parents=True)
    metadata["data"]["tags"] = ["language:java"]
    (folder / "metadata.yaml").write_text(yaml.safe_dump(metadata), encoding="utf-8")
    checks = []
    for name, (status, config) in configs.items():
        path = Path("configs") / f"{name}.json"
        (folder / path).write_text(json.dumps(config), encoding="utf-8")
        checks.append({"config_path": str(path), "status": status})
    forms = [{"config_path": one["config_path"]} for one in checks]
    (folder / "acceptance-test-config.yml").write_text(yaml.safe_dump({
        "connector_image": "x:dev",
        "acceptance_tests": {"spec": {"tests": forms}, "connection": {"tests": checks}}}))


def outcomes(report):
    """{test: "passed", "skipped: why" or "failure: why"} of a JUnit report."""
    found = {}
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        found[case.get("name")] = "passed"
        for what in case:
            if what.tag in ("skipped", "failure", "error"):
                why = f"{what.get('message')} {what.text}"[:3000]
                found[case.get("name")] = f"{what.tag}: {why}"
    return found

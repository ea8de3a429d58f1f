"""The README's commands for the images, run as they are printed.

Where they name what a test cannot have, a fixed port, a host of example.com, tags that may be
somebody's, it is put in its place before; nothing else is changed.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import urllib.request
import uuid

import pytest
import yaml

from connector import ROOT, check_message
from container import BUILD_SECONDS, METADATA, TESTED, base, docker
from harness import Sandbox
from network import Authority, Proxy, TlsFront
from pods import wait_for
from readme import README, blocks

VERSIONS = {one["dockerRepository"]: one["dockerImageTag"] for one in METADATA.values()}
COMMAND_SECONDS = 120
PROXY = "proxy.example.com:3128"
REGISTRY = "registry.example.com"
PUBLISHED = "airbyte-c/destination-dust"


def shell(script, directory, seconds=COMMAND_SECONDS, env=None):
    """Run a block in a directory; all of its commands must succeed. Returns stdout, by lines."""
    script = script.replace(":dev", f":{TESTED}")
    run = subprocess.run(["bash", "-e", "-c", script], cwd=directory, capture_output=True,
                         text=True, timeout=seconds, check=False,
                         env={**os.environ, **(env or {})})
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout.splitlines()


def kinds(lines):
    """The types of messages, each of which must be one that a connector may print."""
    return [check_message(line.encode())["type"] for line in lines]


def test_the_versions_that_are_named_are_those_of_today():
    texts = [README, *(path.read_text() for path in (ROOT / "examples").glob("kubernetes/*.yaml"))]
    for text in texts:
        named = re.findall(r"(airbyte-c/[a-z-]+):(\d+\.\d+\.\d+)", text)
        assert named and set(named) <= set(VERSIONS.items())
    assert set(re.findall(r"docker_image_tag = '(.*?)'|image tag \| `(.*?)`", README)) == {
        (VERSIONS[PUBLISHED], ""), ("", VERSIONS[PUBLISHED])}


# --- run it with docker --------------------------------------------------------------------------


@pytest.fixture(name="luzmo")
def luzmo_of_the_examples(tmp_path):
    """The sandbox that the section starts, and a directory with the examples, made for it."""
    words = re.search(r"`/usr/bin/python3 (\S*/luzmo\.py) --port (\d+)`", README)
    assert (ROOT / words[1]).exists()
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    with Sandbox(None, service="luzmo") as sandbox:
        path = tmp_path / "examples" / "config-luzmo.json"
        text = path.read_text()
        assert f":{words[2]}" in text
        path.write_text(text.replace(f":{words[2]}", f":{sandbox.port}"))
        yield sandbox


def counts(luzmo):
    """{dataset: number of rows}"""
    return {one["name"]: len(one["rows"]) for one in luzmo.datasets()}


def test_the_commands_of_run_it_with_docker_do_what_they_say(luzmo, tmp_path):
    build, first, hardened = blocks("Run it with docker", "sh")
    assert build == "make docker C=destination-luzmo\n"
    lines = shell(first, tmp_path)
    assert kinds(lines)[:2] == ["SPEC", "CONNECTION_STATUS"]
    assert json.loads(lines[1])["connectionStatus"] == {"status": "SUCCEEDED"}
    assert kinds(lines).count("STATE") == 3
    assert counts(luzmo) == {"Airbyte - users": 4, "Airbyte - events": 3}
    assert shell(hardened, tmp_path) == []
    output = (tmp_path / "output.jsonl").read_text().splitlines()
    assert kinds(output).count("STATE") == 3
    assert counts(luzmo) == {"Airbyte - users": 4, "Airbyte - events": 6}


# --- proxies and private certificates ------------------------------------------------------------


@pytest.fixture(name="behind_a_proxy")
def dust_behind_a_proxy(tmp_path):
    """A directory with config/ and certs/ for a service that is met through a proxy only, under a
    certificate that the world does not trust; and the proxy."""
    (tmp_path / "certs").mkdir()
    (tmp_path / "config").mkdir()
    authority = Authority(tmp_path)
    shutil.copy(authority.file, tmp_path / "certs" / "ca.pem")
    with Sandbox(None) as sandbox, \
            TlsFront(authority.context("dust.example"), sandbox.port) as front, \
            Proxy(front.port) as proxy:
        config = sandbox.config(base_url="https://dust.example")
        (tmp_path / "config" / "config.json").write_text(json.dumps(config))
        yield tmp_path, proxy


def through(proxy, text):
    """A block with our proxy in it, on the host's network."""
    assert PROXY in text
    return text.replace(PROXY, f"127.0.0.1:{proxy.port}").replace(
        "docker run ", "docker run --network host ")


def tunnelled(proxy):
    """Whether the service was met through the proxy, in a way that it cannot read."""
    return {head.split("\r\n")[0] for head in proxy.heads} == {
        "CONNECT dust.example:443 HTTP/1.1"}


def test_the_options_for_a_proxy_and_a_certificate_work(behind_a_proxy):
    directory, proxy = behind_a_proxy
    (command,) = blocks("Proxies and private certificates", "sh")
    (line,) = shell(through(proxy, command), directory)
    assert json.loads(line)["connectionStatus"] == {"status": "SUCCEEDED"}
    assert tunnelled(proxy)
    (line,) = shell(through(proxy, command).replace("-e SSL_CERT_FILE=/certs/ca.pem", ""),
                    directory)
    assert "certificate" in json.loads(line)["connectionStatus"]["message"]


def test_an_image_may_bring_a_proxy_and_a_certificate_along(behind_a_proxy):
    directory, proxy = behind_a_proxy
    (dockerfile,) = blocks("Proxies and private certificates", "dockerfile")
    dockerfile = dockerfile.replace(f":{VERSIONS[PUBLISHED]}", f":{TESTED}")
    (directory / "certs" / "Dockerfile").write_text(through(proxy, dockerfile))
    name = f"test-company-{uuid.uuid4().hex}"
    docker("build", "-q", "-t", name, directory / "certs")
    try:
        (line,) = docker(
            "run", "--rm", "--network", "host", "-v", f"{directory}/config:/config:ro", name,
            "check", "--config", "/config/config.json").decode().splitlines()
    finally:
        docker("rmi", name)
    assert json.loads(line)["connectionStatus"] == {"status": "SUCCEEDED"}
    assert tunnelled(proxy)


# --- publish the image ---------------------------------------------------------------------------


def apt_get(*arguments, sudo=False, directory=None):
    """What became of an apt-get command."""
    prefix = ["sudo"] if sudo and os.geteuid() != 0 else []
    return subprocess.run([*prefix, "apt-get", "-q", *arguments], cwd=directory, text=True,
                          capture_output=True, timeout=600, check=False)


def downloaded(name, place):
    """A package of Debian in a directory; skips the test if its index cannot be reached."""
    done = apt_get("download", name, directory=place)
    if done.returncode != 0:  # no index yet, or an old one
        update = apt_get("update", "-o", "APT::Update::Error-Mode=any", sudo=True)
        if update.returncode != 0:
            pytest.skip(f"Debian's packages cannot be reached: {update.stderr.strip()[-300:]}")
        done = apt_get("download", name, directory=place)
    assert done.returncode == 0, done.stderr
    (package,) = place.glob(f"{name}_*.deb")
    return package


def fetched_registry():
    """Debian's docker-registry, unpacked and not installed, since that would start it for good."""
    place = ROOT / "build" / "docker-registry"
    program = place / "usr" / "bin" / "docker-registry"
    if not program.exists():
        place.mkdir(parents=True, exist_ok=True)
        package = downloaded("docker-registry", place)
        subprocess.run(["dpkg", "-x", package, place], check=True)
        package.unlink()
    return program


APT_GET = """#!/bin/sh
echo "$*" >> "$APT/commands"
case $* in
*update*) [ ! -e "$APT/offline" ] && touch "$APT/index" ;;
*lacking*) false ;;
*) [ -e "$APT/index" ] && touch "${3}_1.deb" ;;
esac
"""


@pytest.fixture(name="apt")
def apt_without_an_index(tmp_path, monkeypatch):
    """An empty directory for what apt-get leaves, which is told to have no network by a file."""
    for name, script in {"apt-get": APT_GET, "sudo": '#!/bin/sh\nexec "$@"\n'}.items():
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("APT", str(tmp_path))
    return tmp_path


def test_a_package_is_had_without_an_index_and_the_index_is_read_once(apt):
    for name in ("one", "other"):
        assert downloaded(name, apt).exists()
    assert (apt / "commands").read_text().count("update") == 1


def test_without_a_network_the_test_that_needs_a_package_is_skipped(apt):
    (apt / "offline").touch()
    with pytest.raises(pytest.skip.Exception, match="cannot be reached"):
        downloaded("one", apt)


def test_a_package_that_debian_lacks_is_a_failure(apt):
    with pytest.raises(AssertionError):
        downloaded("lacking", apt)


def free_port():
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture(name="registry")
def local_registry(tmp_path):
    """The address of an empty registry of images."""
    address = f"127.0.0.1:{free_port()}"
    (tmp_path / "registry.yml").write_text(yaml.safe_dump({
        "version": 0.1, "http": {"addr": address},
        "storage": {"filesystem": {"rootdirectory": str(tmp_path / "registry")}}}))
    with open(tmp_path / "registry.log", "w+", encoding="utf-8") as log, subprocess.Popen(
            [fetched_registry(), "serve", tmp_path / "registry.yml"], stdout=log,
            stderr=log) as process:
        try:
            wait_for(lambda: "listening on" in (tmp_path / "registry.log").read_text(), process)
            yield address
        finally:
            process.kill()


@pytest.fixture(name="published")
def names_that_are_published(registry):
    """What the block calls its images; all of them are removed afterwards."""
    tags = [TESTED + suffix for suffix in ("-amd64", "-arm64")]
    local = [f"{PUBLISHED}:{tag}" for tag in tags]
    remote = [f"{registry}/{name}" for name in local]
    yield local, remote
    docker("manifest", "rm", f"{registry}/{PUBLISHED}:{TESTED}")
    docker("rmi", *local, *remote)


def manifest(registry, tag):
    """What a registry has under a tag."""
    request = urllib.request.Request(
        f"http://{registry}/v2/{PUBLISHED}/manifests/{tag}", headers={
            "Accept": "application/vnd.docker.distribution.manifest.list.v2+json"})
    with urllib.request.urlopen(request, timeout=COMMAND_SECONDS) as reply:
        return json.load(reply)


def test_the_commands_of_publish_the_image_publish_it(registry, published):
    (block,) = blocks("Publish the image", "sh")
    block = block.replace(REGISTRY, registry).replace(VERSIONS[PUBLISHED], TESTED)
    for command in ("docker manifest create", "docker manifest push"):
        assert command in block
        block = block.replace(command, f"{command} --insecure")  # no TLS here
    shell(block, ROOT, BUILD_SECONDS, {"BASE": base()})
    local, remote = published
    docker("rmi", *remote)
    listed = manifest(registry, TESTED)["manifests"]
    assert [one["platform"]["architecture"] for one in listed] == ["amd64", "arm64"]
    name = f"{registry}/{PUBLISHED}:{TESTED}"
    docker("pull", "-q", name)
    assert kinds(docker("run", "--rm", name, "spec").decode().splitlines()) == ["SPEC"]
    docker("rmi", name)
    for one in remote:
        docker("pull", "-q", one)
    assert [docker("image", "inspect", "-f", "{{.Architecture}}", one).decode().strip()
            for one in local] == ["amd64", "arm64"]

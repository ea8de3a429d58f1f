"""What an image says of itself, and what is in it."""

import os
import re
import stat
import subprocess
from pathlib import PurePosixPath

import pytest

from connector import ROOT
from container import (
    BUILD_SECONDS, FIGURES, METADATA, arm64_image, base, every_connector, files, image_of, in_image,
    inspect)
from elf import missing_protections, readelf

SIZE = 30_000_000
OWNED = ("/airbyte", "/config", "/dest", "/secrets", "/source")
RECORDS = "/var/lib/dpkg/status.d/"
NEEDED = re.compile(r"\(NEEDED\).*\[(.+)\]")
LOADER = re.compile(r"program interpreter: (.+)\]")
ALLOWED = re.compile(
    r"/(|airbyte|airbyte/connector|config|dest|secrets|source|tmp|root|bin|lib|lib64|etc"
    r"|etc/(debian_version|group|nsswitch\.conf|os-release|passwd|ssl|ssl/certs)"
    r"|etc/ssl/certs/ca-certificates\.crt|usr|usr/(bin|lib|lib64|share|share/doc)"
    r"|usr/bin/[a-z0-9\[]+|usr/lib(64)?/ld-linux[^/]+|usr/lib/[a-z0-9_]+-linux-gnu"
    r"|usr/lib/[^/]+/[^/]+\.so\.[0-9]+|usr/share/common-licenses(/[^/]+)?"
    r"|usr/share/doc/[^/]+(/copyright)?|var|var/lib|var/lib/dpkg|var/lib/dpkg/status\.d"
    r"|var/lib/dpkg/status\.d/[^/]+)")


class Image:
    """A connector's image."""

    def __init__(self, name, arch):
        self.name = name
        self.arch = arch
        self.reference = arm64_image(name) if arch == "arm64" else image_of(name)
        self.files = files(self.reference)

    def links(self):
        """{path: where it leads}"""
        return {path: entry.linkname for path, (entry, _) in self.files.items() if entry.issym()}

    def data(self, path):
        """The bytes of a file."""
        return self.files[path][1]


@pytest.fixture(name="image", scope="module", params=[
    (name, arch) for arch in ("native", "arm64") for name in METADATA], ids="-".join)
def each_image(request):
    """Each connector's image for this machine and for arm64."""
    return Image(*request.param)


# --- what it says ---------------------------------------------------------------------------------


@every_connector
def test_it_is_started_by_the_entrypoint_that_the_platform_is_told(name):
    config = inspect(image_of(name))["Config"]
    assert config["Entrypoint"] == ["/airbyte/connector"]
    assert not config["Cmd"]
    assert "AIRBYTE_ENTRYPOINT=/airbyte/connector" in config["Env"]
    assert (config["WorkingDir"], config["User"]) == ("/airbyte", "1000:1000")
    assert not config.get("Volumes") and not config.get("ExposedPorts")


def revision():
    """The commit that is checked out, if there is one."""
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True,
                          env={**os.environ, "GIT_CEILING_DIRECTORIES": str(ROOT.parent)},
                          check=False)
    return done.stdout.strip() or None


@every_connector
def test_its_labels_are_those_of_the_metadata(name):
    data = METADATA[name]
    labels = inspect(image_of(name))["Config"]["Labels"]
    commit = labels.pop("org.opencontainers.image.revision", None)
    assert labels == {
        "io.airbyte.name": data["dockerRepository"],
        "io.airbyte.version": data["dockerImageTag"],
        "org.opencontainers.image.title": name,
        "org.opencontainers.image.description": f"Airbyte destination for {data['name']}",
        "org.opencontainers.image.documentation": data["documentationUrl"],
        "org.opencontainers.image.licenses": data["license"],
        "org.opencontainers.image.version": data["dockerImageTag"]}
    assert (commit and commit.removesuffix("-dirty")) == revision()


def build(name, **arguments):
    """A build by hand, without make."""
    options = [f"--build-arg={key}={value}" for key, value in
               {"BASE": base(), "CONNECTOR": name, **arguments}.items()]
    return subprocess.run(
        ["docker", "build", *os.environ.get("DOCKER_BUILD_OPTIONS", "").split(), "--force-rm",
         "--file", "docker/Dockerfile", *options, "."],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        timeout=BUILD_SECONDS)


def build_arguments(name):
    """The arguments that a build must have."""
    data = METADATA[name]
    return {"NAME": data["name"], "REPOSITORY": data["dockerRepository"],
            "VERSION": data["dockerImageTag"], "LICENSE": data["license"],
            "DOCUMENTATION": data["documentationUrl"]}


@pytest.mark.parametrize("changes", [
    {"VERSION": "9.9.9"}, {"VERSION": None}, {"REPOSITORY": "somebody/else"}, {"NAME": ""},
], ids=str)
def test_a_build_that_would_label_it_wrongly_is_refused(changes):
    (name, *_) = METADATA
    right = build_arguments(name)
    arguments = {key: value for key, value in {**right, **changes}.items() if value is not None}
    done = build(name, **arguments)
    assert done.returncode != 0
    assert f"make docker C={name}" in done.stdout
    for key, value in right.items():
        assert (f"{key}={value}" in done.stdout) == (key in changes)


def test_an_unknown_connector_is_refused():
    done = build("destination-nowhere")
    assert done.returncode != 0
    assert "metadata.yaml has no dockerRepository .../destination-nowhere" in done.stdout


# --- its files ------------------------------------------------------------------------------------


def test_it_is_small(image):
    told = inspect(image.reference)["Size"]
    unpacked = sum(entry.size for entry, _ in image.files.values())
    FIGURES[f"{image.name}, {image.arch}"] = (
        f"{unpacked / 1e6:.1f} MB unpacked, {told / 1e6:.1f} MB as docker counts")
    assert max(told, unpacked) <= SIZE


def test_nobody_gains_rights_by_a_file(image):
    for path, (entry, _) in image.files.items():
        assert not entry.mode & (stat.S_ISUID | stat.S_ISGID), path
        if not entry.issym():
            assert path == "/tmp" or not entry.mode & stat.S_IWOTH, path
        assert entry.isfile() or entry.isdir() or entry.issym(), path
        assert (entry.uid, entry.gid) == ((1000, 1000) if path in OWNED else (0, 0)), path
    assert stat.S_IMODE(image.files["/tmp"][0].mode) == 0o1777
    for path in OWNED:
        assert image.files[path][0].isdir()


def follow(links, path):
    """The path that a path leads to, through links on all its levels."""
    for _ in range(10):
        levels = [*reversed(PurePosixPath(path).parents), PurePosixPath(path)]
        link = next((one for one in levels if str(one) in links), None)
        if link is None:
            return path
        rest = PurePosixPath(path).relative_to(link)
        path = os.path.normpath(link.parent / links[str(link)] / rest)
    raise AssertionError(f"links in a circle: {path}")


def test_every_link_leads_somewhere(image):
    for path in image.links():
        assert follow(image.links(), path) in image.files, path


def written(tmp_path, data):
    """The bytes as a file."""
    file = tmp_path / "elf"
    file.write_bytes(data)
    return file


def test_every_library_is_there_and_none_that_nobody_loads(image, tmp_path):
    libraries = {PurePosixPath(path).name: path for path in image.files
                 if re.fullmatch(r"/usr/lib/[^/]+/.*\.so.*", path)}
    wanted, loaders = set(), set()
    for path in ("/airbyte/connector", "/usr/bin/busybox", *libraries.values()):
        told = readelf(written(tmp_path, image.data(path)), "--dynamic", "--program-headers")
        wanted |= set(NEEDED.findall(told))
        loaders |= set(LOADER.findall(told))
    (loader,) = loaders
    assert wanted | {PurePosixPath(loader).name} == set(libraries)
    assert image.files[follow(image.links(), loader)][0].mode & stat.S_IXOTH


def test_nothing_of_the_build_is_left(image):
    assert [path for path in image.files if not ALLOWED.fullmatch(path)] == []


def test_the_program_is_for_the_image_s_machine(image, tmp_path):
    machine = {"amd64": "X86-64", "arm64": "AArch64"}[inspect(image.reference)["Architecture"]]
    for path in ("/airbyte/connector", "/usr/bin/busybox"):
        assert machine in readelf(written(tmp_path, image.data(path)), "--file-header")
    assert image.arch == "native" or machine == "AArch64"


def test_the_program_has_no_symbols_but_says_which_build_it_is(image, tmp_path):
    program = written(tmp_path, image.data("/airbyte/connector"))
    told = readelf(program, "--notes", "--sections")
    assert "Build ID: " in told
    assert ".symtab" not in told and ".debug" not in told


def test_the_program_has_every_protection(image, tmp_path):
    assert missing_protections(written(tmp_path, image.data("/airbyte/connector"))) == []


def test_it_says_whose_all_that_is(image):
    """Each package has its record, for scanners, and its licence."""
    records = {PurePosixPath(path).name: data.decode() for path, (entry, data)
               in image.files.items() if path.startswith(RECORDS) and entry.isfile()}
    licences = {path.split("/")[4] for path in image.files if path.endswith("/copyright")}
    assert licences == {*records, image.name}
    assert image.data(f"/usr/share/doc/{image.name}/copyright") == (ROOT / "LICENSE").read_bytes()
    assert {"base-files", "busybox", "ca-certificates", "libc6", "libcurl4"} <= set(records)
    architecture = inspect(image.reference)["Architecture"]
    for package, record in records.items():
        fields = dict(line.split(": ", 1) for line in record.splitlines() if ": " in line)
        assert (fields["Package"], fields["Status"]) == (package, "install ok installed")
        assert fields["Version"] and (
            fields["Architecture"] in ("all", architecture) or package == "base-files")
    assert b"VERSION_CODENAME=bookworm" in image.data("/etc/os-release")


# --- the shell ------------------------------------------------------------------------------------


@every_connector
def test_the_platform_finds_what_its_script_calls(name):
    assert in_image(image_of(name), """
        set -e
        cd /dest
        eval "$AIRBYTE_ENTRYPOINT spec " > TEMP & wait $!
        mv TEMP exitCode.txt
        sleep 0
        [ -s exitCode.txt ]
        id -u; id -g; id -un; pwd""").split() == ["1000", "1000", "airbyte", "/dest"]


@every_connector
def test_every_name_of_busybox_is_one_that_it_knows(name):
    links = {PurePosixPath(path).name for path, target in Image(name, "native").links().items()
             if target == "busybox"}
    assert {"sh", "sleep", "mv", "cat", "tail", "grep", "sed"} <= links
    assert links - set(in_image(image_of(name), "busybox --list").split()) == set()

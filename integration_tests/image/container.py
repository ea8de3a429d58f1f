"""Images of connectors, and runs of them as anybody starts them: `docker run -i`."""

import functools
import io
import json
import os
import secrets
import subprocess
import tarfile

import pytest

import connector
from connector import ROOT, RUN_SECONDS, Source, catalog_of, environment, rows
from metadata import METADATA, TESTED, image_of
from services import SERVICES

DOCKER_SECONDS = 120
BUILD_SECONDS = 900
# Nothing in the image knows this directory.
PLACE = "/mnt/ein seltsamer Ort"
FIGURES = {}  # what the tests measured, for the end


every_connector = pytest.mark.parametrize("name", METADATA)


# --- the engine -----------------------------------------------------------------------------------


def docker(*arguments, seconds=DOCKER_SECONDS, data=None):
    """The standard output of a docker command that must succeed; data is its input."""
    done = subprocess.run(["docker", *map(str, arguments)], input=data, capture_output=True,
                          timeout=seconds, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def inspect(image):
    """What the engine knows of an image."""
    (found,) = json.loads(docker("image", "inspect", image))
    return found


def layers(image):
    """The tar files of an image, lowest first."""
    with tarfile.open(fileobj=io.BytesIO(docker("save", image))) as saved:
        (manifest,) = json.load(saved.extractfile("manifest.json"))
        return [saved.extractfile(name).read() for name in manifest["Layers"]]


@functools.cache
def files(image):
    """{path: (its entry in a layer, its bytes)} of all that is in an image."""
    found = {}
    for layer in layers(image):
        with tarfile.open(fileobj=io.BytesIO(layer)) as entries:
            for one in entries:
                content = entries.extractfile(one).read() if one.isfile() else b""
                found["/" + one.name.strip("./")] = (one, content)
    return found


@functools.cache
def base():
    """The image to build in."""
    return subprocess.run(["docker/base"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
                          timeout=BUILD_SECONDS).stdout.strip()


@functools.cache
def arm64_image(name, stage=""):
    """The connector's image for arm64, or a stage of its build; made when somebody asks first."""
    tag = "-".join(filter(None, [TESTED, "arm64", stage]))
    options = os.environ.get("DOCKER_BUILD_OPTIONS", "") + (f" --target {stage}" if stage else "")
    more = {"BASE": base(), "TAGS": tag, "DOCKER_BUILD_OPTIONS": options, "MAKEFLAGS": ""}
    done = subprocess.run(
        ["make", "docker", f"C={name}", "ARCH=arm64"], cwd=ROOT, env={**os.environ, **more},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=BUILD_SECONDS,
        check=False)
    assert done.returncode == 0, done.stdout
    return image_of(name, tag)


def in_image(image, command, *options):
    """The output of a shell command in a new container."""
    return docker("run", "--rm", "--network", "host", *options, "--entrypoint", "sh", image,
                  "-c", command).decode()


# --- runs -----------------------------------------------------------------------------------------


class Container(connector.Process):
    """A connector at work in a container; the arguments are those of connector.Process.

    options are docker's. With keep=True the container is there until the context ends, so that it
    can be asked what became of it.
    """

    def __init__(self, command="write", config=None, catalog=None, *, image, options=(),
                 keep=False, **more):
        self.name = f"connector-test-{secrets.token_hex(8)}"
        self.options = [*map(str, options), *([] if keep else ["--rm"])]
        super().__init__(command, config, catalog, binary=image, **more)

    def program(self, binary, env):
        os.chmod(self.directory.name, 0o755)
        variables = environment(env)
        variables.pop("PATH")
        mount = f"type=bind,source={self.directory.name},target={PLACE},readonly"
        return ["docker", "run", "-i", "--network", "host", "--name", self.name, "--mount", mount,
                *(f"--env={name}={value}" for name, value in variables.items()),
                *self.options, binary]

    def environment(self, env):
        return dict(os.environ)

    def file_of(self, name, value):
        return f"{PLACE}/{super().file_of(name, value).name}"

    def __exit__(self, *error):
        subprocess.run(["docker", "rm", "--force", "--volumes", self.name], capture_output=True,
                       timeout=DOCKER_SECONDS, check=False)
        super().__exit__(*error)

    def stop(self, seconds=DOCKER_SECONDS):
        """docker stop: SIGTERM, and SIGKILL if that does not help; returns the Result."""
        docker("stop", "-t", seconds, self.name, seconds=2 * seconds)
        return self.end()

    def state(self):
        """Its State, as docker inspect tells it."""
        return json.loads(docker("inspect", "--format", "{{json .State}}", self.name))


def run(image, command, config=None, catalog=None, lines=(), *, seconds=RUN_SECONDS, **options):
    """A whole run."""
    with Container(command, config, catalog, image=image, **options) as container:
        container.feed(lines)
        return container.end(seconds)


# --- with a service -------------------------------------------------------------------------------


class Image:
    """A connector's image beside a sandbox of its service, and a small sync."""

    def __init__(self, service):
        self.service = service
        self.name = service.connector
        self.image = image_of(self.name)
        self.sandbox = service.sandbox
        self.config = service.config
        self.source = Source().records("users", rows(20)).state("users")

    def at(self, address):
        """A configuration for the service at another address."""
        return self.config(**{self.service.address: address})

    def users(self, mode="append"):
        """A catalog of one stream."""
        return catalog_of(self.service.stream("users", mode))

    def check(self, config=None, **options):
        """The connection status."""
        return run(self.image, "check", config or self.config(), **options).status

    def write(self, config=None, mode="append", **options):
        """The Result of the small sync."""
        return run(self.image, "write", config or self.config(), self.users(mode),
                   self.source.lines, **options)

    def succeeds(self, config=None, **options):
        """Check and write, with all that must hold afterwards."""
        assert self.check(config, **options) == {"status": "SUCCEEDED"}
        result = self.write(config, **options).succeeded()
        assert result.state_lines == self.source.expected
        assert self.held() == set(range(1, 21))

    def held(self):
        """The ids of what the service holds."""
        return set(self.service.held())


@pytest.fixture(name="service", params=METADATA)
def each_service(request):
    """Each connector beside an empty sandbox."""
    with SERVICES[request.param][0]() as service:
        yield Image(service)

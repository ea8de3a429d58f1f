"""Where an image runs: in a container of the engine that `docker` talks to.

The same rights as in `host`, given by the engine. What else the image brings, its shell first of
all, is used: nothing of the host's is in there but the working directory and /tmp.
"""

import subprocess
import tempfile
import uuid

from connector import TIME_SCALE
from metadata import image_of
from simulator.host import ENTRYPOINT, MEMORY_BYTES, Container

COMMAND_SECONDS = 60
RIGHTS = ["--network", "host", "--read-only", "--cap-drop", "ALL", "--security-opt",
          "no-new-privileges", "--user", "1000:1000", f"--memory={MEMORY_BYTES}",
          f"--memory-swap={MEMORY_BYTES}"]

# The image need not have ps or pkill; what it has for certain is a shell.
KILL = """
for directory in /proc/[0-9]*; do
	read -r name < $directory/comm && [ "$name" = %s ] && kill -9 ${directory#/proc/} && killed=1
done 2> /dev/null
[ "$killed" ]
""" % ENTRYPOINT.rpartition("/")[2]


def docker(*arguments):
    """Run a docker command to its end; whether it worked."""
    return subprocess.run(["docker", *arguments], stdout=subprocess.DEVNULL, check=False,
                          stderr=subprocess.DEVNULL, timeout=COMMAND_SECONDS).returncode == 0


class ImageHost:
    """Runs an image."""

    def __init__(self, image):
        self.image = image

    @classmethod
    def of(cls, name):
        """The image of a connector that docker/images built, or the one that was built last."""
        return cls(image_of(name))

    def create(self):
        """A container to put files into, before it is started."""
        return ImageContainer(self.image, tempfile.mkdtemp(prefix="simulator-"))


class ImageContainer(Container):
    """A container of the engine's."""

    def __init__(self, image, directory):
        super().__init__(directory)
        self.image = image
        self.name = f"simulator-{uuid.uuid4()}"

    def start(self, script, environment, workdir):
        """Start the script; the working directory is known inside as `workdir`."""
        variables = {"AB_TIME_SCALE": str(TIME_SCALE), **environment}
        settings = [part for item in variables.items() for part in ("-e", "=".join(item))]
        self.run(["docker", "run", "--rm", "-i", "--name", self.name, *RIGHTS, *settings,
                  "-v", f"{self.work}:{workdir}", "-v", f"{self.tmp}:/tmp", "-w", workdir,
                  "--entrypoint", "sh", self.image, "-c", script])

    def kill(self):
        self.until_ended(lambda: docker("kill", self.name) and self.wait(COMMAND_SECONDS))

    def kill_connector(self):
        self.until_ended(lambda: self.exit_code is not None
                         or docker("exec", self.name, "sh", "-c", KILL))

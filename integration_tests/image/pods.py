"""A pod of Kubernetes as docker runs it: the same images, commands, environment, users, rights,
memory limits and volumes, one container after another.

Whatever a specification says that is not carried over here is an error, so that nothing in it goes
untested unnoticed.
"""

import io
import json
import subprocess
import tarfile
import uuid
from pathlib import Path

import yaml

from container import docker

START_SECONDS = 60
RUN_SECONDS = 120
HOLD_SECONDS = 1800


def documents(path):
    """The objects of a manifest, by kind."""
    return {one["kind"]: one for one in yaml.safe_load_all(Path(path).read_text())}


def carried(thing, *names):
    """A mapping that may have these members only."""
    assert set(thing) <= set(names), f"not carried over: {set(thing) - set(names)}"
    return thing


def judged(job, container, code):
    """What the job's podFailurePolicy makes of a container's exit code: FailJob, or Count."""
    for rule in job["podFailurePolicy"]["rules"]:
        on = rule.get("onExitCodes")
        if on and on["containerName"] == container and on["operator"] == "In" and (
                code in on["values"]):
            return rule["action"]
    return "Count"


def archive(files, group=0):
    """A tar of {name: (bytes, or None for a directory, and mode)}, which belong to root."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, (content, mode) in files.items():
            entry = tarfile.TarInfo(name)
            entry.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
            entry.size = len(content or b"")
            entry.mode, entry.gid = mode, group
            tar.addfile(entry, io.BytesIO(content or b""))
    return buffer.getvalue()


def wait_for(condition, process):
    """Wait until something is so, looking every tenth of a second, while the process runs."""
    for _ in range(START_SECONDS * 10):
        if condition():
            return
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        break
    raise AssertionError("what was waited for did not happen")


class Cluster:
    """What outlives pods: claimed volumes, secrets and config maps. To be closed.

    objects: {name of a secret or config map: {key: JSON value}}; images: {what the manifests say:
    what is run}; helper: an image with sh and tar.
    """

    def __init__(self, helper, images, objects):
        self.helper = helper
        self.images = images
        self.objects = objects
        self.sizes = {}
        self.claims = {}
        self.volumes = []
        self.holders = []

    def close(self):
        """Remove all volumes."""
        if self.holders:
            docker("rm", "-f", *self.holders)
        if self.volumes:
            docker("volume", "rm", "-f", *self.volumes)

    def limit(self, **sizes):
        """The bytes that some volumes of new pods have room for, by the volumes' names."""
        self.sizes.update(sizes)
        return self

    def make_small(self, name, size):
        """A volume of a limited size, which is there while a container holds it."""
        docker("volume", "create", "-o", "type=tmpfs", "-o", "device=tmpfs", "-o", f"o=size={size}",
               name)
        self.holders.append(docker(
            "run", "--rm", "-d", "--network", "host", "-v", f"{name}:/volume", "--entrypoint",
            "sleep", self.helper, HOLD_SECONDS).decode().strip())

    def make(self, contents, group):
        """New volumes, {what they are for: files}, which belong to root and a group.

        Returns {what they are for: their names}."""
        names = {key: f"test-{uuid.uuid4().hex}" for key in contents}
        self.volumes += names.values()
        for key in set(names) & set(self.sizes):
            self.make_small(names[key], self.sizes[key])
        files = {f"{key}/{name}": entry for key, content in contents.items()
                 for name, entry in content.items()}
        mounts = [word for key in contents for word in ("-v", f"{names[key]}:/volumes/{key}")]
        docker("run", "--rm", "-i", "--network", "host", "--user", "0:0", *mounts, "--entrypoint",
               "tar", self.helper, "-x", "-p", "-C", "/volumes", data=archive(files, group=group))
        return names

    def read(self, volume, name):
        """The content of a volume's file."""
        return docker("run", "--rm", "--network", "host", "--user", "0:0", "-v",
                      f"{volume}:/volume:ro", "--entrypoint", "cat", self.helper,
                      f"/volume/{name}")

    def write(self, volume, name, content):
        """Replace a volume's file, as the containers' user."""
        docker("run", "--rm", "-i", "--network", "host", "-v", f"{volume}:/volume",
               "--entrypoint", "sh", self.helper, "-c", f"cat > /volume/{name}", data=content)


class Pod:
    """A pod in a cluster. run() its containers in order, or start() one of them."""

    def __init__(self, cluster, spec):
        self.cluster = cluster
        self.spec = carried(
            spec, "restartPolicy", "terminationGracePeriodSeconds", "automountServiceAccountToken",
            "enableServiceLinks", "securityContext", "initContainers", "containers", "volumes")
        self.security = carried(spec["securityContext"], "runAsNonRoot", "runAsUser", "runAsGroup",
                                "fsGroup", "seccompProfile")
        assert self.security["seccompProfile"] == {"type": "RuntimeDefault"}  # so does docker
        self.containers = {one["name"]: one for one in spec["initContainers"] + spec["containers"]}
        self.volumes = self.make_volumes()

    def make_volumes(self):
        """{name: docker's volume}; a claim's is made for the first pod that has it."""
        sources = {}
        for volume in self.spec["volumes"]:
            (kind, source), = ((key, value) for key, value in volume.items() if key != "name")
            sources[volume["name"]] = (kind, source)
        claims = {name: carried(source, "claimName")["claimName"]
                  for name, (kind, source) in sources.items() if kind == "persistentVolumeClaim"}
        known = self.cluster.claims
        made = self.cluster.make(
            {name: self.files(kind, source) for name, (kind, source) in sources.items()
             if claims.get(name) not in known}, self.security["fsGroup"])
        known.update({claim: made[name] for name, claim in claims.items() if claim not in known})
        return {**made, **{name: known[claim] for name, claim in claims.items()}}

    def files(self, kind, source):
        """What is in a new volume, as archive() takes it."""
        if kind == "persistentVolumeClaim":
            return {".": (None, 0o2775)}
        if kind == "emptyDir":
            carried(source, "sizeLimit")
            return {".": (None, 0o2777)}
        assert kind in ("secret", "configMap")
        carried(source, "name", "secretName", "defaultMode", "items")
        content = self.cluster.objects[source.get("name") or source["secretName"]]
        items = source.get("items") or [{"key": key, "path": key} for key in content]
        mode = source.get("defaultMode", 0o644)
        return {one["path"]: (as_bytes(content[one["key"]]), mode) for one in items}

    def options(self, container):
        """docker's options for a container."""
        carried(container, "name", "image", "command", "args", "env", "resources",
                "securityContext", "volumeMounts")
        security = carried(container["securityContext"], "allowPrivilegeEscalation",
                           "readOnlyRootFilesystem", "capabilities")
        user, group = self.security["runAsUser"], self.security["runAsGroup"]
        assert self.security["runAsNonRoot"] and user != 0
        found = ["--user", f"{user}:{group}", "--group-add", self.security["fsGroup"]]
        if not security["allowPrivilegeEscalation"]:
            found += ["--security-opt", "no-new-privileges"]
        if security.get("readOnlyRootFilesystem"):
            found += ["--read-only"]
        for one in carried(security["capabilities"], "drop")["drop"]:
            found += ["--cap-drop", one]
        memory = carried(container["resources"]["limits"], "memory")["memory"].removesuffix("i")
        found += ["--memory", memory, "--memory-swap", memory]
        for one in container.get("env", []):
            found += ["--env", f"{carried(one, 'name', 'value')['name']}={one['value']}"]
        for one in container["volumeMounts"]:
            carried(one, "name", "mountPath", "readOnly")
            mode = "ro" if one.get("readOnly") else "rw"
            found += ["--volume", f"{self.volumes[one['name']]}:{one['mountPath']}:{mode}"]
        return [*found, "--entrypoint", container["command"][0],
                self.cluster.images[container["image"]], *container["command"][1:],
                *container.get("args", [])]

    def start(self, name):
        """Start a container; returns its process and the name by which docker knows it."""
        known = f"test-{uuid.uuid4().hex}"
        options = map(str, self.options(self.containers[name]))
        # pylint: disable=consider-using-with
        process = subprocess.Popen(
            ["docker", "run", "--rm", "--name", known, "--network", "host", *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return process, known

    def step(self, name):
        """Run a container to its end: (exit code, stdout, stderr)."""
        process, known = self.start(name)
        try:
            output, errors = process.communicate(timeout=RUN_SECONDS)
        except subprocess.TimeoutExpired:
            docker("kill", known)
            raise
        return process.returncode, output, errors.decode()

    def run(self):
        """As kubelet does: one container after the other, while they exit with 0.

        Returns {name: (exit code, stdout, stderr)} of those that were started."""
        results = {}
        for name in self.containers:
            results[name] = self.step(name)
            if results[name][0] != 0:
                break
        return results


def as_bytes(value):
    """A file's content."""
    return value if isinstance(value, bytes) else json.dumps(value).encode()

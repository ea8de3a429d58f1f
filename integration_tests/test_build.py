"""make and the scripts of docker/, as they are called: what they ask for, and what they refuse."""

import os
import shutil
import subprocess

import pytest

from connector import DUST, ROOT

ENGINE = "#!/bin/sh\nprintf '%s\\n' \"${0##*/}\" \"$@\"\n"
TOOLS = "awk basename cat dirname git grep make sed sh uname".split()


@pytest.fixture(name="tree")
def copy_of_what_builds(tmp_path):
    """The files that make a build, in a directory without history."""
    tree = tmp_path / "tree"
    shutil.copytree(ROOT / "docker", tree / "docker")
    for name in ("Makefile", "metadata.yaml"):
        shutil.copy(ROOT / name, tree / name)
    return tree


@pytest.fixture(name="path")
def directory_of_tools(tmp_path):
    """A PATH with what a build needs, and without any engine."""
    path = tmp_path / "bin"
    path.mkdir()
    for tool in TOOLS:
        (path / tool).symlink_to(shutil.which(tool))
    return path


def add_engine(path, name):
    """An engine that prints its name and arguments."""
    (path / name).write_text(ENGINE)
    (path / name).chmod(0o755)


def run(tree, path, *command, **variables):
    """A finished command."""
    return subprocess.run(command, cwd=tree, env={"PATH": str(path), **variables},
                          capture_output=True, text=True, check=False)


def asked(tree, path, **variables):
    """What the engine is called with for a connector."""
    done = run(tree, path, "make", "docker", f"C={DUST}", **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def tags(arguments):
    """The names of the image."""
    return [value for option, value in zip(arguments, arguments[1:]) if option == "--tag"]


def test_an_image_is_called_by_its_version_and_dev(tree, path):
    add_engine(path, "docker")
    (version,) = {tag for tag in tags(asked(tree, path)) if not tag.endswith(":dev")}
    assert f"VERSION={version.partition(':')[2]}" in asked(tree, path)
    assert f"airbyte-c/{DUST}:dev" in tags(asked(tree, path))


def test_an_image_is_called_as_tags_says(tree, path):
    add_engine(path, "docker")
    assert tags(asked(tree, path, TAGS="one two")) == [f"airbyte-c/{DUST}:{tag}"
                                                       for tag in ("one", "two")]


@pytest.mark.parametrize("there, wanted, used", [
    (["docker"], None, "docker"), (["podman"], None, "podman"),
    (["docker", "podman"], None, "docker"), (["docker", "podman"], "podman", "podman")])
def test_the_engine_that_is_there_is_used_or_the_one_that_is_named(tree, path, there, wanted, used):
    for name in there:
        add_engine(path, name)
    assert asked(tree, path, **({"ENGINE": wanted} if wanted else {}))[0] == used


def test_without_an_engine_a_sentence_says_so(tree, path):
    done = run(tree, path, "docker/build", DUST)
    assert done.returncode == 1
    assert done.stderr == "images are built with docker or podman, and neither is installed\n"


def commit(directory):
    """A repository with one commit of nothing; its name."""
    git = ["git", "-C", directory, "-c", "user.name=A", "-c", "user.email=a@example.com"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "nothing"], check=True)
    return subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True,
                          text=True).stdout.strip()


def revision(arguments):
    """The revision that an image is labelled with."""
    label = "org.opencontainers.image.revision="
    return next((one.removeprefix(label) for one in arguments if one.startswith(label)), None)


def test_the_revision_is_that_of_the_tree(tree, path):
    add_engine(path, "docker")
    name = commit(tree)
    assert revision(asked(tree, path)) == name


def test_a_tree_without_history_has_no_revision_though_it_lies_in_another_s(tree, path):
    add_engine(path, "docker")
    commit(tree.parent)
    assert revision(asked(tree, path)) is None


def test_an_architecture_in_the_environment_is_not_ours():
    done = run(ROOT, os.defpath, "make", "-n", "all", ARCH="x86_64")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == run(ROOT, os.defpath, "make", "-n", "all").stdout


def test_an_unknown_architecture_is_refused():
    done = run(ROOT, os.defpath, "make", "-n", "all", "ARCH=x86_64")
    assert done.returncode != 0
    assert "ARCH is amd64 or arm64, not x86_64" in done.stderr


def test_a_program_is_of_its_own_source_whatever_an_earlier_build_noted(tree):
    program = "build/release/unit_tests/libairbyte/fuzz_json"
    for name in ("unit_tests/libairbyte/fuzz_json.c", "unit_tests/fuzz/replay.c", f"{program}.d"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).touch()
    (tree / f"{program}.d").write_text(f"{program}: unit_tests/fuzz/replay.c\n")
    done = run(tree, os.defpath, "make", "-n", program)
    link = next(line for line in done.stdout.splitlines() if line.endswith(f"-o {program}"))
    assert [word for word in link.split() if word.endswith(("replay.c", "replay.o", "json.c"))] == [
        "unit_tests/libairbyte/fuzz_json.c", "build/release/unit_tests/fuzz/replay.o"]


def package(directory, *, name, script):
    """A Debian package with one file, and a script for its installation."""
    root = directory / "root"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "usr").mkdir()
    (root / "usr" / name).write_text("a file")
    (root / "DEBIAN" / "control").write_text(
        f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: A\nDescription: B\n")
    (root / "DEBIAN" / "postinst").write_text(script)
    (root / "DEBIAN" / "postinst").chmod(0o755)
    file = directory / f"{name}.deb"
    subprocess.run(["dpkg-deb", "-b", root, file], check=True, capture_output=True)
    return file


def test_what_is_unpacked_is_not_installed(tree, tmp_path):
    marker = tmp_path / "started"
    file = package(tmp_path, name="nothing", script=f"#!/bin/sh\ntouch {marker}\n")
    (tmp_path / "apt-get").write_text(f'#!/bin/sh\n[ "$*" = "download -q nothing" ] && cp {file} .')
    (tmp_path / "apt-get").chmod(0o755)
    done = run(tree, f"{tmp_path}:{os.environ['PATH']}", "docker/unpack", "build/here", "nothing")
    assert done.returncode == 0, done.stderr
    here = tree / "build"
    assert [path for path in here.rglob("*") if path.is_file()] == [here / "here/usr/nothing"]
    assert not marker.exists()


DOCKER = """#!/bin/sh
echo "$*" >> {log}
[ "$1 $2" != "image ls" ] || for tag in $TAGS $TAGS-arm64 "$TAGS"1 dev; do echo "a/b:$tag"; done
"""


@pytest.mark.parametrize("keep", [False, True])
def test_images_for_a_command_are_removed_and_nobody_else_s(tree, tmp_path, keep):
    log = tmp_path / "log"
    (tmp_path / "docker").write_text(DOCKER.format(log=log))
    (tmp_path / "docker").chmod(0o755)
    done = run(tree, f"{tmp_path}:{os.environ['PATH']}", "docker/images", "sh", "-c",
               f"echo the command >> {log}; echo $TAGS; exit 7",
               **({"KEEP_STAGES": "1"} if keep else {}))
    tag = done.stdout.strip()
    assert (done.returncode, tag != "", tag != "dev") == (7, True, True)
    commands = log.read_text().splitlines()
    after = commands[commands.index("the command") + 1:]
    assert after[1] == f"image rm a/b:{tag} a/b:{tag}-arm64"
    assert [one.split()[:2] for one in after[2:]] == ([] if keep else [["image", "prune"]])

"""The manifests of examples/kubernetes: valid, and run as they are, container by container."""

import copy
import json
import os
import re
import signal
import subprocess
import uuid
from pathlib import Path

import pytest
import yaml

import packages
from connector import ROOT, catalog_of, properties, stream
from container import METADATA, docker, image_of
from harness import Sandbox
from luzmo import NAME, TAG
from network import Authority, Proxy, TlsFront
from pods import (
    START_SECONDS, Cluster, Pod, archive, documents, judged, wait_for)
from readme import blocks

MANIFESTS = ROOT / "examples" / "kubernetes"
SOURCE = (ROOT / "integration_tests" / "image" / "source.sh").read_bytes()
REQUIREMENTS = Path(__file__).with_name("kubernetes.txt")
STOP_SECONDS = 20  # after which it would be killed
SCHEMA = properties(id="integer", name="string")
JOB = documents(MANIFESTS / "job.yaml")["Job"]["spec"]
CRON = documents(MANIFESTS / "cronjob.yaml")["CronJob"]["spec"]["jobTemplate"]["spec"]
# What its header says to put into the config map beside the catalog.
PROGRAMS = {name: (MANIFESTS / name).read_bytes() for name in re.findall(
    r"create configmap .* --from-file=(\S+\.sh)", (MANIFESTS / "cronjob.yaml").read_text())}


def template(job):
    """A job's pod."""
    return job["template"]["spec"]


def containers(job):
    """All containers of a job's pod."""
    return template(job)["initContainers"] + template(job)["containers"]


# --- what they say -------------------------------------------------------------------------------


@pytest.fixture(name="validator", scope="module")
def installed_validator():
    """The program that knows Kubernetes' schemas, in an environment of its own."""
    venv = packages.installed(ROOT / "build" / "kubernetes", [REQUIREMENTS, packages.CONSTRAINTS])
    return venv / "bin" / "kubernetes-validate"


@pytest.mark.parametrize("name", ["job.yaml", "cronjob.yaml"])
def test_a_manifest_is_valid_by_kubernetes_own_schemas(validator, name):
    run = subprocess.run([validator, "--strict", MANIFESTS / name], capture_output=True, text=True,
                         check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_a_manifest_with_a_misspelt_member_is_not_valid(validator, tmp_path):
    text = (MANIFESTS / "job.yaml").read_text().replace("backoffLimit", "backOffLimit")
    (tmp_path / "job.yaml").write_text(text)
    run = subprocess.run([validator, "--strict", tmp_path / "job.yaml"], capture_output=True,
                         check=False)
    assert run.returncode != 0


@pytest.mark.parametrize("job", [JOB, CRON], ids=["job", "cronjob"])
def test_a_manifest_names_the_images_of_today(job):
    images = {one["image"] for one in containers(job) if one["name"] != "source"}
    assert images <= {image_of(name, data["dockerImageTag"]) for name, data in METADATA.items()}


@pytest.mark.parametrize("job", [JOB, CRON], ids=["job", "cronjob"])
def test_no_secret_is_mounted_where_it_is_not_needed(job):
    mounts = {one["name"]: {mount["name"] for mount in one["volumeMounts"]}
              for one in containers(job)}
    for secret in ("source", "destination"):
        assert [name for name, found in mounts.items() if secret in found] == [secret]


# --- running them --------------------------------------------------------------------------------


def destination_of(job):
    """The connector's image in a manifest, and the one that is tested."""
    image = template(job)["containers"][0]["image"]
    return image, image_of(image.partition(":")[0].rpartition("/")[2])


@pytest.fixture(name="source_image", scope="module")
def image_of_a_source():
    """An image that the platform could start, with a source whose records are known."""
    name = f"test-source-{uuid.uuid4().hex}"
    base = destination_of(JOB)[1]
    dockerfile = (f"FROM {base}\nCOPY source /airbyte/source\n"
                  "ENV AIRBYTE_ENTRYPOINT=/airbyte/source\n").encode()
    files = {"Dockerfile": (dockerfile, 0o644), "source": (SOURCE, 0o755)}
    docker("build", "-q", "-t", name, "-", data=archive(files))
    yield name
    docker("rmi", name)


@pytest.fixture(name="place")
def place_for_a_job(source_image):
    """place(job, sandbox, catalog): a cluster with what the manifest's header says to create."""
    clusters = []

    def make(job, configuration, catalog):
        image, tested = destination_of(job)
        name = next(one["configMap"]["name"] for one in template(job)["volumes"]
                    if one["name"] == "catalog")
        images = {image: tested,
                  next(one["image"] for one in containers(job) if one["name"] == "source"):
                  source_image}
        cluster = Cluster(tested, images, {name: {
            "catalog.json": catalog, "destination.json": configuration, **PROGRAMS}})
        clusters.append(cluster)
        cluster.settings = cluster.objects[name]
        return has(cluster, 0)

    yield make
    for cluster in clusters:
        cluster.close()


def has(cluster, records, every=2, fails_after=0):
    """What the source has from now on."""
    cluster.settings["source.json"] = {
        "records": records, "every": every, "fails_after": fails_after}
    return cluster


def codes(results):
    """{container: exit code}"""
    return {name: result[0] for name, result in results.items()}


def kill_at(pod, name, condition):
    """Start a container and kill it as soon as something is so."""
    process, known = pod.start(name)
    try:
        wait_for(condition, process)
    finally:
        docker("kill", "--signal", "KILL", known)
        process.communicate(timeout=START_SECONDS)


# --- the full load -------------------------------------------------------------------------------

USERS = catalog_of(stream("users", "overwrite", schema=SCHEMA))


@pytest.fixture(name="luzmo")
def luzmo_with_old_rows(tmp_path):
    """A sandbox where the dataset has rows already."""
    with Sandbox(tmp_path, service="luzmo") as sandbox:
        sandbox.put(name=f"{NAME}users", tags=[f"{TAG}users"],
                    columns=["id", "name"],
                    rows=[[100, "old"]])
        yield sandbox


def ids(luzmo):
    """The ids of all rows."""
    (dataset,) = luzmo.datasets()
    return [row[0] for row in dataset["rows"]]


def test_a_job_replaces_what_was_there(luzmo, place):
    cluster = has(place(JOB, luzmo.config(), USERS), 7)
    assert codes(Pod(cluster, template(JOB)).run()) == {"source": 0, "destination": 0}
    assert ids(luzmo) == [1, 2, 3, 4, 5, 6, 7]


def test_a_source_that_fails_leaves_all_as_it_was_and_is_heard(luzmo, place):
    cluster = has(place(JOB, luzmo.config(), USERS), 7, fails_after=4)
    results = Pod(cluster, template(JOB)).run()
    assert codes(results) == {"source": 3}
    assert "the source broke" in results["source"][2]
    assert "RECORD" not in results["source"][2]
    assert ids(luzmo) == [100]
    assert luzmo.requests() == []


def test_a_line_of_the_source_that_is_no_message_goes_to_the_log(luzmo, place):
    results = Pod(has(place(JOB, luzmo.config(), USERS), 3), template(JOB)).run()
    assert codes(results) == {"source": 0, "destination": 0}
    assert results["source"][2] == "Loading config...\n"


@pytest.mark.parametrize("job", [JOB, CRON], ids=["job", "cronjob"])
def test_a_source_whose_messages_have_no_room_has_failed(place, job):
    pod = Pod(has(place(job, {}, INCREMENTAL), 1000).limit(sync=64 << 10), template(job))
    code, _, errors = pod.step("source")
    assert code != 0 and "No space left" in errors


@pytest.mark.parametrize("job", [JOB, CRON], ids=["job", "cronjob"])
@pytest.mark.parametrize("shell", ["dash", "bash"])
@pytest.mark.parametrize("entrypoint, code", [
    ("printf 'Loading\\n{}\\n';:", 0), ("printf '{}\\n';exit 7;", 7), ("exec false", 1),
    ("nothing-of-this-name", 127), ("(", 2)])
def test_the_source_s_step_needs_no_more_than_a_plain_shell(tmp_path, job, shell, entrypoint, code):
    (script,) = next(one["args"] for one in containers(job) if one["name"] == "source")
    script = script.replace("/sync/", f"{tmp_path}/")
    done = subprocess.run([shell, "-c", script], capture_output=True, text=True, check=False,
                          env={"PATH": os.defpath, "AIRBYTE_ENTRYPOINT": entrypoint})
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    if code == 0:
        assert (tmp_path / "messages.jsonl").read_text() == "{}\n"
        assert done.stderr == "Loading\n"


def tell_to_end(pod, sandbox, fault):
    """Run a pod up to a request that a fault keeps, and stop it there; the exit code."""
    assert {pod.step(one["name"])[0] for one in pod.spec["initContainers"]} == {0}
    sandbox.faults([fault])
    process, known = pod.start("destination")
    try:
        wait_for(lambda: sandbox.faults() == [], process)
    finally:
        docker("stop", "-t", STOP_SECONDS, known)
        process.communicate(timeout=START_SECONDS)
    return process.returncode


@pytest.mark.parametrize("job, service", [(JOB, "luzmo"), (CRON, "dust")], ids=["job", "cronjob"])
def test_a_destination_that_is_told_to_end_does_so(request, place, job, service):
    sandbox = request.getfixturevalue(service)
    catalog = USERS if job is JOB else INCREMENTAL
    pod = Pod(has(place(job, sandbox.config(), catalog), 3), template(job))
    assert tell_to_end(pod, sandbox, {"path": "", "stall": True}) == 128 + signal.SIGTERM


def test_a_cronjob_that_is_told_to_end_keeps_what_it_still_acknowledges(dust, place):
    cluster = has(place(CRON, dust.config(), INCREMENTAL), 3)
    pod = Pod(cluster, template(CRON))
    late = {"method": "POST", "path": "users-3$", "delay_ms": 3000}
    assert tell_to_end(pod, dust, late) == 128 + signal.SIGTERM
    assert b'"type":"STATE"' in cluster.read(pod.volumes["state"], "states.jsonl")


def test_a_job_that_is_killed_leaves_the_old_rows_and_the_next_pod_starts_over(luzmo, place):
    cluster = has(place(JOB, luzmo.config(), USERS), 7)
    pod = Pod(cluster, template(JOB))
    assert pod.step("source")[0] == 0
    luzmo.faults([{"path": "/data$", "stall": True}])
    kill_at(pod, "destination", lambda: luzmo.faults() == [])
    assert ids(luzmo) == [100]
    assert codes(Pod(cluster, template(JOB)).run()) == {"source": 0, "destination": 0}
    assert ids(luzmo) == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("job", [JOB, CRON], ids=["job", "cronjob"])
def test_a_wrong_command_line_ends_a_job_at_once(place, job):
    spec = json.loads(json.dumps(template(job)).replace("write --config", "write --konfig"))
    code = codes(Pod(has(place(job, {}, INCREMENTAL), 1), spec).run())["destination"]
    assert (code, judged(job, "destination", code)) == (2, "FailJob")


def test_a_failed_run_is_tried_again(luzmo, place):
    cluster = has(place(JOB, luzmo.config(api_token="wrong"), USERS), 3)
    results = Pod(cluster, template(JOB)).run()
    assert codes(results) == {"source": 0, "destination": 1}
    assert b"config_error" in results["destination"][1]
    assert judged(JOB, "destination", 1) == "Count"
    assert ids(luzmo) == [100]


def test_what_the_readme_adds_for_a_proxy_and_a_certificate_works(luzmo, place, tmp_path):
    (block,) = blocks("Proxies and private certificates", "yaml")
    authority = Authority(tmp_path)
    with TlsFront(authority.context("luzmo.example"), luzmo.port) as front, \
            Proxy(front.port) as proxy:
        added = yaml.safe_load(block.replace("proxy.example.com:3128", f"127.0.0.1:{proxy.port}"))
        spec = copy.deepcopy(template(JOB))
        spec["volumes"] += added.pop("volumes")
        for name, values in added.items():
            spec["containers"][0][name] += values
        cluster = has(place(JOB, luzmo.config(api_host="https://luzmo.example"), USERS), 3)
        cluster.objects["company-ca"] = {"ca.pem": authority.file.read_bytes()}
        assert codes(Pod(cluster, spec).run()) == {"source": 0, "destination": 0}
    assert ids(luzmo) == [1, 2, 3]
    assert {head.split("\r\n")[0] for head in proxy.heads} == {
        "CONNECT luzmo.example:443 HTTP/1.1"}


# --- the sync that goes on where it was -----------------------------------------------------------

INCREMENTAL = catalog_of(stream("users", "append_dedup", key="id", schema=SCHEMA,
                                sync_mode="incremental", cursor_field=["id"]))


MANY = range(1, 301)  # documents go in batches of 128, and a batch is safe as a whole
SAFE = 120  # the last state of the first batch


@pytest.fixture(name="dust")
def empty_dust(tmp_path):
    """A sandbox without a limit of documents per minute."""
    with Sandbox(tmp_path, "--limit", 10_000) as sandbox:
        yield sandbox


@pytest.fixture(name="many")
def a_sync_of_several_batches(dust, place):
    """A cluster whose destination writes each document that it gets, at once."""
    config = dust.config(skip_unchanged=False, documents_per_minute=0)
    return has(place(CRON, config, INCREMENTAL), len(MANY), every=20)


def written(dust):
    """{id: how often its document was written}"""
    return {int(name.removeprefix("users-")): one["writes"]
            for name, one in dust.documents().items()}


def once(*numbers):
    """What written() is when each was written once."""
    return {number: 1 for number in numbers}


def state_given(cluster, pod):
    """The cursors in the file that the source is given."""
    return [one["stream"]["stream_state"]["cursor"]
            for one in json.loads(cluster.read(pod.volumes["sync"], "state.json"))]


def test_each_run_goes_on_where_the_last_one_was_acknowledged(dust, place):
    cluster = has(place(CRON, dust.config(skip_unchanged=False), INCREMENTAL), 5)
    everything = {"states": 0, "source": 0, "destination": 0}
    assert codes(Pod(cluster, template(CRON)).run()) == everything
    assert written(dust) == once(1, 2, 3, 4, 5)
    pod = Pod(has(cluster, 8), template(CRON))
    assert codes(pod.run()) == everything
    assert state_given(cluster, pod) == [5]
    assert written(dust) == once(*range(1, 9))


def test_a_source_that_fails_gives_nothing_to_the_destination(dust, place):
    cluster = has(place(CRON, dust.config(), INCREMENTAL), 8, fails_after=5)
    assert codes(Pod(cluster, template(CRON)).run()) == {"states": 0, "source": 3}
    assert dust.requests() == []


def test_after_a_kill_the_next_pod_sends_only_what_was_not_acknowledged(dust, many):
    pod = Pod(many, template(CRON))
    assert [pod.step(name)[0] for name in ("states", "source")] == [0, 0]
    dust.faults([{"method": "POST", "path": "users-200$", "stall": True}])
    volume = pod.volumes["state"]
    kill_at(pod, "destination",
            lambda: f'"cursor":{SAFE}'.encode() in many.read(volume, "states.jsonl"))
    many.write(volume, "states.jsonl", many.read(volume, "states.jsonl") + b'{"type":"STATE"')
    pod = Pod(many, template(CRON))
    assert set(codes(pod.run()).values()) == {0}
    assert state_given(many, pod) == [SAFE]
    counts = written(dust)
    assert set(counts) == set(MANY)
    assert all(counts[number] == 1 for number in range(1, SAFE + 1))


def test_a_failed_run_counts_and_its_states_too(dust, many):
    dust.faults([{"method": "POST", "path": "users-200$", "delay_ms": 3000, "status": 403}])
    results = Pod(many, template(CRON)).run()
    assert codes(results)["destination"] == 1
    assert judged(CRON, "destination", 1) == "Count"
    pod = Pod(many, template(CRON))
    assert set(codes(pod.run()).values()) == {0}
    assert state_given(many, pod) == [SAFE]
    assert set(written(dust)) == set(MANY)


MODES = {
    "full refresh": {"mode": "append", "sync_mode": "full_refresh"},
    "overwrite": {"mode": "overwrite"},
    "overwrite_dedup": {"mode": "overwrite_dedup", "key": "id"},
    "generations": {"mode": "append", "generation": 12, "minimum": 12},
}


@pytest.mark.parametrize("more", MODES.values(), ids=MODES)
def test_what_would_replace_everything_by_what_is_new_is_refused(dust, place, more):
    catalog = catalog_of(stream("users", **{"sync_mode": "incremental", **more}))
    for text in (json.dumps(catalog), json.dumps(catalog, indent=4).replace("\n", "\r\n"),
                 json.dumps(catalog, separators=("\t,", "\t:\t"))):
        results = Pod(has(place(CRON, dust.config(), text.encode()), 3), template(CRON)).run()
        assert codes(results) == {"states": 1}
        assert "a job of their own" in results["states"][2]


def test_an_increment_with_generation_ids_is_not_refused(dust, place):
    catalog = catalog_of(stream("users", key="id", sync_mode="incremental", cursor_field=["id"],
                                generation=12, minimum=0))
    cluster = has(place(CRON, dust.config(), json.dumps(catalog, indent=1).encode()), 3)
    assert set(codes(Pod(cluster, template(CRON)).run()).values()) == {0}


# --- volumes without room ------------------------------------------------------------------------


def test_a_volume_that_is_full_is_told_and_the_run_after_it_goes_on(dust, place):
    """Half of the smallest volume takes about 37 states."""
    config = dust.config(skip_unchanged=False, documents_per_minute=0)
    cluster = has(place(CRON, config, INCREMENTAL), 100, every=1).limit(state=16 << 10)
    given = []
    while True:
        pod = Pod(cluster, template(CRON))
        results = pod.run()
        assert results["states"][0] == results["source"][0] == 0
        if results["destination"][0] == 0:
            break
        assert judged(CRON, "destination", results["destination"][0]) == "Count"
        assert "no room" in results["destination"][2]
        next_pod = Pod(cluster, template(CRON))
        assert next_pod.step("states")[0] == 0
        given += state_given(cluster, next_pod)
        assert given == sorted(set(given))
    assert given and set(written(dust)) == set(range(1, 101))


@pytest.mark.parametrize("small", [{"state": 10 << 20}, {"sync": 1 << 20}, {"sync": 4 << 20}],
                         ids=["no second file", "no lines", "no array"])
def test_without_room_the_states_stay_and_the_source_is_not_started(place, small):
    cluster = place(CRON, {}, INCREMENTAL).limit(**small)
    pod = Pod(cluster, template(CRON))
    text = "".join(f"{state_line(name, 1, filler='x' * (3 << 20))}\n" for name in "aba").encode()
    cluster.write(pod.volumes["state"], "states.jsonl", text)
    results = pod.run()
    assert codes(results) == {"states": 1}
    assert "No space left" in results["states"][2]
    assert cluster.read(pod.volumes["state"], "states.jsonl") == text


# --- what the destination acknowledges -----------------------------------------------------------


@pytest.fixture(name="keep")
def step_that_keeps(place):
    """keep(lines): (exit code, log, lines kept) when the destination prints these lines."""

    def run(lines):
        cluster = place(CRON, {}, INCREMENTAL)
        spec = copy.deepcopy(template(CRON))
        (script,) = spec["containers"][0]["args"]
        spec["containers"][0]["args"] = [re.sub(r"/airbyte/connector[^<]*", "cat ", script)]
        pod = Pod(cluster, spec)
        cluster.write(pod.volumes["sync"], "messages.jsonl", "\n".join([*lines, ""]).encode())
        code, _, log = pod.step("destination")
        return code, log, cluster.read(pod.volumes["state"], "states.jsonl").decode().splitlines()

    return run


def test_states_are_kept_and_the_rest_is_the_log(keep):
    lines = [LOG, state_line("a", 1), LOG, global_line(2), TRACE]
    code, log, kept = keep(lines)
    assert (code, log.splitlines(), kept) == (0, [LOG, LOG, TRACE], [lines[1], lines[3]])


# --- what becomes the source's --state -----------------------------------------------------------


def state_line(name, cursor, separators=(",", ":"), filler='"}]{[', **more):
    """A STATE as the destination gives it back."""
    return json.dumps({"type": "STATE", "state": {
        "type": "STREAM", "stream": {"stream_descriptor": {"name": name, **more},
                                     "stream_state": {"cursor": cursor, "text": filler}},
        "sourceStats": {"recordCount": 2.0}}}, separators=separators)[:-2] + COUNTS


def global_line(cursor):
    """A GLOBAL one."""
    return json.dumps({"type": "STATE", "state": {
        "type": "GLOBAL", "global": {"shared_state": {"cursor": cursor}, "stream_states": [
            {"stream_descriptor": {"name": "users"}, "stream_state": {}}]}}},
        separators=(",", ":"))[:-2] + COUNTS


COUNTS = ',"destinationStats":{"recordCount":2.0}}}'  # how the destination writes them
LOG = '{"type":"LOG","log":{"level":"INFO","message":"\\"type\\":\\"STATE\\""}}'
TRACE = '{"type":"TRACE","trace":{"type":"ERROR","emitted_at":0.0,"error":{"message":"broken"}}}'
ODD = ("a}b", 'a"}c', 'a"}d', "a\\", "a{", "é", "", "a b", "ab", ',"namespace":null')
BLANKS = ("\t, ", " :\t")


@pytest.fixture(name="states")
def step_of_states(place):
    """states(text): (exit code, the states that the source is given, what stays, stderr)."""

    def run(text):
        cluster = place(CRON, {}, INCREMENTAL)
        pod = Pod(cluster, template(CRON))
        cluster.write(pod.volumes["state"], "states.jsonl", text.encode())
        code, _, errors = pod.step("states")
        given = cluster.read(pod.volumes["sync"], "state.json") if code == 0 else b"[]"
        kept = cluster.read(pod.volumes["state"], "states.jsonl").decode()
        return code, json.loads(given), kept, errors

    return run


def ends_of(lines):
    """The STATE messages of some lines, parsed."""
    return [json.loads(line)["state"] for line in lines]


@pytest.mark.parametrize("lines, last", [
    ([state_line("b", 1), state_line("a", 1), state_line("c", 1), state_line("b", 2)], [1, 2, 3]),
    ([global_line(1), global_line(2)], [1]),
    ([global_line(1), state_line("a", 1), state_line("b", 1)], [1, 2]),
    ([state_line("a", 1), state_line("b", 1), global_line(1)], [2]),
    ([state_line("a", 1), global_line(1), state_line("b", 1)], [2]),
    ([" " + state_line("a", 1, BLANKS), state_line("b", 1), state_line("a", 2)], [1, 2]),
    ([state_line("a", 1), "\t" + state_line("a", 2, BLANKS)], [1]),
    ([state_line("a", 1), state_line("a", 2, namespace="n"), state_line("a", 3, namespace=None),
      state_line("a", 4, namespace="N")], [1, 2, 3]),
    ([state_line(name, turn) for turn in (1, 2) for name in ODD],
     range(len(ODD), 2 * len(ODD))),
], ids=["streams", "global", "then streams", "then global", "between", "blanks", "with blanks",
        "namespaces", "odd names"])
def test_of_each_stream_the_last_state_is_given_back(states, lines, last):
    text = "".join(f"{line}\n" for line in lines)
    code, given, kept, _ = states(text + state_line("a", 9)[:-1])
    chosen = [lines[number] for number in last]
    assert (code, given) == (0, ends_of(chosen))
    assert kept == "".join(f"{line}\n" for line in chosen)


CUT = state_line("a", 1, filler='"' * 50).index('\\"') + 21
OTHERS = {
    "order": '{"state":{"type":"STREAM"},"type":"STATE"}',
    "more members": state_line("a", 1)[:-1] + ',"more":{}}',
    "no counts": state_line("a", 1).replace(',"destinationStats"', ',"stats"'),
    "legacy": '{"type":"STATE","state":{"data":{}' + COUNTS,
    "no message": "Loading config...",
    "empty": "",
    "glued": state_line("a", 1, filler='"' * 50)[:CUT] + state_line("b", 1),
    "glued with blanks": state_line("a", 1)[:-9] + state_line("b", 1, BLANKS),
    "glued to a log": LOG[:-9] + state_line("b", 1),
}


@pytest.mark.parametrize("line", OTHERS.values(), ids=OTHERS)
def test_a_state_of_another_form_is_not_guessed_at(states, line):
    text = f"{state_line('a', 1)}\n{line}\n"
    code, _, kept, errors = states(text)
    assert code == 1 and "line 2" in errors
    assert kept == text


@pytest.mark.parametrize("line", [OTHERS["legacy"], OTHERS["no message"], OTHERS["glued"]])
def test_a_state_of_another_form_is_not_kept(keep, line):
    code, log, kept = keep([state_line("a", 1), line, state_line("a", 2)])
    assert (code, kept) == (1, [state_line("a", 1)])
    assert "not as sources write" in log


@pytest.mark.parametrize("millions", [1, 32])
def test_a_state_of_many_megabytes_is_given_back(states, millions):
    line = state_line("a", 1, filler='"}]{[é\\' * (millions << 20 >> 3))
    assert len(line) > millions << 20
    code, given, _, _ = states(f"{line}\n" * 2)
    assert (code, given) == (0, ends_of([line]))


def test_a_state_of_megabytes_is_kept(keep):
    line = state_line("a", 1, filler="x" * (4 << 20))
    code, _, kept = keep([line, line])
    assert (code, kept) == (0, [line, line])

"""What Airbyte's registry gets to know of the connectors, and what `make dist` writes."""

import copy
import json
import re
import subprocess

import jsonschema
import pytest
import yaml

from connector import BIN_DIR, DUST, ROOT, run
from metadata import registry

NAMES = sorted(one.parent.name for one in ROOT.glob("connectors/*/main.c"))
FILES = ["doc.md", "icon.svg", "metadata.yaml", "spec.json"]
HOST = re.compile(r'"https://([a-z0-9.-]+)"')


@pytest.fixture(name="connectors", scope="module")
def all_connectors():
    """{name: Connector} of this source tree."""
    return {one.name: one for one in registry.connectors(bin_dir=BIN_DIR)}


@pytest.fixture(params=NAMES, name="connector")
def each_connector(request, connectors):
    """One of them, to be changed at will."""
    return copy.deepcopy(connectors[request.param])


# --- ours are fit for it -------------------------------------------------------------------------


def test_all_connectors_are_fit_for_the_registry(connectors):
    assert list(connectors) == NAMES
    assert registry.problems(list(connectors.values())) == []


@pytest.mark.parametrize("name", NAMES)
def test_spec_is_one_line_that_the_protocol_allows(name, connectors):
    """The protocol's own schema is asked where every line of stdout is read."""
    result = run(name, "spec").succeeded()
    (message,) = result.messages
    assert message == {"type": "SPEC", "spec": connectors[name].spec}


def test_the_form_takes_the_examples_configurations(connectors):
    found = list(ROOT.glob("examples/config-*.json"))
    assert found
    for path in found:
        words = path.stem.split("-")  # Dust's have none of its name
        (name,) = [one for one in connectors if one.rpartition("-")[2] in words] or [DUST]
        form = connectors[name].spec["connectionSpecification"]
        jsonschema.validate(json.loads(path.read_text(encoding="utf-8")), form)


def test_every_host_in_the_source_may_be_reached(connector):
    sources = (ROOT / "connectors" / connector.name).glob("*.[ch]")
    named = {host for path in sources for host in HOST.findall(path.read_text(encoding="utf-8"))}
    assert named and named <= set(connector.metadata["data"]["allowedHosts"]["hosts"])


def test_the_version_is_the_one_the_changelog_begins_with(connector):
    """And that the programs say to servers is tested with what they send."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(rf"^## {connector.name} (\S+)$", text, re.MULTILINE)[1]
    assert connector.metadata["data"]["dockerImageTag"] == newest


# --- what is not fit is found out ----------------------------------------------------------------

REMOVED = object()


def changed(value, path, new):
    """Set or remove a member: "data.tags"."""
    *parents, last = path.split(".")
    for one in parents:
        value = value[one]
    if new is REMOVED:
        del value[last]
    else:
        value[last] = new


@pytest.mark.parametrize("path, value, words", [
    ("metadataSpecVersion", "2.0", "metadataSpecVersion"),
    ("data.definitionId", "5f0e7c8a", "definitionId"),
    ("data.definitionId", REMOVED, "definitionId"),
    ("data.connectorSubtype", "search", "connectorSubtype"),
    ("data.releaseStage", "beta2", "releaseStage"),
    ("data.supportLevel", "none", "supportLevel"),
    ("data.dockerImageTag", "0.1", "dockerImageTag"),
    ("data.dockerImageTag", 0.1, "dockerImageTag"),
    ("data.dockerImageTag", "01.0.0", "dockerImageTag"),
    ("data.documentationUrl", "docs", "documentationUrl"),
    ("data.documentationUrl", "https://example.com/", "documentationUrl"),
    ("data.unheardOf", True, "unheardOf"),
    ("data.supportsRefreshes", "yes", "supportsRefreshes"),
    ("data.tags", ["c"], "tags"),
    ("data.tags", [], "language"),
    ("data.tags", ["language:c", "language:java"], "language"),
    ("data.allowedHosts", {"hosts": []}, "allowedHosts lacks"),
    ("data.allowedHosts", {"hosts": ["https://dust.tt"]}, "allowedHosts"),
    ("data.allowedHosts.hosts", ["${nothing}"], "${nothing}"),
    ("data.registryOverrides.oss", {}, "enabled"),
    ("data.connectorType", "source", "connectorType"),
    ("data.githubIssueLabel", "destination-x", "githubIssueLabel"),
    ("data.dockerRepository", "airbyte-c/dust", "dockerRepository"),
    ("data.icon", REMOVED, "icon"),
    ("data.protocolVersion", "0.3.0", "protocolVersion"),
    ("data.releases", {"breakingChanges": {"1.0.0": {"message": "x"}}}, "upgradeDeadline"),
    ("data.releases", {"breakingChanges": {"1": {}}}, "'1' does not match"),
])
def test_metadata_that_the_registry_would_refuse_is_told(connector, path, value, words):
    changed(connector.metadata, path, value)
    found = registry.problems([connector])
    assert found and any(words in one for one in found), found


@pytest.mark.parametrize("path, value, words", [
    ("documentationUrl", REMOVED, "documentationUrl"),
    ("protocol_version", "1.0.0", "protocol_version"),
    ("protocol_version", "0.4.0", "protocol_version"),
    ("supported_destination_sync_modes", ["upsert"], "supported_destination_sync_modes"),
    ("supported_destination_sync_modes", [], "supported_destination_sync_modes"),
    ("connectionSpecification.additionalProperties", False, "additionalProperties"),
    ("connectionSpecification.properties.KEY.airbyte_secret", REMOVED, "airbyte_secret"),
    ("connectionSpecification.properties.KEY.title", REMOVED, "title"),
    ("connectionSpecification.properties.KEY.description", "", "description"),
    ("connectionSpecification.properties.KEY.order", REMOVED, "order"),
    ("connectionSpecification.properties.KEY.order", 77, "order"),
    ("connectionSpecification.properties.KEY.group", "no", "group"),
    ("connectionSpecification.properties.KEY.default", 7, "proposes 7"),
    ("connectionSpecification.properties.KEY.examples", [""], 'proposes ""'),
    ("connectionSpecification.properties.KEY.minLength", "1", "'1'"),
    ("connectionSpecification.required", ["nothing"], "nothing"),
])
def test_a_specification_that_would_not_do_is_told(connector, path, value, words):
    """KEY is the first field that is required: a secret in each of ours."""
    key = connector.spec["connectionSpecification"]["required"][0]
    changed(connector.spec, path.replace("KEY", key), value)
    found = registry.problems([connector])
    assert found and any(words in one for one in found), found


@pytest.mark.parametrize("icon, words", [
    (b"", "no element"), (b"<svg viewBox='0 0 8 8'/>", "not an SVG"),
    (b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 9'/>", "not square"),
    (b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'><script/></svg>", "script"),
    (b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'><a href='x'/></svg>", "a is"),
    (b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'>" + b" " * 10_000 + b"</svg>",
     "10000 bytes"),
])
def test_a_drawing_that_is_none_is_told(connector, icon, words):
    connector.icon = icon
    assert any(words in one for one in registry.problems([connector]))


@pytest.mark.parametrize("doc, words", [("text", "heading"), ("# a\n[b](../x.md)", "../x.md")])
def test_a_page_that_needs_its_neighbours_is_told(connector, doc, words):
    connector.doc = doc
    assert any(words in one for one in registry.problems([connector]))


@pytest.mark.parametrize("old, new, words", [
    ("## Supported sync modes", "## Modes", "no table"),
    ("\n| Sync mode | Supported? |", "\n| Mode | Supported? |", "no table"),
    ("| Incremental Sync - Append | Yes |", "| Incremental - Append | Yes |", "say Yes of Incr"),
    ("| Full Refresh - Append | Yes |", "| Full Refresh - Append | No |", "say Yes of Full"),
])
def test_a_page_without_a_true_table_of_sync_modes_is_told(connector, old, new, words):
    assert old in connector.doc
    connector.doc = connector.doc.replace(old, new)
    assert any(words in one for one in registry.problems([connector]))


def test_what_must_be_unique_is(connector):
    found = registry.problems([connector, connector])
    assert sorted(one.split()[4] for one in found) == ["definitionId", "dockerRepository", "name"]


@pytest.mark.parametrize("output, there", [
    (b"", False), (b'{"type":"LOG"}\n', False), (b"text\n" * 9 + b"SPEC", True),
    (b"text\n" * 10 + b"SPEC", False), (b"x" * (2 << 20) + b"\nSPEC", False),
    (b"x" * ((2 << 20) - 100) + b"\nSPEC", True),
])
def test_spec_is_looked_for_where_the_platform_does(output, there):
    output = output.replace(b"SPEC", b'{"type":"SPEC","spec":{"a":1}}')
    if there:
        assert registry.found_spec("destination-x", output) == {"a": 1}
    else:
        with pytest.raises(registry.Broken, match="destination-x: no SPEC"):
            registry.found_spec("destination-x", output)


@pytest.mark.parametrize("text", ["", "a: [", "data: {}", "- x"])
def test_a_metadata_file_that_lacks_a_connector_is_told(tmp_path, text):
    (tmp_path / "connectors/destination-x").mkdir(parents=True)
    (tmp_path / "connectors/destination-x/main.c").touch()
    (tmp_path / "metadata.yaml").write_text(text)
    with pytest.raises(registry.Broken, match="metadata.yaml"):
        registry.connectors(tmp_path)


# --- make dist -----------------------------------------------------------------------------------


def dist(bin_dir, target):
    """(exit code, lines of stderr) of the program behind `make dist`."""
    done = subprocess.run([ROOT / "docker" / "dist", bin_dir, target], capture_output=True,
                          text=True, timeout=60, check=False)
    return done.returncode, done.stderr.splitlines()


def content(target):
    """{path: bytes} of all files."""
    return {str(path.relative_to(target)): path.read_bytes()
            for path in sorted(target.rglob("*")) if path.is_file()}


def test_dist_is_the_registrys_layout(tmp_path, connectors):
    assert dist(BIN_DIR, tmp_path / "dist") == (0, [])
    found = content(tmp_path / "dist")
    folders = {name: f"metadata/airbyte-c/{name}/{one.metadata['data']['dockerImageTag']}"
               for name, one in connectors.items()}
    assert sorted(found) == sorted(f"{folder}/{file}" for folder in folders.values()
                                   for file in FILES)
    for name, folder in folders.items():
        one = connectors[name]
        assert yaml.safe_load(found[f"{folder}/metadata.yaml"]) == one.metadata
        assert json.loads(found[f"{folder}/spec.json"]) == one.spec
        assert found[f"{folder}/icon.svg"] == one.icon
        assert found[f"{folder}/doc.md"].decode() == one.doc


def test_dist_again_is_the_same_and_what_is_outdated_goes(tmp_path):
    target = tmp_path / "dist"
    dist(BIN_DIR, target)
    first = content(target)
    (target / "metadata" / "old.txt").write_text("of an older version")
    assert dist(BIN_DIR, target) == (0, [])
    assert content(target) == first
    assert [one.name for one in tmp_path.iterdir()] == ["dist"]


def programs(directory, script):
    """Programs that are not ours, under the names of ours."""
    directory.mkdir()
    for name in NAMES:
        (directory / name).write_text(f"#!/bin/sh\n{script}\n")
        (directory / name).chmod(0o755)
    return directory


@pytest.mark.parametrize("script, words", [
    ("exit 1", "exit code 1"), ("echo text", "no SPEC"),
    ("""echo '{"type":"SPEC","spec":{}}'""", "'documentationUrl' is a required property"),
])
def test_a_dist_that_does_not_do_is_not_written(tmp_path, script, words):
    target = tmp_path / "dist"
    dist(BIN_DIR, target)
    before = content(target)
    code, said = dist(programs(tmp_path / "bin", script), target)
    assert code == 1 and any(words in line for line in said) and "Traceback" not in said[0]
    assert content(target) == before


def test_programs_that_are_not_built_are_missed(tmp_path):
    code, said = dist(tmp_path / "nowhere", tmp_path / "dist")
    assert code == 1 and len(said) == 1 and NAMES[0] in said[0]
    assert not (tmp_path / "dist").exists()

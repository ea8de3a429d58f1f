"""What Airbyte's registry needs of a connector, and whether ours is fit for it.

A registry keeps, for each version of a connector, one folder with metadata.yaml, spec.json,
icon.svg and doc.md. `connectors()` finds what goes in there, `problems()` says what is wrong with
it.
"""

import json
import re
import subprocess
import xml.etree.ElementTree
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import jsonschema
import yaml

ROOT = Path(__file__).resolve().parent.parent
SPEC_LINES, SPEC_BYTES = 10, 2 << 20  # the platform looks no further for SPEC
PROTOCOL_VERSIONS = ((0, 0, 0), (0, 3, 0))  # that the platform takes
ICON_BYTES = 10_000
SECRET = re.compile(r"(?:password|secret|token|api_?key|(?:access|integration|private|secret)_key)$")
RELATIVE_LINK = re.compile(r"\]\((?!https://|#)([^)]*)\)")
SYNC_MODES = {  # as the registry's own check spells them, and what each needs of the specification
    "Full Refresh - Overwrite": {"overwrite"}, "Full Refresh - Append": {"append"},
    "Full Refresh - Overwrite + Deduped": {"overwrite", "append_dedup"},
    "Incremental Sync - Append": {"append"},
    "Incremental Sync - Append + Deduped": {"append_dedup"}}
SVG = "{http://www.w3.org/2000/svg}"


class Broken(Exception):
    """A connector that is not there as a whole."""


@dataclass
class Connector:
    """What the registry gets to know."""

    name: str
    metadata: dict
    spec: dict
    icon: bytes
    doc: str

    @property
    def folder(self):
        """Where the registry keeps it."""
        data = self.metadata["data"]
        return Path("metadata", data["dockerRepository"], data["dockerImageTag"])


# --- reading -------------------------------------------------------------------------------------


def connectors(root=ROOT, bin_dir=None):
    """All connectors of a source tree whose programs are in bin_dir."""
    names = sorted(one.parent.name for one in Path(root).glob("connectors/*/main.c"))
    found = documents((Path(root) / "metadata.yaml").read_text(encoding="utf-8"))
    if sorted(found) != names:
        raise Broken(f"metadata.yaml describes {sorted(found)}, but connectors/ holds {names}")
    return [connector(name, found[name], Path(root), Path(bin_dir or Path(root) / "bin"))
            for name in names]


def documents(text):
    """{connector: its document} of a metadata.yaml; dates are texts, as they are on the wire."""
    try:
        found = json.loads(json.dumps(list(yaml.safe_load_all(text)), default=str))
        return {one["data"]["dockerRepository"].rpartition("/")[2]: one for one in found}
    except yaml.YAMLError as error:
        raise Broken(f"metadata.yaml: {error}") from None
    except (AttributeError, KeyError, TypeError):
        raise Broken("metadata.yaml: a document without data.dockerRepository") from None


def connector(name, metadata, root, bin_dir):
    """One connector."""
    folder = root / "connectors" / name
    try:
        return Connector(name, metadata, printed_spec(bin_dir / name),
                         (folder / "icon.svg").read_bytes(),
                         (folder / "README.md").read_text(encoding="utf-8"))
    except OSError as error:
        raise Broken(f"{name}: {error}") from None


def printed_spec(program):
    """The ConnectorSpecification that a program prints where the platform looks for it."""
    done = subprocess.run([program, "spec"], stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise Broken(f"{program.name}: spec ends with exit code {done.returncode}")
    return found_spec(program.name, done.stdout)


def found_spec(name, output):
    """The first SPEC message of an output."""
    for line in output[:SPEC_BYTES].split(b"\n")[:SPEC_LINES]:
        try:
            message = json.loads(line)
        except ValueError:
            continue
        if isinstance(message, dict) and message.get("type") == "SPEC":
            return message["spec"]
    raise Broken(f"{name}: no SPEC in the first {SPEC_LINES} lines and {SPEC_BYTES >> 20} MiB")


# --- judging -------------------------------------------------------------------------------------


def schema(name):
    """A schema beside this file."""
    return yaml.safe_load(Path(__file__).with_name(f"{name}.schema.yaml").read_text("utf-8"))


def problems(found):
    """What is wrong with the connectors, as sentences."""
    return [f"{one.name}: {text}" for one in found for text in problems_of(one)] + shared(found)


def problems_of(one):
    """What is wrong with a connector by itself."""
    broken = violations("metadata.yaml", one.metadata, schema("metadata"))
    broken += violations("spec", one.spec, schema("spec"))
    if broken:
        return broken
    return [*about_names(one), *about_hosts(one), *about_form(one.spec["connectionSpecification"]),
            *about_files(one)]


def violations(what, value, of):
    """What a schema has against a value."""
    found = jsonschema.Draft7Validator(of).iter_errors(value)
    return [f"{what}: {'.'.join(map(str, error.absolute_path)) or 'top level'}: {error.message}"
            for error in sorted(found, key=lambda error: list(map(str, error.absolute_path)))]


def shared(found):
    """What two connectors must not have in common."""
    texts = []
    for field in ("definitionId", "dockerRepository", "name"):
        values = [one.metadata["data"].get(field) for one in found]
        texts += [f"two connectors have the {field} {value}"
                  for value in sorted(set(values), key=str) if values.count(value) > 1]
    return texts


def about_names(one):
    """Names, addresses and versions that have to agree."""
    data = one.metadata["data"]
    if data["dockerRepository"].rpartition("/")[2] != one.name:
        yield f"dockerRepository {data['dockerRepository']} does not end with the folder's name"
    if not one.name.startswith(data["connectorType"] + "-"):
        yield f"connectorType {data['connectorType']} is not what the name says"
    if data["githubIssueLabel"] != one.name:
        yield f"githubIssueLabel {data['githubIssueLabel']} is not the name"
    if data["documentationUrl"] != one.spec["documentationUrl"]:
        yield "documentationUrl of metadata and specification differ"
    if sum(tag.startswith("language:") for tag in data.get("tags", [])) != 1:
        yield "tags must name one language"
    lowest, highest = PROTOCOL_VERSIONS
    version = tuple(map(int, one.spec["protocol_version"].split(".")))
    if not lowest <= version <= highest:
        yield f"protocol_version {one.spec['protocol_version']} is not one the platform takes"
    if data.get("protocolVersion", one.spec["protocol_version"]) != one.spec["protocol_version"]:
        yield "protocolVersion of metadata and specification differ"


def about_hosts(one):
    """The hosts that the form offers must be reachable where the platform limits them."""
    hosts = one.metadata["data"].get("allowedHosts", {}).get("hosts")
    if hosts is None:
        return
    fields = one.spec["connectionSpecification"]["properties"]
    for name, field in fields.items():
        addresses = [value for value in (field.get("default"), *field.get("examples", []))
                     if isinstance(value, str) and re.match("https?://", value)]
        for address in addresses:
            if urlsplit(address).hostname not in hosts:
                yield f"allowedHosts lacks the host of {address}"
        if addresses and f"${{{name}}}" not in hosts:
            yield f"allowedHosts lacks ${{{name}}}"
    for host in hosts:
        if host.startswith("${") and host[2:-1].split(".")[0] not in fields:
            yield f"allowedHosts has {host}, which no field fills in"


def about_form(form):
    """The form that users fill in."""
    try:
        jsonschema.Draft7Validator.check_schema(form)
    except jsonschema.SchemaError as error:
        yield f"spec: {error.message}"
        return
    fields = form["properties"]
    yield from (f"spec: {name} is required, but not described"
                for name in form["required"] if name not in fields)
    if sorted(field["order"] for field in fields.values()) != list(range(len(fields))):
        yield "spec: order does not count the fields from 0"
    groups = {group["id"] for group in form.get("groups", [])}
    for name, field in fields.items():
        if SECRET.search(name) and not field.get("airbyte_secret"):
            yield f"spec: {name} is a secret without airbyte_secret"
        if field.get("group") not in groups | {None}:
            yield f"spec: {name} is in a group that is not described"
        proposed = [field["default"]] if "default" in field else []
        for value in proposed + field.get("examples", []):
            yield from violations(f"spec: {name} proposes {json.dumps(value)}", value, field)


def about_files(one):
    """The drawing and the page."""
    try:
        drawing = xml.etree.ElementTree.fromstring(one.icon)
    except xml.etree.ElementTree.ParseError as error:
        yield f"icon.svg: {error}"
    else:
        yield from about_drawing(drawing)
    if one.metadata["data"].get("icon") != "icon.svg":
        yield "metadata.yaml: icon must be icon.svg"
    if len(one.icon) > ICON_BYTES:
        yield f"icon.svg: more than {ICON_BYTES} bytes"
    if not one.doc.startswith("# "):
        yield "README.md: does not begin with a heading"
    for link in RELATIVE_LINK.findall(one.doc):
        yield f"README.md: {link} leads nowhere outside the source tree"
    yield from about_modes(one)


def about_modes(one):
    """The table of sync modes that a destination's page must have, and that it is true."""
    _, heading, rest = one.doc.partition("\n## Supported sync modes\n\n")
    if not heading or not re.match(r"\| Sync mode +\| Supported\?", rest):
        yield "README.md: no table of sync modes below a heading Supported sync modes"
        return
    rows = dict(re.findall(r"^\| ([^|]*?) \| (Yes|No) \|", rest, re.MULTILINE))
    offered = set(one.spec["supported_destination_sync_modes"])
    for text, needed in SYNC_MODES.items():
        supported = "Yes" if needed <= offered else "No"
        if rows.get(text) != supported:
            yield f"README.md: the table of sync modes must say {supported} of {text}"


def about_drawing(drawing):
    """A square picture that needs nothing else and does nothing."""
    if drawing.tag != SVG + "svg":
        yield "icon.svg: not an SVG"
    box = drawing.get("viewBox", "").split()
    if len(box) != 4 or box[2] != box[3]:
        yield "icon.svg: viewBox is not square"
    for part in drawing.iter():
        if part.tag in (SVG + "script", SVG + "image", SVG + "foreignObject") or any(
                name.rpartition("}")[2] == "href" or name.startswith("on") for name in part.attrib):
            yield f"icon.svg: {part.tag.rpartition('}')[2]} is more than a drawing"

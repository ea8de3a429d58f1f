"""metadata.yaml as the tests read it, and the images that are tested."""

import os
import sys

from connector import ROOT

sys.path.insert(0, str(ROOT / "docker"))
import registry  # noqa: E402  pylint: disable=wrong-import-position

DOCUMENTS = registry.documents((ROOT / "metadata.yaml").read_text(encoding="utf-8"))
METADATA = {name: document["data"] for name, document in DOCUMENTS.items()}
TESTED = os.environ.get("TAGS", "dev")  # what docker/images calls its images; dev: built last


def image_of(name, tag=TESTED):
    """The image of a connector, the one that is tested."""
    return f"{METADATA[name]['dockerRepository']}:{tag}"

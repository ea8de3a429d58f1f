#!/usr/bin/python3
"""The demo's Singer tap: packages from a file, as dpkg-query names them, sorted by name.

Started as any tap: --config FILE, and --state FILE to go on from. The configuration is {"file",
"state_every"}; a state holds the name of the last package.
"""

import argparse
import json
from pathlib import Path

STREAM = "packages"
KEY = "name"


def read(path):
    """A JSON file's value; nothing for no file."""
    return json.loads(path.read_text(encoding="utf-8")) if path else {}


def state(value):
    """A STATE as singer-python writes it."""
    bookmark = {"replication_key": KEY, "replication_key_value": value}
    return {"type": "STATE", "value": {"bookmarks": {STREAM: bookmark}}}


def messages(schema, records, done, state_every):
    """The stream after a package."""
    yield {"type": "SCHEMA", "stream": STREAM, "schema": schema, "key_properties": [KEY],
           "bookmark_properties": [KEY]}
    rest = [record for record in records if done is None or record[KEY] > done]
    for number, record in enumerate(rest, 1):
        yield {"type": "RECORD", "stream": STREAM, "record": record}
        if number % state_every == 0 or number == len(rest):
            yield state(record[KEY])


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--state", type=Path)
    options = parser.parse_args()
    config = read(options.config)
    data = read(Path(config["file"]))
    bookmark = read(options.state).get("bookmarks", {}).get(STREAM, {})
    for message in messages(data["schema"], data["records"],
                            bookmark.get("replication_key_value"), config["state_every"]):
        print(json.dumps(message, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""A source that prints what its configuration says.

{"catalog": {...}, "lines": [...], "seen": a file to leave the received state in, "code": exit code}
"""

import json
import sys
from pathlib import Path


def argument(name):
    """The decoded file that an option names; None without the option."""
    if name not in sys.argv:
        return None
    return json.loads(Path(sys.argv[sys.argv.index(name) + 1]).read_text(encoding="utf-8"))


def main():
    """One command of the Airbyte protocol."""
    command, config = sys.argv[1], argument("--config")
    if command == "spec":
        print(json.dumps({"type": "SPEC", "spec": {"connectionSpecification": {"type": "object"}}}))
    elif command == "check":
        print('{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}')
    elif command == "discover":
        print(json.dumps({"type": "CATALOG", "catalog": config["catalog"]}))
    elif command == "read":
        Path(config["seen"]).write_text(json.dumps(argument("--state")), encoding="utf-8")
        print(*config["lines"], sep="\n")
        sys.exit(config["code"])


main()

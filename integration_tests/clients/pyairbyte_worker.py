"""PyAirbyte at work, run by the Python of its virtual environment.

Orders come in as JSON objects, one a line, and so do the answers go out: {"value": ...}, or
{"error": the exception's class, "text": what it says}.
"""

import json
import os
import sys
from pathlib import Path

answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)  # whatever else is printed

import airbyte  # noqa: E402  pylint: disable=wrong-import-position
from airbyte.caches import DuckDBCache  # noqa: E402  pylint: disable=wrong-import-position

SOURCE = Path(__file__).with_name("source.py")


def destination(order):
    """The connector under test: its program, or its image."""
    program = Path(order["program"])
    if "image" in order:
        return airbyte.get_destination(program.name, config=order["config"],
                                       docker_image=order["image"], use_host_network=True)
    return airbyte.get_destination(
        program.name, config=order.get("config"), local_executable=program)


def spec(order):
    """The form that users fill in."""
    return destination(order).config_spec


def validate(order):
    """Whether the configuration fits the form."""
    destination(order).validate_config()


def check(order):
    """Whether the configuration works."""
    destination(order).check()


def write(order):
    """A sync from a source of the tests; says how many records went and which states came back."""
    source = airbyte.get_source("source-test", config=order["source"], local_executable=SOURCE,
                                streams="*")
    cache = DuckDBCache(db_path=order["cache"])
    if order["through_cache"]:
        result = destination(order).write(
            source.read(cache, force_full_refresh=order["full_refresh"]),
            write_strategy=order["strategy"])
    else:
        result = destination(order).write(
            source, cache=False, state_cache=cache, write_strategy=order["strategy"],
            force_full_refresh=order["full_refresh"])
    states = result.get_state_provider()
    return {"records": result.processed_records, "states": {
        name: states.get_stream_state(name).stream.stream_state.model_dump()
        for name in states.known_stream_names}}


ORDERS = {"spec": spec, "validate": validate, "check": check, "write": write}


def answer(order):
    """What comes of an order."""
    try:
        return {"value": ORDERS[order["do"]](order)}
    except Exception as error:  # pylint: disable=broad-except
        return {"error": type(error).__name__, "text": str(error)}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), file=answers, flush=True)

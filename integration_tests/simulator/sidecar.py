"""`spec` and `check`: the connector writes a file, which is read after its end.

The first message of the wanted kind is the answer, whatever the exit code says then. Without one a
code other than 0 is a failure with the first TRACE ERROR as its reason, and 0 is an error of the
connector.
"""

import contextlib
from dataclasses import dataclass

from connector import check_message
from simulator import wire
from simulator.wrapper import CONFIG, answer_environment, answer_script

ANSWERS = {"spec": ("SPEC", "spec"), "check": ("CONNECTION_STATUS", "connectionStatus")}
ANSWER_SECONDS = 60


@dataclass
class Answer:
    """What the platform has after spec or check."""

    value: dict = None  # the payload; None if there is none
    reason: str = None  # why not
    exit_code: int = None
    lines: tuple = ()
    peak_bytes: int = None


def ask(host, command, config=None):
    """Run `spec` or `check`; its Answer."""
    with host.create() as container:
        if config is not None:
            container.put("connectionConfiguration.json", wire.encode(config))
        container.start(answer_script(command), answer_environment(command), CONFIG)
        assert container.wait(ANSWER_SECONDS), f"{command} does not end"
        output = container.work / "jobOutput.json"
        lines = output.read_text().splitlines() if output.exists() else []
        answer = Answer(exit_code=container.exit_code, lines=tuple(lines),
                        peak_bytes=container.peak_bytes)
    kind, payload = ANSWERS[command]
    messages = list(map(check_message, lines))
    found = [one[payload] for one in messages if one["type"] == kind]
    if found:
        answer.value = found[0]
    else:
        answer.reason = reason_of(command, messages, answer.exit_code)
    return answer


def reason_of(command, messages, exit_code):
    """Why there is no answer."""
    if exit_code == 0:
        return f"Connector exited successfully without an output for {command.upper()}."
    with contextlib.suppress(StopIteration):
        return next(one["trace"]["error"]["message"] for one in messages if one["type"] == "TRACE")
    return f"exit code {exit_code}"

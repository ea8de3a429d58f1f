#!/usr/bin/python3
"""Syncs the packages installed on this machine into sandboxes, and shows what that looks like.

Run by `make demo`. Everything it makes is in build/demo/; nothing leaves this machine.
"""

import argparse
import os
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path

import demo_dust
import demo_luzmo
import demo_pendo
from demo_common import (
    BIN, ROOT, WORK, Failed, installed_packages, print_command, print_heading, print_text,
    start_work)
from harness import PYTHON, Sandbox

PARTS = {part.SERVICE: part for part in (demo_dust, demo_luzmo, demo_pendo)}
MOST_PACKAGES = 2000


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=PARTS, help="one part of the demo")
    parser.add_argument("--minute", type=float, default=0.5, metavar="SECONDS",
                        help="length of the Dust sandbox's minute (default 0.5; Dust's is 60)")
    parser.add_argument("--keep", action="store_true",
                        help="keep the sandboxes running until Enter is pressed")
    options = parser.parse_args()
    if not 0 < options.minute <= 60:
        parser.error("--minute: more than 0, at most 60")
    return options


def run_parts(names, options, records):
    """Each with a sandbox of its own; returns how to start these again."""
    commands = []
    with ExitStack() as stack:
        sandboxes = []
        for name in names:
            settings = ["--data", str(WORK / f"{name}.sqlite"),
                        *PARTS[name].settings(options.minute)]
            sandbox = stack.enter_context(Sandbox(None, *settings, service=name))
            sandboxes.append(sandbox)
            program = Path(sandbox.program).relative_to(ROOT)
            commands.append(f"{PYTHON} {program} --port {sandbox.port} {' '.join(settings)}")
            PARTS[name].run(sandbox, options.minute, records)
        if options.keep and sys.stdin.isatty() and sys.stdout.isatty():
            print_heading("Look around now")
            addresses = " and ".join(f"{sandbox.base_url}/" for sandbox in sandboxes)
            print_text(f"What is there now is shown at {addresses}")
            try:
                input("  Enter ends it. ")
            except EOFError:
                print()
    return commands


def main():
    """Run the demo; exit code 1 if anything is not as it should be."""
    options = arguments()
    os.chdir(ROOT)
    names = [options.only] if options.only else list(PARTS)
    if shutil.which("dpkg-query") is None:
        sys.exit("demo: dpkg-query is not here, and the demo's data is Debian's list of packages.")
    for name in names:
        if not os.access(BIN / f"destination-{name}", os.X_OK):
            sys.exit(f"demo: {BIN}/destination-{name} is not built; run make first.")
    start_work()
    try:
        commands = run_parts(names, options, installed_packages()[:MOST_PACKAGES])
    except Failed as error:
        sys.exit(f"\ndemo: {error}")
    print_heading("Look around" + (" later" if options.keep else ""))
    print_text("The sandboxes have stopped; what they hold is on disk. To start one again:")
    for command in commands:
        print_command(command)
    print_text("then open http://127.0.0.1:PORT/ and, if you like, repeat the commands above.")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)

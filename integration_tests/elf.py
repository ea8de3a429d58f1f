"""What protects a program from what it reads: how it was compiled and linked, as readelf tells."""

import re
import subprocess

CHECKED = re.compile(r"\bUND __\w+_chk\b")
SEGMENT = re.compile(r"^  LOAD .*0x\w+ ([R ][W ][E ]) 0x\w+$", re.MULTILINE)
STACK = re.compile(r"^  GNU_STACK .* ([R ][W ][E ]) 0x\w+$", re.MULTILINE)


def readelf(file, *options):
    """What readelf prints of a file."""
    return subprocess.run(["readelf", "--wide", *options, file], check=True, capture_output=True,
                          text=True).stdout


def missing_protections(file):
    """The names of those that a program lacks."""
    header = readelf(file, "--file-header")
    segments = readelf(file, "--program-headers")
    dynamic = readelf(file, "--dynamic")
    imports = readelf(file, "--dyn-syms")
    rights = SEGMENT.findall(segments)
    stack = STACK.findall(segments)
    found = {
        "position independent": "Type:" in header and "DYN (" in header and "PIE" in dynamic,
        "read-only relocations": "GNU_RELRO" in segments and "BIND_NOW" in dynamic,
        "stack without code": stack == ["RW "],
        "nothing writable is code": bool(rights) and not any(
            "W" in one and "E" in one for one in rights),
        "no data is code": rights.count("R E") == 1 and "R  " in rights,
        "stack protector": "UND __stack_chk_fail" in imports,
        "checked buffers": CHECKED.search(imports) is not None,
        "no path to libraries": "RPATH" not in dynamic and "RUNPATH" not in dynamic,
    }
    return [name for name, there in found.items() if not there]

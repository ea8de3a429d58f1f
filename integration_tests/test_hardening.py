"""How the programs are compiled and linked."""

import subprocess

import pytest

from connector import ROOT
from elf import missing_protections
from metadata import METADATA

SOURCE = r"""
#include <stdio.h>
#include <string.h>
#ifdef WRITABLE_CODE
__asm__(".section .both,\"awx\"\n.byte 0\n.previous");
#endif
int main(int argc, char *argv[])
{
	char text[64];
	strcpy(text, argv[argc - 1]);
	return puts(text) < 0;
}
"""
HARDENED = ["-O2", "-D_FORTIFY_SOURCE=3", "-fstack-protector-strong", "-fPIE", "-pie",
            "-Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code"]


@pytest.mark.parametrize("name", METADATA)
def test_a_program_has_every_protection(name):
    assert missing_protections(ROOT / "bin" / name) == []


@pytest.mark.parametrize("options, missing", [
    ([], []),
    (["-no-pie", "-fno-pie"], ["position independent"]),
    (["-Wl,-z,lazy"], ["read-only relocations"]),
    (["-Wl,-z,norelro"], ["read-only relocations"]),
    (["-Wl,-z,execstack"], ["stack without code"]),
    (["-Wl,-z,noseparate-code"], ["no data is code"]),
    (["-DWRITABLE_CODE"], ["nothing writable is code"]),
    (["-fno-stack-protector"], ["stack protector"]),
    (["-U_FORTIFY_SOURCE"], ["checked buffers"]),
    (["-Wl,-rpath,/opt/lib"], ["no path to libraries"]),
    (["-Wl,-rpath,/opt/lib", "-Wl,--disable-new-dtags"], ["no path to libraries"]),
], ids=str)
def test_a_protection_that_is_missing_is_found(tmp_path, options, missing):
    source, program = tmp_path / "program.c", tmp_path / "program"
    source.write_text(SOURCE)
    subprocess.run(["cc", "-w", *HARDENED, *options, source, "-o", program], check=True)
    assert missing_protections(program) == missing

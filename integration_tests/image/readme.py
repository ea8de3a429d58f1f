"""The README, for tests of what it says."""

import re

from connector import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(section, language):
    """The code blocks of a language in a section."""
    text = README.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return re.findall(rf"```{language}\n(.*?\n)```", text, re.DOTALL)

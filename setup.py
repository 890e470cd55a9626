"""What setup.cfg cannot say: the README as it can be read away from its folder, where its pictures and links lead nowhere."""

import re
from pathlib import Path

from setuptools import setup


def read_alone(text: str) -> str:
    """Without its pictures; links to files beside it become their names, which the source distribution has."""
    text = re.sub(r"^!\[[^\]]*\]\((?!https?:)[^)]*\)\n+", "", text, flags=re.MULTILINE)
    return re.sub(r"\[([^\]]*)\]\((?!https?:|#)([^)]*)\)", r"\1 (`\2`)", text)


setup(
    long_description=read_alone(Path("README.md").read_text(encoding="utf-8")),
    long_description_content_type="text/markdown",
)

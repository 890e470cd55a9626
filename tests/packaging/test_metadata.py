"""What a package index and its installers are told is complete, true, and readable away from the checkout."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from packaging.metadata import Metadata
from readme_renderer import markdown

from tests.packaging.conftest import ROOT

pytestmark = pytest.mark.slow


def metadata(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return archive.read(name)


def test_twine_would_upload_both(wheel: Path, sdist: Path) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", wheel, sdist], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.count("PASSED") == 2


def test_there_is_one_version(wheel: Path, sdist: Path) -> None:
    code = "from tb_explain import cli; cli.main(['--version'])"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True).stdout
    version = said.removeprefix("tb-explain ").strip()
    assert str(Metadata.from_email(metadata(wheel)).version) == version
    assert [wheel.name.split("-")[1], sdist.name] == [version, f"tb_explain-{version}.tar.gz"]
    assert re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[1] == version  # type: ignore[index]


def test_what_installers_are_told(wheel: Path, sdist: Path) -> None:
    parsed = Metadata.from_email(metadata(wheel), validate=True)  # raises for fields that the standard does not know
    assert parsed.license_expression == "Apache-2.0"
    with zipfile.ZipFile(wheel) as archive:
        licence = archive.read(next(name for name in archive.namelist() if name.endswith("licenses/LICENSE")))
        (listed,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        points = archive.read(listed).decode().split()
    assert licence == (ROOT / "LICENSE").read_bytes()
    assert "tb_explain.plugin.loader:ExplainLoader" in points
    assert "tb_explain.cli:main" in points
    assert {"train", "remote", "examples"} <= set(parsed.provides_extra or ())
    needed = [requirement for requirement in parsed.requires_dist or () if "extra" not in str(requirement.marker)]
    assert not {requirement.name for requirement in needed} & {"torch", "scikit-learn", "umap-learn", "lime"}
    with tarfile.open(sdist) as archive:
        names = archive.getnames()
    for named in re.findall(r"`((?:docs/)?[\w.-]+\.md|LICENSE)`", parsed.description or ""):
        assert f"{sdist.name.removesuffix('.tar.gz')}/{named}" in names


def test_the_description_reads_well_alone(wheel: Path) -> None:
    shown = markdown.render(Metadata.from_email(metadata(wheel)).description or "")
    assert shown is not None
    assert re.search("<h1[^>]*>Explain for TensorBoard<", shown)
    assert "User guide (<code>docs/guide.md</code>)" in shown
    assert "<img" not in shown
    assert not [link for link in re.findall(r'href="([^"]*)"', shown) if not re.match("https?:|#", link)]
    assert "](" not in re.sub(r"<pre.*?</pre>|<code>.*?</code>", "", shown, flags=re.DOTALL)

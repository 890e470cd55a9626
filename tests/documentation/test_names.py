"""What the library offers is in the documents: names, subcommands, and of each method what one must know of it."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from tensorboard.plugins.core import core_plugin

import tb_explain
import tb_explain.methods as offered
from tests.documentation.blocks import DOCUMENTS, ROOT, without_code
from tests.documentation.commands import subcommands, tb_explain_takes

TEXTS = {document.name: document.read_text() for document in DOCUMENTS}

# Where something has no section of its own name.
SECTIONS = {
    "FeatureImages": "Feature visualisation",
    "FeedbackNetwork": "Feedback network",
    "FilterClusters": "Filter-space clusters",
    "FilterLoss": "Interpretable filters",
    "FilterRedundancy": "Filter redundancy",
    "Projection": "Projections",
    "Reconstruction": "Feedback network",
    "UpConvolution": "What a filter adds to an image",
    "location_instability": "How far filters stand for parts",
    "make_interpretable": "Interpretable filters",
    "maximize": "Feature visualisation",
    "mine_patterns": "What filters form together",
    "part_interpretability": "How far filters stand for parts",
    "receptive_fields": "Receptive fields",
}
_KINDS = (offered.ImageMethod, offered.LayerMethod, offered.SetMethod)


def methods() -> list[str]:
    """All that explain: the methods, and what else has a section."""
    values = {name: getattr(offered, name) for name in offered.__all__}
    classes = {name for name, value in values.items() if inspect.isclass(value) and issubclass(value, _KINDS)}
    return sorted(classes - {kind.__name__ for kind in _KINDS} | SECTIONS.keys())


def section(name: str) -> str:
    """What docs/methods.md says below a heading, up to the next."""
    parts = re.split(r"^#+ (.*)\n", without_code(TEXTS["methods.md"]), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True)).get(SECTIONS.get(name, name), "")


def test_each_public_name_is_in_a_document() -> None:
    everything = "\n".join(TEXTS.values())
    names = {*tb_explain.__all__, *offered.__all__} - {"__version__"}
    assert sorted(name for name in names if not re.search(rf"\b{name}\b", everything)) == []


@pytest.mark.parametrize("method", methods())
def test_each_method_has_formula_source_cost_and_doubts(method: str) -> None:
    said = dict(re.findall(r"^- \*\*(\w+)\*\* (.+)$", section(method), re.MULTILINE))
    assert list(said) == ["Formula", "Source", "Cost", "Beware"]
    assert method in section(method) or method not in SECTIONS, "its section does not name it"


@pytest.mark.parametrize("method", [method for method in methods() if method not in SECTIONS])
def test_the_source_of_each_method_is_that_of_its_code(method: str) -> None:
    """Each paper that the section names is named in the method's docstring, or in what it builds on."""
    source = re.search(r"\*\*Source\*\* (.*)", section(method))
    assert source is not None
    code = " ".join(inspect.getsource(inspect.getmodule(getattr(offered, method))).split())  # type: ignore[arg-type]
    for paper in re.findall(r"[A-Z][a-z]+(?: & [A-Z]\w+| et al\.) \d{4}", source[1]):
        assert paper in code, f"its code does not name {paper}"
    for equation in re.findall(r"eq\. (\d+)", source[1]):
        assert re.search(
            rf"eq\. ([\d, and]+ )?{equation}\b", " ".join((inspect.getdoc(getattr(offered, method)) or "").split())
        )


def test_the_guide_has_all_methods_in_its_table() -> None:
    table = TEXTS["guide.md"].partition("| what you want to know | methods |")[2].partition("\n\n")[0]
    of_maps = [name for name in methods() if name not in SECTIONS and name != "Activations"]
    assert [name for name in of_maps if f"`{name}`" not in table] == []


def test_each_subcommand_is_in_the_documents_and_takes_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    said = [line.replace("'", "").split() for line in re.findall(r"`tb-explain ([^`]+)`", "\n".join(TEXTS.values()))]
    assert sorted(set(subcommands()) - {words[0] for words in said}) == []
    for words in said:
        if words[1:]:
            tb_explain_takes(words, monkeypatch)
        else:
            assert words[0] in subcommands()


def test_each_option_that_is_named_is_there() -> None:
    """`--something` in the prose, whoever takes it; not of the page, where that is a colour."""
    sources = [ROOT / "tests" / "run", *(ROOT / "tb_explain" / "cli").glob("*.py"), *(ROOT / "examples").glob("*.py")]
    sources.append(Path(inspect.getfile(core_plugin)))
    sources += [*(ROOT / "tests").rglob("__main__.py"), *(ROOT / "tests" / "benchmarks").rglob("*.py")]
    known = set(re.findall(r"--[a-z][a-z_-]+", "\n".join(file.read_text() for file in sources)))
    named = set(
        re.findall(
            r"(?<=[` ])--[a-z][a-z_-]+", "\n".join(without_code(TEXTS[name]) for name in TEXTS if name != "frontend.md")
        )
    )
    assert sorted(named - known) == []


def test_each_example_is_in_a_document() -> None:
    scripts = [file.name for file in (ROOT / "examples").glob("*.py") if "__main__" in file.read_text()]
    assert [name for name in scripts if not any(name in text for text in TEXTS.values())] == []

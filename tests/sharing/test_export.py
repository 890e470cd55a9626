"""A report holds what was chosen of a logdir and what that refers to, in one file that runs one script and nothing else."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tb_explain import ExplainWriter
from tb_explain import open as open_logdir
from tb_explain.cli import main
from tb_explain.reading import MESSAGES
from tb_explain.records import content_hash, decode_array
from tb_explain.records import explain_pb2 as pb
from tb_explain.sharing.choice import Choice, StepChoice
from tb_explain.sharing.document import page_script
from tb_explain.sharing.export import TooLarge, export
from tb_explain.upkeep.contents import wrong_with_record
from tests.browser import every_kind, hostile_runs
from tests.conftest import index_of

ROUTES = {pb.IMAGE: "image", pb.CLASSES: "classes", pb.LABELS: "labels", pb.VOLUME: "volume", pb.COLUMN: "column"}


class Report(HTMLParser):
    """A report, read as a browser reads it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.tags: list[str] = []
        self._text: list[str] | None = None
        self.feed(path.read_text(encoding="utf-8"))
        self.parts = {str(attributes.get("id")): (attributes["type"], text) for attributes, text in self.scripts}
        self.runs = self.json("runs")["runs"]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
            self._text = []

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "script" and self._text is not None:
            self.scripts[-1] = self.scripts[-1][0], "".join(self._text)
            self._text = None

    def json(self, name: str) -> Any:
        return json.loads(self.parts[name][1])

    def series(self, run: int = 0) -> dict[str, dict[str, Any]]:
        """By tag and kind."""
        pages = [self.json(name)["series"] for name in self.parts if name.startswith(f"steps-{run}-")]
        return {f"{one['tag']} {one['kind']}": one for page in pages for one in page}

    def payloads(self, route: str, run: int = 0) -> dict[str, bytes]:
        """By key or hash."""
        return {
            name: self._payload(number) for name, number in self.json(f"places-{run}")[route].items()
        }  # all are there

    def _payload(self, number: int) -> bytes:
        kind, text = self.parts[f"payload-{number}"]
        content = base64.b64decode(text, validate=True)
        return zlib.decompress(content) if kind == "application/zlib" else content

    def wrong(self, run: int = 0) -> list[str]:
        """What is wrong with the records of a run, what they refer to included."""
        blobs = {kind: self.payloads(route, run) for kind, route in ROUTES.items()}
        for found in blobs.values():
            assert all(content_hash(content).hex() == name for name, content in found.items())

        def length(kind: int, name: bytes) -> int | None:
            content = blobs[kind].get(name.hex())
            return None if content is None else len(content)

        records = self.payloads("records", run)
        return [
            f"{name}: {wrong}"
            for name, series in self.series(run).items()
            for key in series["keys"]
            for wrong in wrong_with_record(
                pb.Kind.Value(series["kind"]), records[key], length, lambda name: blobs[pb.COLUMN][name.hex()]
            )
        ]


def exported(logdir: Path, target: Path, **chosen: Any) -> Report:
    export(str(logdir), target, Choice(**chosen), max_size=10**9)
    return Report(target)


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A logdir with one run of every kind."""
    logdir = tmp_path_factory.mktemp("every")
    every_kind.write_run(logdir / "run")
    return logdir


def test_a_report_has_every_record_and_all_that_they_refer_to(every: Path, tmp_path: Path) -> None:
    report = exported(every, tmp_path / "report.html")
    run = open_logdir(every).runs["run"]
    index = index_of(every / "run")
    stored = {f"{key.segment}-{key.entry}": index.read(key) for one in index.series() for key in index.steps(one).keys}
    assert report.payloads("records") == stored
    assert {series["tag"]: series["records"] for series in report.runs[0]["series"]}.keys() == run.tags.keys()
    assert {series["kind"] for series in report.series().values()} == {pb.Kind.Name(kind) for kind in MESSAGES}
    assert report.wrong() == []
    assert report.json("runs")["notices"] == []
    assert [failure["tag"] for failure in report.runs[0]["failures"]] == ["val/gradcam", "val/lime"]


def test_only_the_page_can_run_and_nothing_can_be_fetched(every: Path, tmp_path: Path) -> None:
    exported(every, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert re.fullmatch(r"'sha256-[\w+/]{43}='", rules["script-src"])
    assert rules["img-src"] == "blob: data:"
    assert not re.search(r"https?:|\*|unsafe-eval", policy)
    report = Report(tmp_path / "report.html")
    assert [text for attributes, text in report.scripts if attributes["type"] == "module"] == [page_script()]
    assert {attributes["type"] for attributes, _ in report.scripts} <= {
        "module", "application/json", "application/zlib", "application/octet-stream", "image/png", "image/jpeg", "image/webp",
    }  # fmt: skip
    assert not any(name in attributes for attributes, _ in report.scripts for name in ("src", "href"))


def test_texts_stay_in_their_place(every: Path, tmp_path: Path) -> None:
    logdir = tmp_path / "<title><script>alert(1)<!--"
    worn = hostile_runs.write_runs(logdir, every / "run")
    closing = hostile_runs.disguise(every / "run", logdir / "<!--<script>", 0)
    report = exported(logdir, tmp_path / "report.html")
    assert report.tags.count("script") == len(report.scripts)
    assert {tag for tag in report.tags if tag != "script"} == {"html", "head", "meta", "title", "body", "noscript"}
    assert sorted(run["run"] for run in report.runs) == sorted([*worn, "<!--<script>"])
    tags = {series["tag"] for run in report.runs for series in run["series"]}
    assert tags >= {*closing.found["Series.tag"].values()}
    assert any("</script>" in tag for tag in tags)
    raw = (tmp_path / "report.html").read_text()
    assert raw.count("</script>") == len(report.scripts)
    assert "<!--" not in raw


def log(run: Path, tags: Sequence[str], steps: Sequence[int], samples: int = 3, size: int = 8) -> None:
    random = np.random.default_rng(len(run.name))
    images = random.integers(0, 256, (samples, size, size, 3), np.uint8)
    with ExplainWriter(run) as writer:
        for step in steps:
            for tag in tags:
                writer.add_heatmaps(tag, random.random((samples, size, size)), images, step, dataformats="NHWC")


@pytest.mark.parametrize(
    ("rules", "logged", "chosen"),
    [
        ("last:2", range(5), [3, 4]),
        ("spread:3", range(0, 101, 10), [0, 50, 100]),
        ("every:4", range(10), [0, 4, 8, 9]),
        ("0,3", range(5), [0, 3]),
        ("7", range(5), []),
        ("2..3", range(5), [2, 3]),
        ("-5..-2,0", [-6, -5, -2, -1, 0], [-5, -2, 0]),
        ("1, last:1", range(5), [1, 4]),
    ],
)
def test_steps(rules: str, logged: Sequence[int], chosen: Sequence[int]) -> None:
    steps = np.array([*logged])
    assert steps[StepChoice.parse(rules).of(steps)].tolist() == [*chosen]


@pytest.mark.parametrize("rules", ["", "last", "first:3", "1-3", "a..b", "1..", "last:0"])
def test_steps_that_are_none(rules: str) -> None:
    with pytest.raises(ValueError, match=r"expected last:N, every:N, spread:N, a step, FIRST\.\.LAST"):
        StepChoice.parse(rules)


def test_runs_tags_and_steps_are_chosen(tmp_path: Path) -> None:
    log(tmp_path / "logs" / "a" / "one", ["val/x", "val/y", "z"], range(0, 50, 10))
    log(tmp_path / "logs" / "a" / "two", ["val/x"], [0, 7])
    log(tmp_path / "logs" / "b", ["val/x"], [3])
    report = exported(
        tmp_path / "logs", tmp_path / "r.html", runs=["a/*"], tags=["val/*"], steps=StepChoice.parse("last:1,10")
    )
    assert [run["run"] for run in report.runs] == ["a/one", "a/two"]
    assert {tag: one["steps"] for tag, one in report.series(0).items()} == {
        "val/x HEATMAPS": [10, 40],
        "val/y HEATMAPS": [10, 40],
    }
    assert {series["tag"]: series["records"] for series in report.runs[0]["series"]} == {"val/x": 2, "val/y": 2}
    assert report.series(1)["val/x HEATMAPS"]["steps"] == [7]
    assert len(report.payloads("records", 0)) == 4
    assert report.wrong(0) == report.wrong(1) == []
    assert report.json("order")[:2] == ["a/one", "a/two"]  # as TensorBoard has them, and so their colours
    assert "b" in report.json("order")
    assert report.json("runs")["notices"] == [
        "This report has a part of what was logged: 2 of 3 runs; series val/*; steps last:1,10."
    ]
    with pytest.raises(ValueError, match="no run is named c; there are a/one, a/two, b"):
        exported(tmp_path / "logs", tmp_path / "r.html", runs=["c"])
    with pytest.raises(ValueError, match=r"there are no explanations below .* that were chosen"):
        exported(tmp_path / "logs", tmp_path / "r.html", tags=["none"])


def test_samples_are_cut_out_of_every_kind(every: Path, tmp_path: Path) -> None:
    whole, report = exported(every, tmp_path / "whole.html"), exported(every, tmp_path / "report.html", samples=1)
    assert report.wrong() == []
    records, before = report.payloads("records"), whole.payloads("records")
    cut = set()
    for name, series in report.series().items():
        kind = pb.Kind.Value(series["kind"])
        for key, count in zip(series["keys"], series["counts"], strict=True):
            message, old = (MESSAGES[kind].FromString(all_of[key]) for all_of in (records, before))
            if kind == pb.PROJECTION or not len(old.samples):
                assert message == old
                continue
            assert len(message.samples) == count == 1, name
            assert message.samples[0] == old.samples[0]
            cut |= {kind} if len(old.samples) > 1 else set()
            if kind == pb.HEATMAPS:
                assert np.array_equal(decode_array(message.maps), decode_array(old.maps)[:1])
            if kind == pb.CLUSTERS:
                assert np.array_equal(
                    decode_array(message.forward.assignments), decode_array(old.forward.assignments)[:1]
                )
                assert message.forward.patches == old.forward.patches
            if kind == pb.RECONSTRUCTIONS:
                assert all(len(one.pictures) == 1 for one in message.reconstructions)
            if kind == pb.CHANNELS and len(old.maps) > 1:
                assert [*message.maps] == [old.maps[0]]
                ranges = [all_of.payloads("column") for all_of in (report, whole)]
                one, all_ = ranges[0][message.ranges.values.hex()], ranges[1][old.ranges.values.hex()]
                assert message.ranges.shape[0] == 1
                assert all_[: len(all_) // len(old.samples)] == one
    assert cut >= {pb.HEATMAPS, pb.SUPERPIXELS, pb.CORRELATIONS, pb.CLUSTERS, pb.RECONSTRUCTIONS, pb.CHANNELS}
    assert len(report.payloads("image")) < len(whole.payloads("image"))


def test_samples_of_a_step_are_the_first_whoever_logged_them(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (4, 8, 8, 3), np.uint8)
    with ExplainWriter(tmp_path / "logs") as writer:
        for step in (0, 1):
            for start in (0, 2):
                writer.add_heatmaps("x", random.random((2, 4, 4)), images[start : start + 2], step, dataformats="NHWC")
            writer.add_heatmaps("x", random.random((1, 4, 4)), images[:1], step, dataformats="NHWC")
    assert exported(tmp_path / "logs", tmp_path / "r.html", samples=3).series()["x HEATMAPS"]["counts"] == [2, 1, 1] * 2
    report = exported(tmp_path / "logs", tmp_path / "r.html", samples=1)
    assert report.series()["x HEATMAPS"]["counts"] == [1, 1] * 2
    assert report.runs[0]["series"][0]["records"] == 4


def test_a_report_that_would_be_too_large_is_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    log(tmp_path / "logs" / "a", ["small"], [0])
    log(tmp_path / "logs" / "b", ["large"], range(20), size=64)
    size = export("logs", Path("whole.html"), Choice(), max_size=10**9).size
    assert size == Path("whole.html").stat().st_size
    with pytest.raises(TooLarge, match=f"would have {size} bytes"):
        export("logs", Path("report.html"), Choice(), max_size=size - 1)
    assert main(["export", "logs", "--max-size", "600kB"]) == 1
    said = capsys.readouterr().err
    assert f"the report would have {size / 1000:.1f} kB, and may have 600.0 kB; " in said
    assert re.search(r"; [\d.]+ kB are large of b, [\d.]+ kB are small of a\.", said), said
    assert "--steps (such as last:1 or spread:5)" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["logs", "whole.html"]
    assert export("logs", Path("report.html"), Choice(), max_size=size).size == size
    assert main(["export", "logs", "--max-size", "plenty"]) == 1
    assert "--max-size plenty is no size; expected one such as 25MB" in capsys.readouterr().err


def test_the_command_says_what_it_did_and_replaces_nothing_unasked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log(tmp_path / "logs" / "a", ["x"], [0, 1])
    target = tmp_path / "report.html"
    arguments = ["export", str(tmp_path / "logs"), "-o", str(target)]
    assert main(arguments) == 0
    assert re.fullmatch(rf"{re.escape(str(target))}: [\d.]+ kB, 2 records of a\n", capsys.readouterr().out)
    before = target.read_bytes()
    assert main([*arguments, "--steps", "last:1"]) == 1
    assert "report.html is there already; give another -o, or --force to replace it" in capsys.readouterr().err
    assert target.read_bytes() == before
    assert main([*arguments, "--steps", "last:1", "--force", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["bytes"] == target.stat().st_size
    assert (facts["runs"], facts["records"], facts["unreadable"]) == (["a"], 1, 0)
    assert [(series["run"], series["tag"]) for series in facts["series"]] == [("a", "x")]
    assert main([*arguments[:2], "-o", str(tmp_path / "no" / "report.html")]) == 1
    assert "there is no directory" in capsys.readouterr().err
    assert main(["export", str(tmp_path / "nothing")]) == 1
    assert "is not a directory" in capsys.readouterr().err


def test_the_same_logdir_gives_the_same_report(every: Path, tmp_path: Path) -> None:
    exported(every, tmp_path / "a.html")
    exported(every, tmp_path / "b.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_what_is_damaged_is_listed_without_its_payload(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log(tmp_path / "logs", ["x"], [0, 1])
    (data,) = (tmp_path / "logs" / "plugins" / "tb_explain").glob("*.data")
    content = bytearray(data.read_bytes())
    content[-20] ^= 0xFF  # of the last record
    data.write_bytes(content)
    assert main(["export", str(tmp_path / "logs"), "-o", str(tmp_path / "r.html")]) == 1
    out, err = capsys.readouterr()
    assert "2 records of ." in out
    assert err == "1 record cannot be read: tb-explain verify tells more\n"
    report = Report(tmp_path / "r.html")
    assert report.series()["x HEATMAPS"]["steps"] == [0, 1]
    assert [*report.payloads("records")] == report.series()["x HEATMAPS"]["keys"][:1]

"""Every route answers as docs/http.md says, and says in one sentence why it does not."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tb_explain import ExplainWriter
from tb_explain.plugin import page as page_module
from tb_explain.plugin import plugin as plugin_module
from tb_explain.records import Record, listing
from tb_explain.records import explain_pb2 as pb
from tests.conftest import Run
from tests.plugin.conftest import Page

UNREADABLE, ASK_AGAIN = 0xFFFFFFFF, 0xFFFFFFFE
A_YEAR = "private, max-age=31536000, immutable"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path).log("probe/GradCAM", [0, 10, 20])


@pytest.fixture
def page(run: Run, page_of: Callable[..., Page]) -> Page:
    return page_of(run.directory)


def payloads(body: bytes) -> Iterator[bytes | int]:
    """The payloads of an answer of `records`; a sentinel in place of one that is not there."""
    position = 0
    while position < len(body):
        (length,) = struct.unpack_from("<I", body, position)
        position += 4
        if length in (UNREADABLE, ASK_AGAIN):
            yield length
        else:
            yield body[position : position + length]
            position += length


def keys(page: Page, **query: Any) -> list[str]:
    return [key for series in page.series(**query) for key in series["keys"]]


def test_runs(page: Page) -> None:
    answer = page.ask("runs")
    epoch = page.runs()["."]["epoch"]
    assert answer.json == {
        "runs": [
            {
                "run": ".",
                "epoch": epoch,
                "series": [
                    {
                        "tag": "probe/GradCAM",
                        "kind": "HEATMAPS",
                        "method": "GradCAM",
                        "layer": "layer4",
                        "parameters": "{}",
                        "description": "of the probe",
                        "records": 3,
                    }
                ],
                "counts": {"unknown": 0, "damaged": 0, "failed": 0, "dropped": 0},
                "failures": [],
            }
        ],
        "notices": [],
    }
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"


def test_runs_tells_the_newest_failures(run: Run, page_of: Callable[..., Page]) -> None:
    failures = [
        pb.Entry(
            kind=pb.FAILURE, step=step, wall_time=float("nan"), failure=pb.Failure(tag="t", message="out of memory")
        )
        for step in range(30)
    ]
    failures[29].failure.dropped = True
    run.segment.append([Record(failure, b"") for failure in failures])
    (described,) = page_of(run.directory).runs().values()
    assert described["counts"] == {"unknown": 0, "damaged": 0, "failed": 29, "dropped": 1}
    assert [failure["step"] for failure in described["failures"]] == list(range(10, 30))
    assert described["failures"][-1] == {
        "tag": "t",
        "step": 29,
        "wall_time": 0.0,
        "message": "out of memory",
        "detail": "",
        "dropped": True,
    }


def test_kinds_of_a_newer_version_are_left_out(run: Run, page_of: Callable[..., Page]) -> None:
    run.segment.append(run.segment.series(pb.Series(kind=99, tag="from the future")))  # type: ignore[arg-type]
    assert [series["tag"] for series in page_of(run.directory).runs()["."]["series"]] == ["probe/GradCAM"]


def test_steps(run: Run, page: Page) -> None:
    run.log("probe/LayerCAM", [7])
    both = page.series()
    assert [series["tag"] for series in both] == ["probe/GradCAM", "probe/LayerCAM"]
    first = both[0]
    assert (first["kind"], first["steps"], first["counts"]) == ("HEATMAPS", [0, 10, 20], [2, 2, 2])
    assert first["wall_times"] == [1e9, 1e9 + 10, 1e9 + 20]
    assert len(set(first["keys"])) == 3
    assert page.series(tag="probe/LayerCAM") == both[1:]
    assert page.series(tag=["probe/LayerCAM", "probe/GradCAM"]) == both[::-1]


def test_steps_come_in_pages_and_later_only_those_that_are_new(
    run: Run, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.log("other", [5])
    (whole,) = page.listing()
    assert (whole["anew"], whole["more"]) == (True, False)
    assert whole["parts"] == [f"{run.segment.path.name.rpartition('.')[2]}-0"]
    monkeypatch.setattr(listing, "_PAGE", 2)
    first, second = page.listing()
    assert [[(s["tag"], s["steps"]) for s in page["series"]] for page in (first, second)] == [
        [("probe/GradCAM", [0, 10]), ("other", [])],
        [("probe/GradCAM", [20]), ("other", [5])],
    ]
    assert [(page["anew"], page["more"]) for page in (first, second)] == [(True, True), (False, False)]
    (nothing,) = page.listing(after=second["next"])
    assert (nothing["series"], nothing["anew"]) == ([], False)
    for elsewhere in ("0-1", second["next"] + "0"):  # of another server, or from the future
        assert next(page.listing(after=elsewhere))["anew"]


@pytest.mark.parametrize("cursor", ["", "x", "1", "-1", "1-", "g-1", "1-1-1", "1-99999999999", "1" * 13 + "-1"])
def test_a_cursor_that_is_none_is_refused(page: Page, cursor: str) -> None:
    answer = page.ask("steps", run=".", kind="HEATMAPS", after=cursor)
    assert answer.status_code == 400
    assert "is not where a listing goes on" in answer.text
    assert page.ask("steps", run=".", kind="HEATMAPS", after=["1-1", "1-2"]).status_code == 400


def test_records_come_byte_for_byte_in_the_order_asked(run: Run, page: Page) -> None:
    first, second, third = keys(page)
    answer = page.ask("records", run=".", key=[third, first, first, second])
    assert list(payloads(answer.data)) == [run.payloads[i] for i in (2, 0, 0, 1)]
    assert answer.headers["Cache-Control"] == A_YEAR
    assert answer.headers["Content-Type"] == "application/octet-stream"


def test_an_unknown_key_does_not_spoil_the_others(run: Run, page: Page) -> None:
    first, *_ = keys(page)
    answer = page.ask("records", run=".", key=["39ca74a568a6-17", first, first.replace("-", "-9999")])
    assert list(payloads(answer.data)) == [UNREADABLE, run.payloads[0], UNREADABLE]
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_damaged_record_does_not_spoil_the_others(run: Run, page: Page) -> None:
    data = bytearray(run.data.read_bytes())
    data[data.index(run.payloads[1]) + 5] ^= 1
    run.data.write_bytes(data[: data.index(run.payloads[2]) + 3])  # the second has a wrong byte, the third is cut short
    answer = page.ask("records", run=".", key=keys(page))
    assert list(payloads(answer.data)) == [run.payloads[0], UNREADABLE, UNREADABLE]
    assert answer.headers["Cache-Control"] == "no-store"


def test_records_without_a_data_file_are_unreadable(run: Run, page: Page) -> None:
    asked = keys(page)
    run.data.unlink()
    assert list(payloads(page.ask("records", run=".", key=asked).data)) == [UNREADABLE] * 3


def test_a_large_answer_is_cut_short_after_64_mib(run: Run, page_of: Callable[..., Page]) -> None:
    run.log_bytes("large", [bytes([i]) * (33 << 20) for i in range(3)])
    page = page_of(run.directory)
    asked = keys(page, tag="large")
    answer = page.ask("records", run=".", key=[*asked, "39ca74a568a6-17"])
    first, second, *rest = payloads(answer.data)
    assert (first, second) == (run.payloads[3], run.payloads[4])
    assert rest == [ASK_AGAIN, ASK_AGAIN]
    assert answer.headers["Cache-Control"] == "no-store"
    assert list(payloads(page.ask("records", run=".", key=asked[2]).data)) == [run.payloads[5]]


def test_at_most_256_records_an_answer(page: Page) -> None:
    first, *_ = keys(page)
    assert len(list(payloads(page.ask("records", run=".", key=[first] * 256).data))) == 256
    refused = page.ask("records", run=".", key=[first] * 257)
    assert (refused.status_code, refused.text) == (400, "There are 257 parameters “key”; expected 1 to 256.")


@pytest.mark.parametrize("images", [True, False])
def test_summaries_are_records_without_maps_of_the_samples_asked_for(
    tmp_path: Path, page_of: Callable[..., Page], images: bool
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), np.uint8) if images else None
    given: dict[str, Any] = {"labels": [0, 1, 2], "predicted_probabilities": [0.5, 0.25, 1.0], "predicted": [2, 1, 0]}
    with ExplainWriter(tmp_path) as writer:
        for step in (1, 2):
            maps = np.random.default_rng(step).random((3, 2, 50, 50))
            targets, probabilities = [[0, 1], [1, 2], [2, 0]], np.arange(6).reshape(3, 2) / 8
            writer.add_heatmaps(
                "t", maps, pixels, step, dataformats="NHWC", targets=targets, probabilities=probabilities, **given
            )
    page = page_of(tmp_path)
    asked = keys(page)
    records = [pb.Heatmaps.FromString(one) for one in payloads(page.ask("records", run=".", key=asked).data)]
    answer = page.ask("summaries", run=".", key=asked)
    assert answer.headers["Cache-Control"] == A_YEAR and len(answer.data) < 1000
    for record, summary in zip(records, payloads(answer.data), strict=True):
        read = pb.Heatmaps.FromString(summary)
        assert not read.HasField("maps")
        record.ClearField("maps"), record.ClearField("signed"), record.ClearField("class_dependent")
        assert read == record
    wanted = [records[0].samples[2].image.hex() or "#2", records[0].samples[0].image.hex() or "#0"]
    for record, summary in zip(
        records, payloads(page.ask("summaries", run=".", key=asked, sample=wanted).data), strict=True
    ):
        read = pb.Heatmaps.FromString(summary)
        assert list(read.samples) == [record.samples[0], record.samples[2]], "in the order of the record"
        assert list(read.targets) == [0, 1, 2, 0]
        assert list(read.probabilities) == [0, 0.125, 0.5, 0.625]
    (none,) = payloads(page.ask("summaries", run=".", key=asked[0], sample="f" * 32).data)
    assert pb.Summary.FromString(none).targets == []


def test_what_contradicts_itself_has_no_summary_of_a_sample(run: Run, page_of: Callable[..., Page]) -> None:
    samples = [pb.Sample(name="a"), pb.Sample(name="b")]
    payload = pb.Heatmaps(samples=samples, targets=[0, 1], probabilities=[0.5]).SerializeToString()
    run.log("probe/GradCAM", [0]).segment.append([run.record(1, 99, payload, 2)])
    page = page_of(run.directory)
    odd = keys(page)[-1]
    assert list(payloads(page.ask("records", run=".", key=odd).data)) == [payload]
    answer = page.ask("summaries", run=".", key=odd, sample="#0")
    assert list(payloads(answer.data)) == [UNREADABLE] and answer.headers["Cache-Control"] == "no-store"


def test_images(run: Run, page: Page) -> None:
    assert len(run.images) == 2
    for name, encoded in run.images.items():
        answer = page.ask("image", run=".", hash=name)
        assert answer.data == encoded
        assert answer.headers["Content-Type"] == "image/png"
        assert answer.headers["Cache-Control"] == A_YEAR


def test_what_is_no_image_is_not_served_as_one(run: Run, page_of: Callable[..., Page]) -> None:
    name, records = run.segment.blob(pb.IMAGE, b"<svg onload='alert(1)'/>")
    run.segment.append(records)
    answer = page_of(run.directory).ask("image", run=".", hash=name.hex())
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/plain; charset=utf-8")


def test_a_damaged_image_is_not_served(run: Run, page: Page) -> None:
    name, encoded = next(iter(run.images.items()))
    data = bytearray(run.data.read_bytes())
    data[data.index(encoded) + len(encoded) // 2] ^= 1
    run.data.write_bytes(data)
    answer = page.ask("image", run=".", hash=name)
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"
    assert "damaged" in answer.text


@pytest.mark.parametrize("damaged", ["the first copy", "the second copy"])
@pytest.mark.parametrize("at", ["its beginning", "its end", "all of its file"])
def test_a_damaged_copy_does_not_hide_a_sound_one(
    tmp_path: Path, page_of: Callable[..., Page], damaged: str, at: str
) -> None:
    """Of a run that was resumed: each of its segments has the pictures."""
    copies = [Run(tmp_path).log("t", [0]) for _ in range(2)]
    page = page_of(tmp_path)
    images = copies[0].images
    assert copies[1].images == images
    file = copies[damaged == "the second copy"].data
    data = bytearray(file.read_bytes())
    for encoded in images.values():
        data[data.index(encoded) + (0 if at == "its beginning" else len(encoded) - 1)] ^= 1
    file.write_bytes(data if at != "all of its file" else b"")
    for name, encoded in images.items():
        answer = page.ask("image", run=".", hash=name)
        assert (answer.status_code, answer.data) == (200, encoded)
        assert page.plugin._runs.find(".").read_blob(pb.IMAGE, bytes.fromhex(name)) == encoded  # type: ignore[union-attr]


def test_classes(run: Run, page: Page) -> None:
    ((name, encoded),) = run.classes.items()
    answer = page.ask("classes", run=".", hash=name)
    assert answer.data == encoded
    assert list(pb.ClassNames.FromString(answer.data).names) == ["cat", "dog"]
    assert page.ask("image", run=".", hash=name).status_code == 404  # a hash is looked for among its kind


@pytest.mark.parametrize(("route", "kind"), [("labels", pb.LABELS), ("volume", pb.VOLUME), ("column", pb.COLUMN)])
def test_label_maps_volumes_and_columns(run: Run, page: Page, route: str, kind: pb.Kind) -> None:
    encoded = b"a message"
    name, records = run.segment.blob(kind, encoded)
    run.segment.append(records)
    page.runs()  # has the new records read
    answer = page.ask(route, run=".", hash=name.hex())
    assert answer.status_code == 200
    assert answer.data == encoded
    assert page.ask("image", run=".", hash=name.hex()).status_code == 404


def test_steps_of_several_kinds(run: Run, page: Page) -> None:
    declared = pb.Series(kind=pb.OCCLUSION, tag="probe/Occlusion")
    run.segment.append(run.segment.series(declared))
    run.segment.append([Record(pb.Entry(kind=pb.OCCLUSION, series=declared.id, step=3, count=1), b"x")])
    answer = page.ask("steps?run=.&kind=HEATMAPS&kind=OCCLUSION&kind=HEATMAPS")
    assert [(one["kind"], one["tag"]) for one in answer.json["series"]] == [
        ("HEATMAPS", "probe/GradCAM"),
        ("OCCLUSION", "probe/Occlusion"),
    ]
    assert [one["kind"] for one in page.ask("steps?run=.&kind=OCCLUSION").json["series"]] == ["OCCLUSION"]


@pytest.mark.parametrize(
    ("route", "query", "status", "says"),
    [
        ("steps", {}, 400, "There is no parameter “kind”; expected one or more, such as kind=HEATMAPS."),
        ("steps", {"run": ".", "kind": "HEATMAP"}, 400, "There is no kind 'HEATMAP'; expected one such as HEATMAPS."),
        ("steps", {"run": "no", "kind": "HEATMAPS"}, 404, "There is no run 'no' with explanations."),
        ("steps", {"run": [".", "."], "kind": "HEATMAPS"}, 400, "There are 2 parameters “run”"),
        ("steps", {"run": ".", "kind": "HEATMAPS", "tag": "no"}, 404, "This run has no series 'no' of kind HEATMAPS."),
        ("records", {"run": "."}, 400, "There are 0 parameters “key”; expected 1 to 256."),
        ("records", {"key": "39ca74a568a6-17"}, 400, "There are 0 parameters “run”"),
        ("records", {"run": ".", "key": "17"}, 400, "'17' is no key; expected one as in the answer of steps"),
        ("records", {"run": ".", "key": "a--1"[:2]}, 400, "'a-' is no key"),
        ("records", {"run": ".", "key": "a-" + "9" * 5000}, 400, "is no key"),
        ("summaries", {"run": ".", "key": "a-1", "sample": "A"}, 400, "'A' names no sample; expected the content hash"),
        ("image", {"run": "."}, 400, "There are 0 parameters “hash”; expected one: a content hash."),
        ("image", {"run": ".", "hash": "xyz"}, 400, "'xyz' is no content hash; expected 32 hexadecimal digits."),
        ("image", {"run": ".", "hash": "٠" * 32}, 400, "is no content hash"),
        ("image", {"run": ".", "hash": "0" * 32}, 404, "This run has nothing with the content hash " + "0" * 32),
        ("classes", {"run": ".", "hash": "0" * 32}, 404, "This run has nothing with the content hash " + "0" * 32),
    ],
)
def test_refusals_say_what_was_wrong(page: Page, route: str, query: dict[str, Any], status: int, says: str) -> None:
    answer = page.ask(route, **query)
    assert answer.status_code == status
    assert answer.text.startswith(says) or says in answer.text
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(answer.data) < 300


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "../..",
        "/",
        "/etc",
        "//etc/passwd",
        "./.",
        "\0",
        ".\0",
        "%2e%2e",
        "..\\..",
        "~",
        "\ud800".encode("utf-8", "surrogatepass"),
    ],
)
def test_a_run_name_is_looked_up_and_never_opened(page: Page, name: str) -> None:
    assert page.ask("steps", run=name, kind="HEATMAPS").status_code == 404
    assert page.ask("image", run=name, hash="0" * 32).status_code == 404


def test_bytes_that_are_no_text_are_refused_not_failed_on(page: Page) -> None:
    assert page.ask("steps?run=%ff%fe&kind=HEATMAPS").status_code == 404
    assert page.ask("steps?run=%&kind=%zz").status_code == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("route", ["runs", "steps", "records", "image", "classes", "static/index.js"])
def test_only_get_and_head_are_answered(page: Page, route: str, method: str) -> None:
    answer = page.ask(route, method=method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_head_is_get_without_the_body(run: Run, page: Page) -> None:
    asked = {
        "runs": {},
        "image": {"run": ".", "hash": next(iter(run.images))},
        "static/index.js": {},
    }
    for route, query in asked.items():
        get, head = page.ask(route, **query), page.ask(route, method="HEAD", **query)
        assert head.status_code == 200
        assert not head.data
        assert list(head.headers) == list(get.headers)


def test_large_json_is_compressed_for_those_who_take_it(run: Run, page_of: Callable[..., Page]) -> None:
    run.log_bytes("long", [b"x"] * 1000)
    page = page_of(run.directory)
    query = {"run": ".", "kind": "HEATMAPS", "tag": "long"}
    plain = page.ask("steps", **query)
    packed = page.ask("steps", headers={"Accept-Encoding": "gzip, br"}, **query)
    refused = page.ask("steps", headers={"Accept-Encoding": "br, gzip;q=0"}, **query)
    assert gzip.decompress(packed.data) == plain.data == refused.data
    assert (packed.headers["Content-Encoding"], packed.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert "Content-Encoding" not in plain.headers
    assert "Content-Encoding" not in page.ask("runs", headers={"Accept-Encoding": "gzip"}).headers


def test_a_failing_route_answers_500_and_logs_its_traceback_once(
    page: Page, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(plugin_module, "to_json", fail)
    answer = page.ask("runs")
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "text/plain; charset=utf-8")
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[0] is MemoryError
    caplog.clear()
    assert page.ask("steps", run=".", kind="HEATMAPS").status_code == 200


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page of a few files, and secrets around it."""
    root = tmp_path / "plugin" / "static"
    (root / "chunks").mkdir(parents=True)
    (root / "index.js").write_text("export function render() {}\n" * 100)
    (root / "chunks" / "view-3kBq_1xZ.js").write_text("export {};\n")
    (root / "chunks" / "scale-Az09bYcX.wasm").write_bytes(b"\0asm")
    (root / "chunks" / "style-Az09bYcX.css").write_text("body {}\n")
    (root / "chunks" / "LICENSES").write_text("MIT\n")
    (tmp_path / "plugin" / "secret.js").write_text("secret\n")
    (tmp_path / "plugin" / "static-other").mkdir()
    (tmp_path / "plugin" / "static-other" / "secret.js").write_text("secret\n")
    (root / "link.js").symlink_to(tmp_path / "plugin" / "secret.js")
    monkeypatch.setattr(page_module, "BUNDLE", root)
    return root


def test_the_entry_is_revalidated(page: Page, bundle: Path) -> None:
    answer = page.ask("static/index.js")
    assert answer.data == (bundle / "index.js").read_bytes()
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    unchanged = {"If-None-Match": answer.headers["ETag"]}
    again = page.ask("static/index.js", headers=unchanged)
    assert (again.status_code, again.data) == (304, b"")
    packed = page.ask("static/index.js", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.data) == answer.data
    assert page.ask("static/index.js", headers={"Accept-Encoding": "gzip"} | unchanged).status_code == 304
    (bundle / "index.js").write_text("export function render() { rebuilt(); }\n")
    rebuilt = page.ask("static/index.js", headers=unchanged)
    assert (rebuilt.status_code, b"rebuilt" in rebuilt.data) == (200, True)


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("chunks/view-3kBq_1xZ.js", "text/javascript; charset=utf-8"),
        ("chunks/scale-Az09bYcX.wasm", "application/wasm"),
        ("chunks/style-Az09bYcX.css", "text/css; charset=utf-8"),
        ("chunks/LICENSES", "application/octet-stream"),
    ],
)
def test_hashed_files_are_kept_for_a_year(page: Page, bundle: Path, name: str, media_type: str) -> None:
    answer = page.ask(f"static/{name}")
    assert answer.data == (bundle / name).read_bytes()
    assert (answer.headers["Content-Type"], answer.headers["Cache-Control"]) == (media_type, A_YEAR)


OUTSIDE = [
    "../secret.js",
    "%2e%2e/secret.js",
    "..%2fsecret.js",
    "%2e%2e%2fsecret.js",
    "chunks/../../secret.js",
    "../static-other/secret.js",
    "..\\secret.js",
    "link.js",
    "//etc/passwd",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "../../../../../../../../etc/passwd",
    "chunks",
    "chunks/",
    "",
    ".",
    "index.js%00",
    "%00",
    "a" * 5000,
]


@pytest.mark.usefixtures("bundle")
@pytest.mark.parametrize("spelling", OUTSIDE, ids=range(len(OUTSIDE)))
def test_only_files_of_the_bundle_are_served(page: Page, spelling: str, caplog: pytest.LogCaptureFixture) -> None:
    answer = page.ask(f"static/{spelling}")
    if not spelling:
        caplog.clear()  # TensorBoard itself says that it knows no such path
    assert answer.status_code == 404
    assert b"secret\n" not in answer.data
    assert b"root:" not in answer.data


def test_a_checkout_without_the_page_says_how_to_build_it(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_module, "BUNDLE", tmp_path / "nothing")
    answer = page.ask("static/index.js")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert "export function render()" in answer.text
    assert "npm --prefix plugin_frontend run build" in answer.text

"""The routes of docs/http.md. Nothing that a request says becomes a path."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tensorboard.context import RequestContext
from tensorboard.plugins.base_plugin import FrontendMetadata, TBContext, TBPlugin
from werkzeug import Request, Response

from tb_explain.plugin.answers import Descriptions, list_records
from tb_explain.plugin.discovery import roots_of
from tb_explain.plugin.http import (
    Refusal,
    application,
    as_json,
    json_text,
    malformed,
    quoted,
    the_only,
    to_json,
    unknown,
)
from tb_explain.plugin.logdirs import Logdirs
from tb_explain.plugin.page import static
from tb_explain.plugin.payloads import OCTETS, Read, framed, image_type, whole
from tb_explain.plugin.summaries import summarise
from tb_explain.records import DamagedRecord, Payload, RunIndex
from tb_explain.records import explain_pb2 as pb
from tb_explain.records.listing import Cursor, RecordKey
from tb_explain.records.payload import PIECE, of_any_copy

_MOST_RECORDS = 256  # of one answer
_KEY = re.compile(r"(.{1,200})-([0-9]{1,18})", re.DOTALL)
_CURSOR = re.compile(r"([0-9a-f]{1,12})-([0-9]{1,10})")
_HASH = re.compile(r"[0-9a-fA-F]{32}")
_SAMPLE = re.compile(r"[0-9a-f]{32}|#(0|[1-9][0-9]{0,8})")


class ExplainPlugin(TBPlugin):
    """Serves the explanations below TensorBoard's logdir, and the page that shows them."""

    plugin_name = "tb_explain"

    def __init__(self, context: TBContext) -> None:
        logdir_spec = getattr(context.flags, "logdir_spec", "")
        provider = context.data_provider
        # Made here, where a failure leaves TensorBoard without this plugin: when it is asked for, all tabs are.
        self._tab = FrontendMetadata(es_module_path="/static/index.js", tab_name="Explain")

        def listed() -> Iterable[str]:
            found = provider.list_runs(RequestContext(), experiment_id="") if provider else ()
            return [run.run_name for run in found]

        self._runs = Logdirs(roots_of(context.logdir or "", logdir_spec or ""), listed)
        self._descriptions = Descriptions()

    def is_active(self) -> bool:
        """Whether there are explanations, as far as is known now."""
        return self._runs.any()

    def frontend_metadata(self) -> FrontendMetadata:
        """The tab and the module that fills it."""
        return self._tab

    def get_plugin_apps(self) -> Mapping[str, Any]:
        """The routes."""
        views = {
            "/runs": self._serve_runs,
            "/steps": self._serve_steps,
            "/records": self._serve_records,
            "/summaries": self._serve_summaries,
            "/image": self._serve_image,
            "/classes": self._serve_classes,
            "/labels": self._serve_labels,
            "/volume": self._serve_volume,
            "/column": self._serve_column,
            "/static/*": static,
        }
        return {route: application(view) for route, view in views.items()}

    def _serve_runs(self, request: Request) -> Response:
        described = self._descriptions.of(self._runs.current())
        more: dict[str, object] = {"notices": self._runs.notices()}
        share = self._runs.indexing()
        if share is not None:
            more["indexing"] = share
        return json_text(request, f'{{"runs":[{",".join(described)}],{to_json(more)[1:]}'.encode())

    def _serve_steps(self, request: Request) -> Response:
        kinds = _parse_kinds(request.args.getlist("kind"))
        self._runs.current()  # whose answer does not matter: it has the run's newest records read
        run = self._run(request)
        tags = request.args.getlist("tag")
        for tag in tags:
            _check(run, tag, kinds)
        return as_json(request, list_records(run, kinds, tags, _parse_cursor(request.args.getlist("after"))))

    def _serve_records(self, request: Request) -> Response:
        return self._payloads(request, lambda payload: payload.pieces())

    def _serve_summaries(self, request: Request) -> Response:
        samples = frozenset(request.args.getlist("sample"))
        for sample in samples:
            if not _SAMPLE.fullmatch(sample):
                raise malformed(
                    f"{quoted(sample)} names no sample; expected the content hash of its image, or # and its place."
                )
        return self._payloads(request, lambda payload: _summary(payload, samples))

    def _payloads(self, request: Request, made: Callable[[Payload], Iterable[bytes]]) -> Response:
        """What is made of the payloads of the records asked for."""
        run = self._run(request)
        keys = [_parse_key(text) for text in request.args.getlist("key")]
        if not 1 <= len(keys) <= _MOST_RECORDS:
            raise malformed(f"There are {len(keys)} parameters “key”; expected 1 to {_MOST_RECORDS}.")

        def read(key: RecordKey) -> Read:
            return lambda: made(run.payload(key))

        return framed(request, [read(key) for key in keys])

    def _serve_image(self, request: Request) -> Response:
        return self._blob(request, pb.IMAGE)

    def _serve_classes(self, request: Request) -> Response:
        return self._blob(request, pb.CLASSES)

    def _serve_labels(self, request: Request) -> Response:
        return self._blob(request, pb.LABELS)

    def _serve_volume(self, request: Request) -> Response:
        return self._blob(request, pb.VOLUME)

    def _serve_column(self, request: Request) -> Response:
        return self._blob(request, pb.COLUMN)

    def _run(self, request: Request) -> RunIndex:
        name = the_only(request, "run", "the name of a run")
        run = self._runs.find(name)
        if run is None:
            raise unknown(f"There is no run {quoted(name)} with explanations.")
        return run

    def _blob(self, request: Request, kind: int) -> Response:
        name = the_only(request, "hash", "a content hash")
        if not _HASH.fullmatch(name):
            raise malformed(f"{quoted(name)} is no content hash; expected 32 hexadecimal digits.")
        run = self._run(request)
        try:
            copies = run.copies(kind, bytes.fromhex(name))
            return of_any_copy(copies, lambda payload: _answer(request, kind, payload))
        except KeyError:
            raise unknown(f"This run has nothing with the content hash {name}.") from None
        except (DamagedRecord, OSError):
            raise unknown(f"What has the content hash {name} is damaged and cannot be read.") from None


def _answer(request: Request, kind: int, payload: Payload) -> Response:
    """Raises DamagedRecord, OSError, and Refusal for an image that is sound and none that is shown."""
    if kind != pb.IMAGE:
        return whole(request, payload.pieces, payload.length, OCTETS)
    try:
        media_type = image_type(payload.start(PIECE))
    except Refusal:
        for _ in payload.pieces():
            pass  # what is damaged says nothing about what it should be
        raise
    return whole(request, payload.pieces, payload.length, media_type)


def _parse_kinds(names: list[str]) -> list[int]:
    if not names:
        raise malformed("There is no parameter “kind”; expected one or more, such as kind=HEATMAPS.")
    for name in names:
        if name not in pb.Kind.keys():  # noqa: SIM118 (an enum wrapper is not iterable)
            raise malformed(f"There is no kind {quoted(name)}; expected one such as HEATMAPS.")
    return [pb.Kind.Value(name) for name in dict.fromkeys(names)]


def _check(run: RunIndex, tag: str, kinds: list[int]) -> None:
    if all(run.find(tag, kind) is None for kind in kinds):
        named = " or ".join(pb.Kind.Name(kind) for kind in kinds)
        raise unknown(f"This run has no series {quoted(tag)} of kind {named}.")


def _parse_cursor(texts: list[str]) -> Cursor | None:
    if not texts:
        return None
    match = _CURSOR.fullmatch(texts[0])
    if match is None or len(texts) > 1:
        raise malformed(
            f"{quoted(texts[0])} is not where a listing goes on; expected one “next” of an answer of steps."
        )
    return Cursor(int(match[1], 16), int(match[2]))


def _parse_key(text: str) -> RecordKey:
    match = _KEY.fullmatch(text)
    if match is None:
        raise malformed(f"{quoted(text)} is no key; expected one as in the answer of steps, such as 39ca74a568a6-17.")
    return RecordKey(match[1], int(match[2]))


def _summary(payload: Payload, samples: frozenset[str]) -> Iterable[bytes]:
    summary = summarise(payload.read(), samples)
    if summary is None:
        raise DamagedRecord("a record that cannot be summarised")
    return (summary,)

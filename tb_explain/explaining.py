"""The verbs that run methods: on a probe that is followed through training, or on all images of a loader."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from tb_explain import payloads, quality
from tb_explain.channel_verbs import ChannelVerbs
from tb_explain.declared import as_step
from tb_explain.pictures import pictures_one_by_one
from tb_explain.probe import Probe
from tb_explain.schedule import Schedule, check_schedule
from tb_explain.titles import as_part_of_tag, titles
from tb_explain.verbs import declared

if TYPE_CHECKING:
    import torch

    from tb_explain.methods import Explained, Method, Projection, SetMethod, Targets
    from tb_explain.methods.quality import Figure, FigureValues


class Explaining(ChannelVerbs):
    """Explains, and logs what comes of it."""

    _strict: bool
    _schedules: dict[str, Schedule]
    _drift: quality.Drift
    _found: dict[str, Sequence[Explained]]  # of methods that name what they find after the step before

    def explain(
        self,
        model: torch.nn.Module,
        probe: Probe,
        step: int,
        methods: Sequence[Method],
        *,
        targets: Targets = None,
        figures: Sequence[Figure] = (),
        every: int = 1,
        budget: float | None = None,
        walltime: float | None = None,
    ) -> list[Explained]:
        """Explain the probe's images and log it under `<probe>/<method>/<layer>`; leaves the model and its training as they were.

        Of several methods of one class at one layer those parameters are named too in which they differ: `<probe>/occlusion-baseline-blur`.

        Args:
            methods: for example `[GradCAM(), LayerCAM("layer3"), LIME()]`; those of layers share one forward pass.
            targets: what to explain, see `tb_explain.methods.Targets`; None: the predicted class of each image.
            figures: numbers that say how far to trust the maps, for example `[Insertion(), Deletion()]` of
                `tb_explain.methods.quality`. Their means become scalars, `explain/<method>/<figure>`, beside those of a random map and
                of a centred Gaussian. How far each map has moved since it was last logged is always among them.
            every: explain at the first call, then whenever a multiple of `every` steps is reached or passed.
            budget: share of the loop's time (0 to 1) that explaining may take; calls beyond it are skipped.

        Returns the results, in the order of the methods; none when nothing was due. A method that failed is logged, counted in
        `failed`, shown in the page and missing among the results; it raises only with `strict=True`. A `Projection` has no result
        here: it is reduced while training goes on.
        """
        at = 0  # what a step that is none is shown as
        try:
            step = at = as_step(step)
            check_schedule(every, budget)
            schedule = self._schedules.setdefault(_call(model, probe, methods), Schedule())
            if not schedule.due(step, every, budget):
                return []
            from tb_explain.methods.features import same_draws

            started = time.perf_counter()
            try:
                with same_draws(None):  # libraries draw random numbers, some when they are imported
                    return self._explain(model, probe, step, methods, targets, figures, walltime)
            finally:
                schedule.done(step, time.perf_counter() - started)
        except Exception as error:
            if self._strict:
                raise
            self._fail(getattr(probe, "name", "explain"), at, error)
            return []

    def explain_all(
        self,
        model: torch.nn.Module,
        loader: Any,
        step: int,
        methods: Sequence[Method],
        *,
        targets: Targets = None,
        name: str = "data",
        class_names: Sequence[str] | None = None,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        walltime: float | None = None,
    ) -> int:
        """Explain all images of a loader, batch by batch, each a record of the same step under `<name>/<method>/<layer>`.

        In a distributed job every rank gives a loader of its share, `DataLoader(share(dataset), 64)` with `share` of `tb_explain.ranks`;
        nobody waits for anybody, and the page shows the union.

        Args:
            loader: batches `(images, labels)` or `images` as the model takes them.
            methods: of single images; those that look at a whole set belong in `explain`.
            targets: as in `explain`; what names images one by one does not fit here.
            class_names, mean, std: as a `Probe` has them.

        Returns how many images there were. What fails is treated as in `explain`, method by method and batch by batch. Raises TypeError or
        ValueError for a loader or a method that does not fit.
        """
        from tb_explain.methods import Projection, SetMethod
        from tb_explain.methods.features import one_class_each, same_draws
        from tb_explain.methods.loader import check_loader, labelled, length

        step = as_step(step)
        check_loader(loader)
        of_sets = [type(method).__name__ for method in methods if isinstance(method, (SetMethod, Projection))]
        if of_sets:
            raise ValueError(f"{of_sets[0]} looks at all images together; give it to `explain`, with data=loader")
        called = _called(methods)
        n = 0
        with same_draws(loader):
            for images, labels in tqdm(
                labelled(loader), "explaining", length(loader), unit="batch", delay=2, disable=None
            ):
                known = None if labels is None else one_class_each(labels, targets)
                probe = Probe(images, known, class_names=class_names, name=name, mean=mean, std=std)
                probe.pictures = pictures_one_by_one(images.float().cpu().numpy(), mean, std)
                for result in self._results(model, probe, step, methods, targets):
                    title = called[id(result.method)]
                    with self._failing(_tag(probe, title, result), step):
                        self._log_result(result, quality.stored(result, [], len(probe)), title, probe, step, walltime)
                n += len(images)
        return n

    def _explain(
        self,
        model: torch.nn.Module,
        probe: Probe,
        step: int,
        methods: Sequence[Method],
        targets: Targets,
        figures: Sequence[Figure],
        walltime: float | None,
    ) -> list[Explained]:
        from tb_explain.methods import Projection

        projections = [method for method in methods if isinstance(method, Projection)]
        for projection in projections:
            with self._failing(f"{probe.name}/projection", step):
                self._project(model, probe, step, projection, targets, walltime)
        methods = [method for method in methods if not isinstance(method, Projection)]
        if projections and not methods:
            return []
        results = self._results(model, probe, step, methods, targets)
        values: list[list[FigureValues]] = [[] for _ in results]
        rated = [i for i, result in enumerate(results) if hasattr(result, "maps")]
        if figures and rated:
            from tb_explain.methods.quality import evaluate

            with self._failing(f"{probe.name}/figures", step):
                some = [results[i] for i in rated]
                found = evaluate(model, probe.images, some, figures, targets, masks=probe.masks)
                for i, of_result in zip(rated, found, strict=True):
                    values[i] = of_result
        called = _called(methods)
        kept = []
        for i, result in enumerate(results):
            title = called[id(result.method)]
            tag = _tag(probe, title, result)
            with self._failing(tag, step):
                moved = self._drift.since_last(tag, result) if i in rated else []
                stored = quality.stored(result, [*values[i], *moved], len(probe))
                self._log_result(result, stored, title, probe, step, walltime)
                kept.append((as_part_of_tag(title), result, stored))
        self._log_scalars(quality.scalars(kept, probe), step, walltime)
        return [result for _, result, _ in kept]

    def _results(
        self, model: torch.nn.Module, probe: Probe, step: int, methods: Sequence[Method], targets: Targets
    ) -> list[Explained]:
        """What the methods find, in their order; those that fail are left out, after the failure was recorded."""
        from tb_explain.methods import LayerMethod, SetMethod, attribute

        # One pass serves all layers; what runs the model for itself may fail for itself.
        of_layers: list[Method] = [method for method in methods if isinstance(method, LayerMethod)]
        groups = [[method] for method in methods if not isinstance(method, LayerMethod)]
        groups = [of_layers, *groups] if of_layers or not methods else groups
        found: list[Explained] = []
        while groups:
            group = groups.pop(0)
            try:
                if group and isinstance(group[0], SetMethod):
                    found += self._of_set(model, probe, group[0], targets)
                else:
                    found += attribute(model, probe.images, group, targets)
            except Exception as error:
                if self._strict:
                    raise
                if len(group) > 1:
                    groups[:0] = [[method] for method in group]
                else:
                    name = f"{probe.name}/{type(group[0]).__name__.lower()}" if group else probe.name
                    self._fail(name, step, error)
        order = {id(method): i for i, method in enumerate(methods)}
        return sorted(found, key=lambda result: order[id(result.method)])

    def _of_set(self, model: torch.nn.Module, probe: Probe, method: SetMethod, targets: Targets) -> list[Explained]:
        """What a method finds that looks at all images together, given what it found the last time."""
        key = f"{probe.name} {method!r}"
        found = method.of_probe(model, probe, targets, self._found.get(key))
        self._found[key] = method.kept(found)
        return found

    def _project(
        self,
        model: torch.nn.Module,
        probe: Probe,
        step: int,
        method: Projection,
        targets: Targets,
        walltime: float | None,
    ) -> None:
        names = probe.sample_names if method.data is None else None
        for features in method.of_probe(model, probe, targets):
            self.add_projection(
                f"{probe.name}/projection/{features.layer}",
                features,
                global_step=step,
                walltime=walltime,
                reducer=method.reducer,
                class_names=probe.class_names,
                sample_names=None if names is None else [names[i] for i in features.indices],
            )

    @contextmanager
    def _failing(self, tag: str, step: int) -> Iterator[None]:
        """What fails inside is recorded, and raised if `strict`."""
        try:
            yield
        except Exception as error:
            if self._strict:
                raise
            self._fail(tag, step, error)

    def _log_result(
        self,
        result: Explained,
        figures: Sequence[payloads.Figure],
        title: str,
        probe: Probe,
        step: int,
        walltime: float | None,
    ) -> None:
        method = result.method
        parameters = {f.name: getattr(method, f.name) for f in dataclasses.fields(method) if f.repr}
        if result.layer:
            parameters["layer"] = result.layer
        payload = payloads.payload_of(result, probe, figures)
        description = (type(method).__doc__ or "").strip().partition("\n")[0]
        declaration = declared(payload, _tag(probe, title, result), title, result.layer, parameters, description)
        self._log(payload, declaration, step, walltime)

    def _log_scalars(self, scalars: Iterable[tuple[str, float]], step: int, walltime: float | None) -> None:
        raise NotImplementedError

    def _fail(self, tag: str, step: int, error: Exception) -> None:
        raise NotImplementedError


def _call(model: torch.nn.Module, probe: Probe, methods: Sequence[Method]) -> str:
    """What a call of `explain` is known by from step to step. Modules may be printed alike: they count by their names."""
    from torch.nn import Module

    from tb_explain.methods.layers import bare, layer_names

    def modules(method: Method) -> list[str] | None:
        layers = getattr(method, "layer", None)
        given = layers if isinstance(layers, (list, tuple)) else [layers]
        return layer_names(bare(model), layers) if any(isinstance(one, Module) for one in given) else None

    return f"{probe.name} {methods!r} {[modules(method) for method in methods]}"


def _called(methods: Sequence[Method]) -> dict[int, str]:
    return dict(zip(map(id, methods), titles(methods), strict=True))


def _tag(probe: Probe, title: str, result: Explained) -> str:
    return "/".join(filter(None, (probe.name, as_part_of_tag(title), result.layer)))

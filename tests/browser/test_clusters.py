"""Filter-space clusters in a real Chromium: one is lit in all images at once, and a mistake is followed to where it begins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Locator, expect

from tb_explain import ExplainWriter
from tb_explain.records import explain_pb2 as pb
from tests.browser import cluster_runs as runs
from tests.browser.conftest import ExplainTab, OpenTab, pixels
from tests.conftest import StartTensorBoard, TensorBoard

pytestmark = pytest.mark.slow

VEIL = [0xF5, 0xF5, 0xF5, 255]
VIEW = "&p.tb_explain.view=clusters"


@dataclass
class Shown:
    """What was logged, and the TensorBoard that shows it."""

    server: TensorBoard
    logged: runs.Logged


@pytest.fixture(scope="module")
def shown(tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """One run."""
    logdir = tmp_path_factory.mktemp("clusters")
    logged = runs.write_run(logdir / "run")
    return Shown(tensorboard("--logdir", str(logdir)), logged)


def open_view(open_tab: OpenTab, server: TensorBoard, state: str = "", **options: object) -> ExplainTab:
    tab = open_tab(server, VIEW + state, **options)
    expect(tab.part("cluster-tile").first).to_be_visible()
    expect(tab.frame.locator('[aria-busy="true"]')).to_have_count(0)
    return tab


def layer(tab: ExplainTab, name: str) -> Locator:
    return tab.frame.locator(f'[data-testid="layer"][data-tag="val/clusters/{name}"]')


def canvas(tab: ExplainTab, name: str, sample: int) -> Locator:
    return layer(tab, name).get_by_test_id("cluster-tile").nth(sample).locator("canvas.overlay")


def row(tab: ExplainTab, name: str, cluster: int) -> Locator:
    return layer(tab, name).get_by_role("option").filter(has=tab.frame.locator(f'[data-cluster="{cluster}"]'))


def painted(tab: ExplainTab, name: str, sample: int) -> NDArray[np.uint8]:
    found = canvas(tab, name, sample)
    found.scroll_into_view_if_needed()
    tab.until(lambda: pixels(found)[..., 3].any())
    return pixels(found)


def colours(tab: ExplainTab, name: str, ids: NDArray[np.int64]) -> dict[int, tuple[int, ...]]:
    """The colour of each cluster; every cell of one has it, in all samples."""
    seen: dict[int, set[tuple[int, ...]]] = {}
    for sample in range(runs.N):
        found = painted(tab, name, sample)
        assert found.shape[:2] == ids[sample].shape  # one pixel a position: nothing is interpolated
        for cluster, colour in zip(ids[sample].flat, found.reshape(-1, 4).tolist(), strict=True):
            seen.setdefault(int(cluster), set()).add(tuple(colour))
    assert all(len(found) == 1 for found in seen.values()), seen
    return {cluster: found.pop() for cluster, found in seen.items()}


def expect_lit(tab: ExplainTab, name: str, ids: NDArray[np.int64], cluster: int) -> None:
    """In all images the positions of the cluster have its colour, and all others are veiled."""
    for sample in range(runs.N):
        found = canvas(tab, name, sample)
        found.scroll_into_view_if_needed()
        lit = ids[sample] == cluster

        def there(found: Locator = found, lit: NDArray[np.bool_] = lit) -> bool:
            now = pixels(found)
            return bool((now[~lit] == VEIL).all() and (now[lit][:, 3] == 150).all())

        tab.until(there)


def test_a_cluster_keeps_its_colour_from_step_to_step_and_no_other_has_it(open_tab: OpenTab, shown: Shown) -> None:
    tab = open_view(open_tab, shown.server)
    later = colours(tab, "conv1", shown.logged.ids["conv1", 10])
    assert len(set(later.values())) == len(later) == runs.K
    tab.part("step-slider").fill("0")
    expect(layer(tab, "conv1").get_by_test_id("cluster-tile").first).to_have_attribute("data-step", "0")
    ids = shown.logged.ids["conv1", 0]
    tab.until(lambda: pixels(canvas(tab, "conv1", 0))[0, 0].tolist() == list(later[int(ids[0, 0, 0])]))
    assert colours(tab, "conv1", ids) == later
    expect(canvas(tab, "conv1", 0)).to_have_css("image-rendering", "pixelated")


def test_layers_come_in_the_order_of_the_network(open_tab: OpenTab, shown: Shown) -> None:
    tab = open_view(open_tab, shown.server)
    expect(tab.part("layer").locator("h3")).to_have_text(list(runs.LAYERS))
    expect(tab.part("layer-strip").get_by_role("listitem")).to_have_text([
        re.compile("conv1.*k 6"), re.compile("conv2.*k 6.*1 wrong sample turns here"), re.compile("fc.*k 6"),
        "output 1 wrong sample turns here",
    ])  # fmt: skip
    expect(tab.part("count-study")).to_have_count(1)
    tab.part("cluster-layers").get_by_text("conv1").click()
    expect(tab.part("layer").locator("h3")).to_have_text(["conv2", "fc"])
    tab.until(lambda: tab.state().get("cluster_layers") == "conv2%2Cfc")


def test_pointing_at_a_cluster_lights_it_in_all_images_of_its_layer(open_tab: OpenTab, shown: Shown) -> None:
    tab = open_view(open_tab, shown.server, viewport={"width": 1600, "height": 1400})
    ids = shown.logged.ids["conv1", 10]
    before = painted(tab, "conv2", 0)
    row(tab, "conv1", 3).hover()
    expect_lit(tab, "conv1", ids, 3)
    assert (painted(tab, "conv2", 0) == before).all()
    layer(tab, "fc").locator("h3").hover()
    tab.until(
        lambda: (
            (pixels(canvas(tab, "conv1", 0))[..., 3] == 255).all()
            and len(np.unique(pixels(canvas(tab, "conv1", 0)).reshape(-1, 4), axis=0)) > 1
        )
    )


def test_pointing_at_a_position_lights_its_cluster_and_shows_its_facts(open_tab: OpenTab, shown: Shown) -> None:
    tab = open_view(open_tab, shown.server, viewport={"width": 1600, "height": 1400})
    ids = shown.logged.ids["conv2", 10]
    tile = layer(tab, "conv2").get_by_test_id("cluster-tile").first
    box = tile.locator(".picture").bounding_box()
    assert box
    tab.page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.25)
    cluster = int(ids[0, 0, 1])
    expect_lit(tab, "conv2", ids, cluster)
    expect(tab.part("cluster-facts")).to_have_attribute("data-cluster", str(cluster))
    expect(tile.locator(".readout")).to_have_text(
        f"{cluster} · {runs.NAMES[runs.dominant(cluster)]} {round(100 * runs.PURITY[cluster])}%"
    )
    expect(row(tab, "conv2", cluster)).to_have_attribute("data-highlighted", "true")


def test_a_click_keeps_a_cluster_lit_with_its_patches_and_classes(open_tab: OpenTab, shown: Shown) -> None:
    tab = open_view(open_tab, shown.server, viewport={"width": 1600, "height": 1400})
    ids = shown.logged.ids
    row(tab, "conv1", 4).click()
    layer(tab, "conv2").locator("h3").hover()
    expect_lit(tab, "conv1", ids["conv1", 10], 4)
    facts = tab.part("cluster-facts")
    expect(facts).to_contain_text("Cluster 4")
    expect(facts).to_contain_text("80.0%")  # purity
    expect(facts).to_contain_text("1.25 bit")
    patches = facts.get_by_test_id("patch")
    expect(patches).to_have_text([re.compile(r"wolf\s*0\.25"), re.compile(r"wolf\s*0\.5"), re.compile(r"fox\s*0\.75")])
    for n, hash_ in enumerate(shown.logged.patches[4]):
        picture = patches.nth(n).locator("img")
        expect(picture).to_have_attribute("src", re.compile(f"hash={hash_}"))
        tab.until(lambda picture=picture: picture.evaluate("image => image.naturalWidth") == 4)
    expect(facts.get_by_test_id("class-bars").get_by_role("listitem")).to_have_text(
        [re.compile(r"wolf\s*80\.0%"), re.compile(r"cat\s*10\.0%"), re.compile(r"fox\s*10\.0%")]
    )
    tab.until(lambda: tab.state().get("cluster", "").startswith("4"))
    tab.page.reload()
    tab.frame = tab.until(
        lambda: next((frame for frame in tab.page.frames[1:] if "name=tb_explain" in frame.url), None)
    )
    expect_lit(tab, "conv1", ids["conv1", 10], 4)
    tab.part("step-slider").fill("0")
    expect(layer(tab, "conv1").get_by_test_id("cluster-tile").first).to_have_attribute("data-step", "0")
    expect_lit(tab, "conv1", ids["conv1", 0], 4)  # the name stays, its index does not
    tab.part("cluster-facts").get_by_role("button", name="Unpin").click()
    tab.until(lambda: "cluster" not in tab.state())


def test_clusters_are_filtered_by_purity_and_by_class(open_tab: OpenTab, shown: Shown) -> None:
    tab = open_view(open_tab, shown.server)
    ids = shown.logged.ids["conv1", 10]

    def expect_left(left: list[int]) -> None:
        expect(layer(tab, "conv1").locator(".cluster-id")).to_have_text([str(cluster) for cluster in left])
        for sample in range(2):
            there = np.isin(ids[sample], left)
            tab.until(
                lambda sample=sample, there=there: ((pixels(canvas(tab, "conv1", sample))[..., 3] > 0) == there).all()
            )

    expect_left([0, 1, 2, 3, 4, 5])
    tab.part("purity").get_by_label("Purity from").fill("0.55")
    expect_left([2, 3, 4, 5])
    tab.part("purity").get_by_label("Purity to").fill("0.9")
    expect_left([2, 3, 4])
    tab.part("purity").get_by_label("Purity to").fill("0.1")  # the thumbs do not pass each other
    expect_left([])
    expect(layer(tab, "conv1")).to_contain_text("The filters leave none.")
    tab.part("purity").get_by_label("Purity to").fill("1")
    tab.part("cluster-class").fill("fox")
    expect_left([2, 5])
    tab.until(lambda: {"purity_from": "0.55", "cluster_class": "2"}.items() <= tab.state().items())
    tab.part("cluster-class").fill("Any class")
    expect_left([2, 3, 4, 5])


def test_clusters_of_a_class_share_its_hue_and_the_purest_is_the_most_saturated(
    open_tab: OpenTab, shown: Shown
) -> None:
    tab = open_view(open_tab, shown.server)
    ids = shown.logged.ids["conv1", 10]
    by_cluster = colours(tab, "conv1", ids)
    tab.part("colour-by").get_by_text("Class").click()
    tab.until(lambda: pixels(canvas(tab, "conv1", 0))[0, 0].tolist() != list(by_cluster[int(ids[0, 0, 0])]))
    by_class = colours(tab, "conv1", ids)

    def chroma(cluster: int) -> NDArray[np.float64]:
        colour = np.asarray(by_class[cluster][:3], float)
        return colour - colour.mean()

    for pale, pure in ((0, 3), (1, 4), (2, 5)):  # the same class
        a, b = chroma(pale), chroma(pure)
        assert np.linalg.norm(a) < np.linalg.norm(b)
        assert a @ b / np.linalg.norm(a) / np.linalg.norm(b) > 0.9
    assert chroma(3) @ chroma(4) < 0


def test_the_feedback_path_is_shown_in_place_of_the_forward_one(open_tab: OpenTab, shown: Shown) -> None:
    tab = open_view(open_tab, shown.server)
    by_id = colours(tab, "conv1", shown.logged.ids["conv1", 10])
    tab.part("way").get_by_text("Feedback").click()
    feedback = shown.logged.feedback["conv1", 10]
    wanted = [by_id[int(cluster)] for cluster in feedback[0].flat]
    tab.until(lambda: pixels(canvas(tab, "conv1", 0)).reshape(-1, 4).tolist() == [list(colour) for colour in wanted])
    expect(layer(tab, "fc").get_by_test_id("vote").first).to_have_attribute("data-class", "1")


def test_only_wrong_samples_and_where_they_turn(open_tab: OpenTab, shown: Shown) -> None:
    tab = open_view(open_tab, shown.server)
    tab.part("outcome").get_by_text("Wrong").click()
    expect(layer(tab, "conv2").get_by_test_id("cluster-tile")).to_have_count(2)
    turned = tab.frame.locator('[data-testid="cluster-tile"][data-turns]')
    expect(turned).to_have_count(1)
    expect(turned).to_have_attribute("data-tag", "val/clusters/conv2")


def test_the_keyboard_moves_through_a_legend(open_tab: OpenTab, shown: Shown) -> None:
    tab = open_view(open_tab, shown.server, viewport={"width": 1600, "height": 1400})
    layer(tab, "conv2").get_by_role("listbox").focus()
    for _ in range(3):
        tab.page.keyboard.press("ArrowDown")
    expect_lit(tab, "conv2", shown.logged.ids["conv2", 10], 2)
    tab.page.keyboard.press("Enter")
    tab.until(lambda: tab.state().get("cluster", "").startswith("2"))


def open_path(open_tab: OpenTab, shown: Shown, sample: int = 0, layer_name: str = "conv1") -> ExplainTab:
    tab = open_view(open_tab, shown.server, viewport={"width": 1400, "height": 1200})
    layer(tab, layer_name).get_by_test_id("cluster-tile").nth(sample).get_by_role("button").click()
    expect(tab.part("path-panel")).to_be_visible()
    return tab


def test_the_path_of_a_sample_marks_where_it_turns(open_tab: OpenTab, shown: Shown) -> None:
    tab = open_path(open_tab, shown)
    table = tab.part("path-table")
    expect(table.get_by_test_id("path-layer")).to_have_text(["conv1", re.compile("conv2.*turns to wolf here"), "fc"])
    expect(table.get_by_test_id("turn-mark")).to_have_count(1)

    def standings(way: str) -> list[str | None]:
        return [vote.get_attribute("data-standing") for vote in table.locator(f'[data-way="{way}"] .vote').all()]

    assert standings("forward") == ["true", "mistaken", "mistaken", "mistaken"]  # the last: the output
    assert standings("feedback") == ["mistaken"] * 3
    expect(table.locator(".path-output .vote")).to_have_text(re.compile(r"wolf\s*75%"))
    curve = tab.part("evidence-curve").get_by_role("img")
    expect(curve).to_have_attribute("aria-label", re.compile("wolf, predicted: conv1 10%, conv2 80%, fc 80%"))
    expect(curve).to_have_attribute("aria-label", re.compile("cat, true: conv1 80%, conv2 10%, fc 10%"))
    expect(tab.part("turning-badge")).to_have_text("turns at conv2")
    ids = shown.logged.ids["conv1", 10][0]
    step = table.locator('[data-testid="path-step"][data-layer="conv1"][data-way="forward"] canvas')
    tab.until(lambda: pixels(step)[..., 3].any())
    cells = pixels(step).reshape(-1, 4)
    assert len(np.unique(cells, axis=0)) == len(np.unique(ids))


def test_a_sample_may_turn_at_the_output_or_nowhere_that_is_known(open_tab: OpenTab, shown: Shown) -> None:
    tab = open_path(open_tab, shown, sample=4)
    expect(tab.part("path-output")).to_have_text(re.compile("output.*turns to cat here"))
    expect(tab.part("turn-mark")).to_have_count(1)
    expect(tab.part("turning-badge")).to_have_text("turns at the output")
    tab.page.keyboard.press("]")
    expect(tab.part("sample-dialog")).to_contain_text("image_5")
    expect(tab.part("path-panel")).to_be_visible()
    expect(tab.part("turn-mark")).to_have_count(0)
    expect(tab.part("turning-badge")).to_have_count(0)


def test_the_path_says_where_a_sample_looks_strange(open_tab: OpenTab, shown: Shown) -> None:
    tab = open_path(open_tab, shown)
    expect(tab.part("novelty")).to_have_text(["50.0%", "1.0%", ""])
    expect(tab.frame.locator("[data-strange]")).to_have_text(["1.0%"])


def test_a_layer_of_the_path_is_enlarged_and_its_clusters_are_explored(open_tab: OpenTab, shown: Shown) -> None:
    tab = open_path(open_tab, shown)
    tab.frame.locator('[data-testid="path-step"][data-layer="conv2"][data-way="feedback"]').click()
    picture = tab.part("layer-picture")
    large = picture.locator("canvas.overlay")
    tab.until(lambda: pixels(large).shape[:2] == (2, 2) and pixels(large)[..., 3].any())
    tab.until(lambda: tab.state().get("way") == "feedback")
    ids = shown.logged.feedback["conv2", 10][0]
    box = picture.bounding_box()
    assert box
    tab.page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.75)
    facts = tab.part("path-panel").get_by_test_id("cluster-facts")
    expect(facts).to_have_attribute("data-cluster", str(ids[1, 0]))
    expect(facts).to_contain_text("feedback")
    expect(facts.get_by_test_id("patch")).to_have_count(3)
    tab.page.mouse.down()
    tab.page.mouse.up()
    tab.until(lambda: tab.state().get("cluster", "").startswith(str(ids[1, 0])))
    tab.page.mouse.move(5, 300)
    picture.focus()
    for key, (y, x) in (("ArrowLeft", (1, 1)), ("ArrowLeft", (1, 0)), ("ArrowUp", (0, 0))):
        tab.page.keyboard.press(key)
        expect(facts).to_have_attribute("data-cluster", str(ids[y, x]))
    assert tab.state().get("step") is None  # the arrow keys did not move through the steps


def test_from_a_wrong_image_to_its_turning_layer_in_two_clicks(open_tab: OpenTab, shown: Shown) -> None:
    tab = open_tab(shown.server, "&p.tb_explain.methods=GradCAM", viewport={"width": 1400, "height": 1200})
    tab.settled()
    tab.tile(0, tag="val/gradcam").locator("button.tile-open").click()
    dialog = tab.part("sample-dialog")
    expect(dialog.locator(".thumbnail")).to_have_text([re.compile("conv2"), "GradCAM"])  # one for all layers
    dialog.get_by_test_id("turning-badge").click()
    expect(tab.part("turn-mark")).to_have_text("turns to wolf here")
    expect(tab.frame.locator('[data-testid="path-layer"][aria-current]')).to_have_attribute("data-layer", "conv2")


def test_a_wrong_card_leads_to_its_turning_layer_in_one_click(open_tab: OpenTab, shown: Shown) -> None:
    tab = open_tab(shown.server, "&p.tb_explain.layers=fc", viewport={"width": 1400, "height": 1200})
    tab.settled()
    badge = tab.part("turning-badge")
    expect(badge).to_have_text(["turns before fc", "turns at the output"])  # fc is the only layer shown here
    badge.first.click()
    expect(tab.part("path-panel")).to_be_visible()
    expect(tab.part("sample-dialog").get_by_test_id("turning-badge")).to_have_text("turns at conv2")


def test_tiles_of_clusters_stand_beside_those_of_other_methods(open_tab: OpenTab, shown: Shown) -> None:
    tab = open_tab(shown.server)
    tab.settled()
    tile = tab.tile(0, tag="val/clusters/conv2")
    expect(tile).to_contain_text("speaks for wolf")
    found = tile.locator("canvas.overlay")
    tab.until(lambda: pixels(found)[..., 3].any())
    assert pixels(found).shape[:2] == (2, 2)


def test_a_thousand_classes_are_summed_up(tensorboard: StartTensorBoard, tmp_path: Path, open_tab: OpenTab) -> None:
    runs.write_run(tmp_path / "run", [f"class number {i}" for i in range(1000)])
    tab = open_view(open_tab, tensorboard("--logdir", str(tmp_path)))
    row(tab, "conv1", 5).click()
    bars = tab.part("class-bars").get_by_role("listitem")
    expect(bars).to_have_count(9)
    expect(bars.first).to_have_text(re.compile(r"class number 2\s*95\.0%"))
    expect(bars.last).to_have_text(re.compile(r"992 others\s*5\.0%"))


def test_positions_in_a_volume_are_shown_as_three_projections(
    tensorboard: StartTensorBoard, tmp_path: Path, open_tab: OpenTab
) -> None:
    names = runs.write_volumes(tmp_path / "run")
    tab = open_view(open_tab, tensorboard("--logdir", str(tmp_path)))
    tab.page.mouse.move(5, 5)
    found = painted(tab, "conv", 0)
    assert found.shape[:2] == (3, 4 + 2 + 4)  # h x w, h x d, d x w
    assert (found[2, 6:, 3] == 0).all()  # below the projection along height
    rarest = {tuple(found[2, 3]), tuple(found[2, 4 + 1]), tuple(found[1, 6 + 3])}
    assert len(rarest) == 1
    front = names[0].max(axis=0)  # higher names are rarer
    same = front[:, :, None, None] == front
    equal = (found[:, :4, None, None] == found[:, :4]).all(-1)
    assert (same == equal).all()


def test_arrays_given_to_the_writer_are_what_the_page_shows(
    tensorboard: StartTensorBoard, tmp_path: Path, open_tab: OpenTab
) -> None:
    random = np.random.default_rng(8)
    ids = random.integers(0, 3, (4, 4, 4))
    ids[0, 0, 0] = 2
    names = np.array([11, 4, 9])
    evidence = np.log(np.array([[0.7, 0.3], [0.2, 0.8], [0.6, 0.4], [0.1, 0.9]], np.float32))
    patch = {"cluster": 2, "image": random.random((3, 5, 5)), "label": 1, "distance": 0.375}
    with ExplainWriter(tmp_path / "run") as writer:
        writer.add_clusters(
            "val/mine/conv", ids, random.random((4, 3, 32, 32)), 7, labels=[0, 1, 0, 1], predicted=[1, 1, 0, 1],
            class_names=["cat", "wolf"], method="Mine", layer="conv", ids=names, evidence=evidence, patches=[patch],
            feedback={"assignments": 2 - ids}, turning=[0, -1, -1, -1],
        )  # fmt: skip
    tab = open_view(open_tab, tensorboard("--logdir", str(tmp_path)))
    shown = tab.frame.locator('[data-testid="layer"][data-tag="val/mine/conv"]')
    expect(shown.locator(".cluster-id")).to_have_text(["4", "9", "11"])
    colour: dict[int, list[int]] = {}
    for sample in range(4):
        found = shown.get_by_test_id("cluster-tile").nth(sample).locator("canvas.overlay")
        tab.until(lambda found=found: pixels(found)[..., 3].all())
        for cluster, cell in zip(ids[sample].flat, pixels(found).reshape(-1, 4).tolist(), strict=True):
            assert colour.setdefault(int(cluster), cell) == cell
    votes = [vote.get_attribute("data-standing") for vote in shown.get_by_test_id("vote").all()]
    assert votes == ["true", "true", "true", "true"]
    shown.get_by_role("option").nth(1).click()  # the cluster called 9
    expect(tab.part("patch")).to_have_text(re.compile(r"wolf\s*0\.375"))
    shown.get_by_test_id("cluster-tile").first.get_by_role("button").click()
    expect(tab.part("turn-mark")).to_have_text("turns to wolf here")
    feedback = tab.frame.locator('[data-testid="path-step"][data-way="feedback"] canvas')
    tab.until(lambda: pixels(feedback)[..., 3].all())


def test_without_clusters_the_view_says_how_to_log_them(
    tensorboard: StartTensorBoard, tmp_path: Path, open_tab: OpenTab
) -> None:
    with ExplainWriter(tmp_path / "run") as writer:
        writer.add_heatmaps("val/mine", np.ones((1, 2, 2)), np.ones((1, 3, 8, 8)), 1)
    tab = open_tab(tensorboard("--logdir", str(tmp_path)), VIEW)
    expect(tab.part("empty-state")).to_contain_text("No clusters were logged")
    expect(tab.part("empty-state")).to_contain_text('FilterClusters(["layer1", "layer3"])')
    tab.part("view-explanations").click()
    tab.settled()
    tab.until(lambda: tab.state().get("view") == "explanations")


def test_a_record_that_contradicts_itself_is_named(
    tensorboard: StartTensorBoard, tmp_path: Path, open_tab: OpenTab
) -> None:
    run = runs.ClusterRun(tmp_path / "run", runs.NAMES)
    path = run.path(np.zeros((runs.N, 2, 2), np.int64), list(range(runs.K)), runs.LABELS)
    run.record(
        pb.CLUSTERS,
        "val/clusters/good",
        "FilterClusters",
        "good",
        1,
        pb.Clusters(**run.about(), forward=path).SerializeToString(),
    )
    del path.purity[0]
    run.record(
        pb.CLUSTERS,
        "val/clusters/bad",
        "FilterClusters",
        "bad",
        1,
        pb.Clusters(**run.about(), forward=path).SerializeToString(),
    )
    run.segment.close()
    tab = open_tab(tensorboard("--logdir", str(tmp_path)), VIEW, expected="contradict their number")
    expect(
        tab.frame.get_by_role("status").filter(has_text="val/clusters/bad at step 1: the record cannot be read")
    ).to_be_visible()
    expect(tab.part("layer")).to_have_count(1)

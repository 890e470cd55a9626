"""The two logdirs of the tour: the quickstart's, and one that all five systems have written to."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "build" / "tour"  # made once, some minutes; delete it to have them made anew

# What the examples log, beside the quickstart's runs: attribution, occlusion and superpixels; projections; channels.
EXAMPLES = {
    "objects": "voxel_feedback.py",  # clusters and feedback reconstructions of voxels
    "images": "image_clusters.py",  # of images
    "filters": "interpretable_cnn.py",
}


def quickstart() -> Path:
    """What the README's first command logs."""
    logdir = KEPT / "quickstart"
    if not logdir.exists():
        call([Path(sys.executable).with_name("tb-explain"), "demo"], logdir)
    return logdir


def five_systems() -> Path:
    """The quickstart's runs, and those of the examples."""
    logdir = KEPT / "five_systems"
    for name, script in EXAMPLES.items():
        if not (logdir / name).exists():
            call([sys.executable, ROOT / "examples" / script], logdir / name)
    for run in quickstart().iterdir():
        if not (logdir / run.name).exists():
            shutil.copytree(run, logdir / run.name)
    return logdir


def call(command: list[str | Path], logdir: Path) -> None:
    """Run what logs; what it leaves behind when it fails does not count."""
    made = logdir.with_name(logdir.name + ".part")
    shutil.rmtree(made, ignore_errors=True)
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    subprocess.run([*command, "--logdir", made], check=True, env={**os.environ, "PYTHONPATH": path})
    made.rename(logdir)


def runs_of(logdir: Path) -> list[str]:
    """TensorBoard's names of the runs with explanations."""
    return [found.parents[1].relative_to(logdir).as_posix() for found in logdir.rglob("plugins/tb_explain")]

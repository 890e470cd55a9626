"""Which parts of a photograph does a network need together, and which of them stand in for each other?

python examples/object_relations.py                                       # some photographs and EfficientNet-Lite0, five minutes on a laptop
python examples/object_relations.py --images FOLDER --model inception_v3  # your own, and torchvision's weights, downloaded
tensorboard --logdir runs/relations                                       # tab "Explain": enlarge a photograph, panel "Correlations"

After "Ablation based correspondence analysis of objects in deep learning interpretable heatmap" (Wang, Zhang, Hu, Li).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from tb_explain import ExplainWriter, Probe
from tb_explain.demo import photographs, pretrained
from tb_explain.methods import LIME, AblationCA, IntegratedGradients, LayerCAM
from tb_explain.methods.results import Correlations


def main(arguments: argparse.Namespace) -> None:
    torch.manual_seed(0)
    network = pretrained(arguments.model)
    images, names = photographs(arguments.images, arguments.size)
    if arguments.quick:
        images, names = images[:2], names[:2]
    about = {"class_names": network.class_names, "mean": network.mean, "std": network.std}
    probe = Probe(network.normalised(images), name="photographs", sample_names=names, **about)
    ablation = AblationCA(block_counts=(4, 9, 16) if arguments.quick else (4, 9, 16, 25, 36, 49, 64, 100), top=8)
    others = [LayerCAM(), LIME(samples=200), IntegratedGradients()]
    with ExplainWriter(arguments.logdir) as writer:
        methods = [ablation, *others[: 1 if arguments.quick else None]]
        found, *_ = writer.explain(network.model, probe, 0, methods)
    assert isinstance(found, Correlations)

    print("The pair of superpixels that each photograph's class depends on most:")
    for i, related in enumerate(found.related):
        said = f"  {names[i]:24}{network.class_names[int(found.targets[i])]:28}"
        if not len(related.pairs):
            print(f"{said}none: every part acts for itself")
            continue
        (one, other), correlation = related.pairs[0].tolist(), related.correlations[0].item()
        alone = found.sensitivities[i, [one, other]].tolist()
        relation = "needed together" if correlation > 0 else "either will do"
        print(f"{said}{relation}, {correlation:+.2f}; alone they cost {alone[0]:.2f} and {alone[1]:.2f}")
    interfering = (found.sensitivities < -0.02).sum().item()
    print(f"Superpixels without which the class is likelier than in the whole photograph: {interfering}")

    blocks, largest = np.array([related.block_counts for related in found.related]).mean(0).T
    best = int(largest.argmax())
    print(f"{'':62}{'paper':16}here")
    print(f"{'superpixels at which the largest correlation is greatest':62}{'30 to 50':16}{blocks[best]:.0f}")
    print("  " + ", ".join(f"{k:.0f}: {value:.2f}" for k, value in zip(blocks, largest, strict=True)))
    print(f"Look at it with:  tensorboard --logdir {arguments.logdir}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--images", type=Path, metavar="FOLDER", help="photographs; default: some that are already installed"
    )
    parser.add_argument("--model", help="a torchvision classifier by name, downloaded (default: EfficientNet-Lite0)")
    parser.add_argument(
        "--size", type=int, default=224, help="pixels that photographs are cropped to (299 for Inception)"
    )
    parser.add_argument("--logdir", type=Path, default=Path("runs/relations"))
    parser.add_argument("--quick", action="store_true", help="two photographs, to see that it runs")
    main(parser.parse_args())

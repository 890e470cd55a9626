"""Runs the benchmarks named on the command line, or all of them."""

import importlib
import platform
import sys

import torch

ALL = (
    "alignment",
    "attribution",
    "clusters",
    "gradients",
    "lime",
    "maximize",
    "occlusion",
    "page",
    "projection",
    "quality",
    "reducing",
    "reruns",
    "store",
    "writer",
)

if __name__ == "__main__":
    names = sys.argv[1:] or ALL
    unknown = set(names) - set(ALL)
    if unknown:
        sys.exit(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    print(f"{platform.platform()}, Python {platform.python_version()}, torch {torch.__version__}")
    for name in names:
        print(f"\n== {name}")
        importlib.import_module(f"tests.benchmarks.{name}").main()

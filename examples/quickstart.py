"""Explain a network while it learns, and a pretrained one: then `tensorboard --logdir runs/quickstart`, tab "Explain".

The same as `tb-explain demo`; `tb_explain/demo.py` is the code to read.
"""

from pathlib import Path

from tb_explain.demo import explain_photographs, train_digits

if __name__ == "__main__":
    logdir = Path("runs/quickstart")
    train_digits(logdir / "digits")
    explain_photographs(logdir / "photographs")
    print(f"Look at it with:  tensorboard --logdir {logdir}")

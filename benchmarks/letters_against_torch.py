"""Reports B1 and B2 against the same protocol in PyTorch, on the same split; results in docs/evidence/letters.md.

    python benchmarks/letters_against_torch.py b1|b2 [--seeds 3] [--epochs E] [--threads T]

PyTorch is the judge here: its own autograd, its own optimiser, initial values drawn the same way but by its own
generator. What is compared is the accuracy after training, over seeds; speed is another benchmark's subject.
"""

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from handgrad import train
from handgrad.build import read_data
from handgrad.experiment import resolve

ROOT = Path(__file__).parent.parent
TIMES = (
    "Our seconds include measuring training, validation and test images after every epoch; torch measures once at the "
    "end. What is compared here is accuracy."
)
PROTOCOLS = {"b1": ("letters-mlp-momentum", 200), "b2": ("letters-cnn-adam", 50)}


def tensors(examples: Any, scale: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Images as floats and labels, as torch reads them."""
    return torch.from_numpy(examples.images.astype(np.float32) * np.float32(scale)), torch.from_numpy(examples.labels)


def error(model: nn.Module, x: torch.Tensor, t: torch.Tensor) -> float:
    """Share of wrong answers in inference mode."""
    model.eval()
    with torch.no_grad():
        wrong = sum(int((model(x[i : i + 500]).argmax(1) != t[i : i + 500]).sum()) for i in range(0, len(x), 500))
    model.train()
    return wrong / len(x)


def xavier(model: nn.Module) -> nn.Module:
    """Xavier normal weights, zero biases."""
    for module in model:
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.xavier_normal_(module.weight)
            nn.init.zeros_(module.bias)
    return model


def torch_b1(train_set: tuple, epochs: int) -> nn.Module:
    """v ← γv + α∇ on the summed loss, v starting at 1e-5; W ← W − v."""
    x, t = train_set
    model = xavier(nn.Sequential(nn.Flatten(), nn.Linear(784, 1000), nn.ReLU(), nn.Linear(1000, 10)))
    velocity = [torch.full_like(p, 1e-5) for p in model.parameters()]
    for _ in range(epochs):
        model.zero_grad()
        nn.functional.cross_entropy(model(x), t, reduction="sum").backward()
        with torch.no_grad():
            for v, p in zip(velocity, model.parameters(), strict=True):
                v.mul_(0.95).add_(p.grad, alpha=1e-5)
                p.sub_(v)
    return model


def torch_b2(train_set: tuple, epochs: int) -> nn.Module:
    """Adam 1e-4, batches of 32 reshuffled each epoch."""
    x, t = train_set
    model = xavier(
        nn.Sequential(
            nn.Conv2d(1, 32, 3, padding="same"),
            nn.ReLU(),
            nn.BatchNorm2d(32, affine=False, eps=1e-5),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(6272, 784),
            nn.ReLU(),
            nn.Linear(784, 10),
        )
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
    for _ in range(epochs):
        order = torch.randperm(len(x))
        for start in range(0, len(x), 32):
            batch = order[start : start + 32]
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[batch]), t[batch]).backward()
            optimizer.step()
    return model


def compare(which: str, seed: int, epochs: int, threads: int, out: Path) -> dict[str, Any]:
    """One seed: split, ours, theirs."""
    name, _ = PROTOCOLS[which]
    overrides = {"seed": seed, "training.epochs": epochs, "training.threads": threads}
    run = train(name, overrides, out=out, quiet=True)
    config = resolve(name, overrides)[1]
    data = read_data(config.data, config.seed_for("split"))
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    started = time.monotonic()
    sets = {s: tensors(getattr(data, s), data.scale) for s in ("train", "test")}
    model = (torch_b1 if which == "b1" else torch_b2)(sets["train"], epochs)
    row = {
        "seed": seed,
        "epochs": epochs,
        "torch_seconds": time.monotonic() - started,
        "handgrad_seconds": run.summary["seconds"],
        "handgrad_best_train_accuracy": 1 - min(record["train_error"] for record in run.metrics),
    }
    for s in ("train", "test"):
        row |= {
            f"handgrad_{s}_accuracy": 1 - run.summary[f"{s}_error"],
            f"torch_{s}_accuracy": 1 - error(model, *sets[s]),
        }
    print(json.dumps(row), flush=True)
    return row


def main() -> None:
    """Compare over seeds and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", choices=sorted(PROTOCOLS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("runs"))
    args = parser.parse_args()
    epochs = args.epochs or PROTOCOLS[args.which][1]
    rows = [compare(args.which, seed, epochs, args.threads, args.out) for seed in range(args.seeds)]
    keys = [k for k in rows[0] if k.endswith("accuracy")]
    lines = [
        f"# {PROTOCOLS[args.which][0]} against PyTorch {torch.__version__}, same split",
        "",
        "| seed | " + " | ".join(k.replace("_", " ") for k in keys) + " | handgrad s | torch s |",
        "| --- " * (len(keys) + 3) + "|",
    ]
    for row in rows:
        figures = " | ".join(f"{100 * row[k]:.2f} %" for k in keys)
        lines.append(f"| {row['seed']} | {figures} | {row['handgrad_seconds']:.0f} | {row['torch_seconds']:.0f} |")
    means = " | ".join(f"{100 * statistics.mean(r[k] for r in rows):.2f} %" for k in keys)
    lines += [f"| mean | {means} | | |", "", TIMES, ""]
    (ROOT / "docs" / "evidence" / f"letters-{args.which}.md").write_text("\n".join(lines), "utf-8")


if __name__ == "__main__":
    main()

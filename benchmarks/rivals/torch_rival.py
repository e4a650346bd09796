"""PyTorch as a contestant: eager or compiled, channels-last, fused optimiser, as the options say."""

from __future__ import annotations

from typing import Any

import torch
from problem import Problem
from torch import nn

from handgrad.layers import BatchNorm, Conv2D, Dense, Flatten, MaxPool2D, ReLU, Sigmoid, Tanh

ELEMENTWISE = {Flatten: nn.Flatten, ReLU: nn.ReLU, Tanh: nn.Tanh, Sigmoid: nn.Sigmoid}


def translate(layer: Any, arrays: dict[str, Any]) -> nn.Module:
    """One of our layers as torch's, with the same initial weights."""
    if type(layer) in ELEMENTWISE:
        return ELEMENTWISE[type(layer)]()
    if isinstance(layer, MaxPool2D):
        return nn.MaxPool2d(layer.kernel, layer.stride)
    if isinstance(layer, BatchNorm):
        raise TypeError("BatchNorm needs its channels: see model()")
    if isinstance(layer, Dense):
        made: Any = nn.Linear(*arrays["W"].shape)
        weight = arrays["W"].T
    elif isinstance(layer, Conv2D):
        F, C, *kernel = arrays["W"].shape
        made, weight = nn.Conv2d(C, F, tuple(kernel), layer.stride, layer.padding), arrays["W"]
    else:
        raise TypeError(f"no rival for {layer!r}")
    with torch.no_grad():
        made.weight.copy_(torch.from_numpy(weight.copy()))
        made.bias.copy_(torch.from_numpy(arrays["b"]))
    return made


def model(problem: Problem) -> nn.Sequential:
    made = []
    for i, (layer, arrays) in enumerate(problem.layers()):
        if isinstance(layer, BatchNorm):
            made.append(nn.BatchNorm2d(problem.network.shapes[i][0], affine=False, eps=layer.epsilon))
        else:
            made.append(translate(layer, arrays))
    return nn.Sequential(*made)


class Torch:
    """Trains the problem's net.

    Args:
        problem: data, weights, settings.
        threads: of torch.
        compiled: the model and its loss through torch.compile.
        fused: the optimiser's fused kernel.
        channels_last: memory format of images and convolutions.
        evaluate: loss and errors of the test set at every iteration.
    """

    def __init__(
        self,
        problem: Problem,
        threads: int = 1,
        compiled: bool = False,
        fused: bool = False,
        channels_last: bool = False,
        evaluate: bool = False,
    ) -> None:
        torch.set_num_threads(threads)
        self.problem, self.fused, self.evaluate = problem, fused, evaluate
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        self.sets = {name: self._tensors(name) for name in ("train", "test")}
        self.model = model(problem).to(memory_format=self.format)
        self.start = {name: value.clone() for name, value in self.model.state_dict().items()}
        self.objective = torch.compile(self._objective) if compiled else self._objective

    def _tensors(self, name: str) -> tuple[torch.Tensor, torch.Tensor]:
        x, labels = torch.from_numpy(self.problem.images(name)), torch.from_numpy(self.problem.labels(name))
        if x.ndim == 4:
            x = x.to(memory_format=self.format)
        if self.problem.config.loss.type == "squared_error":
            return x, nn.functional.one_hot(labels, self.problem.network.output_shape[-1]).float()
        return x, labels

    def _objective(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        y, reduction = self.model(x), self.problem.config.loss.reduction
        if self.problem.config.loss.type == "squared_error":
            total = 0.5 * (y - t).square().sum()
            return total / len(x) if reduction == "mean" else total
        return nn.functional.cross_entropy(y, t, reduction=reduction)

    def _optimizer(self) -> torch.optim.Optimizer:
        settings, layers = self.problem.config.optimizer, self.problem.network.layers
        groups = [
            {"params": list(module.parameters()), "lr": self.problem.rate * layer.learning_rate_multiplier}
            for module, layer in zip(self.model, layers, strict=True)
            if list(module.parameters())
        ]
        if len({group["lr"] for group in groups}) == 1:  # one group is faster than several
            groups = [{"params": list(self.model.parameters()), "lr": groups[0]["lr"]}]
        fused = {"fused": True} if self.fused else {}
        if settings.type == "adam":
            return torch.optim.Adam(groups, lr=self.problem.rate, **fused)
        if settings.type == "sgd":
            return torch.optim.SGD(groups, lr=self.problem.rate, **fused)
        made = torch.optim.SGD(groups, lr=self.problem.rate, momentum=settings.momentum, **fused)
        for parameter in self.model.parameters():  # ours keeps the rate inside the velocity
            start = torch.full_like(parameter, settings.initial_velocity / self.problem.rate)
            made.state[parameter]["momentum_buffer"] = start
        return made

    def reset(self, iterations: int) -> None:
        self.model.load_state_dict(self.start)
        self.model.train()
        self.optimizer = self._optimizer()
        self.order = torch.from_numpy(self.problem.batches(iterations))

    def train(self) -> None:
        x, t = self.sets["train"]
        everything = self.problem.config.training.batch_size == "all"
        for batch in self.order:
            if everything:
                loss = self.objective(x, t)
            elif len(batch) == 1:
                k = int(batch[0])
                loss = self.objective(x[k : k + 1], t[k : k + 1])
            else:
                loss = self.objective(x[batch], t[batch])
            self.optimizer.zero_grad()
            loss.backward()
            if self.evaluate:
                self._evaluate()
            self.optimizer.step()

    def _evaluate(self) -> tuple[float, list[float]]:
        """Loss, and the error of each class."""
        x, t = self.sets["test"]
        with torch.no_grad():
            y = self.model(x)
            loss = nn.functional.cross_entropy(y, t)
            classes = y.shape[1]
            wrong = torch.bincount(t[y.argmax(1) != t], minlength=classes)
            return loss.item(), (wrong / torch.bincount(t, minlength=classes)).tolist()

    def loss(self) -> float:
        self.model.eval()
        x, t = self.sets["test"]
        with torch.no_grad():
            total = sum(float(self._objective(x[i : i + 500], t[i : i + 500])) * self._weight(x[i : i + 500])
                        for i in range(0, len(x), 500))  # fmt: skip
        self.model.train()
        return total / len(x)

    def _weight(self, x: torch.Tensor) -> int:
        return len(x) if self.problem.config.loss.reduction == "mean" else 1

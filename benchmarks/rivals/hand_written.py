"""Report E's net in PyTorch as students write it: torch's arrays, the gradient by hand. Shown without a target."""

from __future__ import annotations

import torch
from problem import Problem

from handgrad.layers import Dense


class HandWritten:
    """784-100-100-10, ReLU, softmax cross-entropy, SGD, each line an operation of torch."""

    def __init__(self, problem: Problem, threads: int = 1) -> None:
        torch.set_num_threads(threads)
        self.problem = problem
        self.x = torch.from_numpy(problem.images("train")).flatten(1)
        self.t = torch.nn.functional.one_hot(torch.from_numpy(problem.labels("train")), 10).float()
        self.test = (
            torch.from_numpy(problem.images("test")).flatten(1),
            torch.from_numpy(problem.labels("test")),
        )

    def reset(self, iterations: int) -> None:
        dense = [arrays for layer, arrays in self.problem.layers() if isinstance(layer, Dense)]
        self.parameters = [torch.from_numpy(arrays[name].copy()) for arrays in dense for name in ("W", "b")]
        self.order = torch.from_numpy(self.problem.batches(iterations))

    @torch.no_grad()
    def train(self) -> None:
        W1, b1, W2, b2, W3, b3 = self.parameters
        rate = self.problem.rate
        for batch in self.order:
            x, t = self.x[batch], self.t[batch]
            h1 = torch.addmm(b1, x, W1).relu_()
            h2 = torch.addmm(b2, h1, W2).relu_()
            d3 = (torch.addmm(b3, h2, W3).softmax(1) - t) / len(batch)
            d2 = (d3 @ W3.T).mul_(h2 > 0)
            d1 = (d2 @ W2.T).mul_(h1 > 0)
            for W, b, h, d in ((W3, b3, h2, d3), (W2, b2, h1, d2), (W1, b1, x, d1)):
                W.addmm_(h.T, d, alpha=-rate)
                b.sub_(d.sum(0), alpha=rate)

    @torch.no_grad()
    def loss(self) -> float:
        W1, b1, W2, b2, W3, b3 = self.parameters
        x, labels = self.test
        y = torch.addmm(b3, torch.addmm(b2, torch.addmm(b1, x, W1).relu(), W2).relu(), W3)
        return float(torch.nn.functional.cross_entropy(y, labels))

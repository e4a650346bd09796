"""scikit-learn's MLPClassifier as a contestant."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from problem import Problem
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from handgrad.layers import Dense


class _Started(MLPClassifier):
    """Starts from given weights instead of drawing its own."""

    def __init__(self, given: Any = None, **settings: Any) -> None:
        super().__init__(**settings)
        self.given = given

    def _init_coef(self, fan_in: int, fan_out: int, dtype: Any) -> Any:
        W, b = next(self.given)
        return W.copy(), b.copy()


class ScikitLearn:
    """The same net, plain SGD. It shows images in the order they are stored, so they are stored in the order shown."""

    def __init__(self, problem: Problem, threads: int = 1) -> None:
        threadpool_limits(threads, user_api="blas")
        self.problem = problem
        self.images = problem.images("train").reshape(-1, 784)
        self.dense = [(a["W"], a["b"]) for layer, a in problem.layers() if isinstance(layer, Dense)]

    def reset(self, iterations: int) -> None:
        shown = self.problem.batches(iterations).ravel()
        self.x, self.labels = self.images[shown], self.problem.labels("train")[shown]
        self.model = _Started(
            hidden_layer_sizes=tuple(W.shape[1] for W, _ in self.dense[:-1]),
            solver="sgd",
            alpha=0.0,
            batch_size=self.problem.batch,
            learning_rate_init=self.problem.rate,
            momentum=0.0,
            nesterovs_momentum=False,
            shuffle=False,
            max_iter=1,
            given=iter(self.dense),
        )

    def train(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # one pass over the images is what is wanted
            self.model.fit(self.x, self.labels)

    def loss(self) -> float:
        x = self.problem.images("test").reshape(-1, 784)
        return float(log_loss(self.problem.labels("test"), self.model.predict_proba(x).astype(np.float64)))

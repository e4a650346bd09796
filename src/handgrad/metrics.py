"""What is measured: loss, error, error of each class, confusion. Fractions, never percent; losses per image."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from handgrad.data import Examples
from handgrad.kernels.types import Array, Indices
from handgrad.losses import Loss, fill_targets
from handgrad.network import Network


def predicted_classes(y: Array) -> Indices:
    """The class of each row of outputs y (N, P): the largest; for a single output (N, 1), whether it is above ½.

    >>> predicted_classes(np.array([[0.1, 0.7, 0.2], [0.9, 0.05, 0.05]])).tolist()
    [1, 0]
    """
    if y.shape[1] == 1:
        return np.asarray(y[:, 0] > 0.5, np.int64)
    return np.asarray(y.argmax(axis=1), np.int64)


def confusion_matrix(labels: Indices, predicted: Indices, classes: int) -> Indices:
    """Counts (P, P): row the true class, column the predicted one.

    >>> confusion_matrix(np.array([0, 1, 1]), np.array([0, 0, 1]), 2).tolist()
    [[1, 0], [1, 1]]
    """
    cells = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return cells.reshape(classes, classes)


def class_errors(confusion: Indices) -> list[float]:
    """Wrong / shown of each class; 0 where a class was not shown (report A's rule).

    >>> class_errors(np.array([[3, 1], [0, 0]]))
    [0.25, 0.0]
    """
    shown = confusion.sum(axis=1)
    wrong = shown - confusion.diagonal()
    return [float(w) / float(s) if s else 0.0 for w, s in zip(wrong, shown, strict=True)]


@dataclass
class Measurement:
    """Loss (mean per image, without penalty), error, mean of the classes' errors, the classes' errors, confusion."""

    loss: float
    error: float
    mean_class_error: float
    class_errors: list[float]
    confusion: Indices = field(repr=False)

    def as_record(self, prefix: str) -> dict[str, Any]:
        """The values under the names of metrics.jsonl, such as test_loss."""
        return {
            f"{prefix}_loss": self.loss,
            f"{prefix}_error": self.error,
            f"{prefix}_mean_class_error": self.mean_class_error,
            f"{prefix}_class_errors": self.class_errors,
        }


def measure(losses: Array, predicted: Indices, labels: Indices, classes: int) -> Measurement:
    """From each sample's loss (N,), predicted and true class (N,)."""
    confusion = confusion_matrix(labels, predicted, classes)
    errors = class_errors(confusion)
    wrong = int(confusion.sum() - confusion.trace())
    return Measurement(
        float(losses.mean(dtype=np.float64)),
        wrong / len(labels),
        float(np.mean(errors)),
        errors,
        confusion,
    )


class Evaluator:
    """Measures a network on whole sets of images, in inference mode, slice by slice.

    Args:
        network: built.
        loss: what the loss column means.
        scale, offset: x = scale · image + offset is what the network sees.
        capacity: images a slice.
    """

    def __init__(
        self, network: Network, loss: Loss, scale: float = 1.0, offset: float = 0.0, capacity: int = 500
    ) -> None:
        self.network, self.loss, self.scale, self.offset = network, loss, scale, offset
        self.workspace = network.workspace(capacity, backward=False)
        self._x = np.empty((capacity, *network.input_shape), network.dtype)
        self._t = np.empty((capacity, network.output_shape[-1]), network.dtype)
        self._ones = np.ones(capacity, network.dtype)

    def outputs(self, examples: Examples, into: Array, losses: Array | None = None) -> None:
        """Fill the network's outputs `into` (N, P) and, if given, each sample's loss `losses` (N,)."""
        k, n = self.network.k, len(examples)
        for start in range(0, n, self.workspace.capacity):
            stop = min(start + self.workspace.capacity, n)
            m = stop - start
            indices = np.arange(start, stop)
            k.gather_images(self._x[:m], examples.images, indices, self.scale, self.offset)
            y = self.workspace.forward(self._x[:m])
            into[start:stop] = y
            if losses is not None:
                fill_targets(k, self._t[:m], examples.labels[start:stop])
                self.loss.evaluate(k, losses[start:stop], None, y, self._t[:m], self._ones[:m])

    def __call__(self, examples: Examples) -> Measurement:
        """Measure loss and errors on all the examples."""
        n, P = len(examples), self.network.output_shape[-1]
        y = np.empty((n, P), self.network.dtype)
        losses = np.empty(n, self.network.dtype)
        self.outputs(examples, y, losses)
        return measure(losses, predicted_classes(y), examples.labels, max(P, 2))

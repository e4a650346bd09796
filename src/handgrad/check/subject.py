"""What diagnosis asks of somebody's code: a subject that answers numbers with numbers, in handgrad's orientation.

The reader (`check/reading/`) makes subjects out of programs; the diagnosis (`check/diagnosis/`) sees only these.
Rows are samples, dense weights (D, M), images NCHW, whatever the program itself does; names are W1, b1, W2, ….
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from handgrad.kernels.types import Array

Arrays = Mapping[str, Array]


@dataclass(frozen=True)
class NetSpec:
    """A net as it was understood from a program's forward pass and loss.

    Attributes:
        sizes: D, hidden units, P.
        activations: one a layer, the output's last: relu, leaky_relu, sigmoid, tanh, identity, softmax, or a hidden
            layer's of `diagnosis/activations.py`.
        loss: softmax_cross_entropy, cross_entropy, binary_cross_entropy, squared_error.
        divided_by: what the loss is divided by: "none" (a sum), "N", or "N*P".
        factor: of the loss, such as 0.5 for ½Σ(p − t)².
        l1, l2: penalty λ₁Σ|W| + ½λ₂ΣW² as the program's loss has it.
        penalizes_biases: whether the penalty counts the biases too.
        fixed_sizes: whether the program works with these sizes only (784 written in it).
        loss_is_assumed: the program has no loss; this one is what its last delta implies.
        target_is_input: an autoencoder, which is given images only.
    """

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    loss: str
    divided_by: str = "N"
    factor: float = 1.0
    l1: float = 0.0
    l2: float = 0.0
    penalizes_biases: bool = False
    fixed_sizes: bool = False
    loss_is_assumed: bool = False
    target_is_input: bool = False


@dataclass(frozen=True)
class Answer:
    """What a program gave for one batch.

    Attributes:
        gradients: W1 (D, M), b1 (M,), …; a tensor that the program has no gradient for is missing.
        loss: the program's own, None where it has none.
        outputs: what its forward pass returned (N, P), None where that is not to be had.
        shapes: the gradients' shapes as the program has them, where they are not what they should be ("b1": (N, M)).
        changed: names of arguments that the call changed: "x", "t", "W2", ….
        warnings: NumPy's (overflow, division), in words.
    """

    gradients: Arrays
    loss: float | None = None
    outputs: Array | None = None
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class NetSubject(Protocol):
    """A program's net. Every call starts from the program's initial state, unless `calls` asks for more in a row."""

    spec: NetSpec
    form: str  # how gradients are had: "returned", "attributes", "updates inside", "per sample"

    def answer(
        self, parameters: Arrays, x: Array, t: Array, *, learning_rate: float = 1e-3, calls: int = 1
    ) -> list[Answer]:
        """Gradients at these parameters for images x (N, D) and one-hot targets t (N, P), of each call in a row.

        `learning_rate` matters where the program updates inside: gradient = (before − after) / learning_rate.
        """

    def loss_at(self, parameters: Arrays, x: Array, t: Array) -> float | None:
        """The program's own loss, without its backward pass; None where it has none."""

    def line_of(self, tensor: str) -> int | None:
        """The line of the source where this tensor's gradient is made, where that is known."""


@dataclass(frozen=True)
class LayerAnswer:
    """A layer pair's answer: output, and the gradients its backward pass returned ("x", "W", "b", "gamma", "beta")."""

    y: Array
    gradients: Arrays
    changed: tuple[str, ...] = ()
    mask: Array | None = None


class LayerSubject(Protocol):
    """A forward and backward pair for one layer: dense, relu, sigmoid, tanh, softmax, conv, maxpool, avgpool,
    batchnorm, dropout. `options` says kernel, stride, padding, keep_probability, epsilon where the kind has them."""

    kind: str
    options: Mapping[str, float]

    def answer(self, inputs: Arrays, dy: Array, *, calls: int = 1) -> list[LayerAnswer]:
        """Forward on inputs["x"] (and "W", "b", …), then backward from the upstream gradient dy; each call in a row."""

    def forward(self, inputs: Arrays) -> Array:
        """The output alone, for difference quotients."""


class OptimizerSubject(Protocol):
    """An update rule of somebody's: sgd, momentum, nesterov, rmsprop, adam, adamw."""

    kind: str
    options: Mapping[str, float]

    def run(self, theta: Array, gradients: list[Array]) -> list[Array]:
        """Parameters (n,) after each update with these gradients in turn, from fresh state."""


class UpdateSubject(Protocol):
    """An update of one or several tensors at once, by a rule that may have no name.

    `shapes` gives the tensors' names and shapes in the order in which they are updated; `source` is the update's text,
    and `literals` are the numbers in it. `kind` is "" where neither a name nor the user says what it is.

    One that takes its gradients itself has a method `observed(turn, steps)`, which gives a `Seen`.
    """

    kind: str
    source: str
    literals: tuple[float, ...]

    @property
    def options(self) -> Mapping[str, float]:
        """Constants, as `OptimizerSubject` has them."""

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Of the tensors, by their names."""

    def run(self, tensors: Arrays, gradients: Sequence[Arrays]) -> Sequence[Arrays]:
        """All tensors after each update with these gradients (under the tensors' names) in turn, from fresh state."""


class ToolSubject(Protocol):
    """Any other function that programs have wrong: accuracy, softmax, one_hot, initialize, normalize, a gradient
    checker. `call` passes handgrad's arguments in the program's own order."""

    kind: str

    def call(self, *arguments: Array) -> object:
        """The function's value."""


@dataclass(frozen=True)
class Finding:
    """One mistake, or one thing worth saying that is none.

    Attributes:
        explanation: the catalogue's key, such as "relu_mask_missing"; "" where nothing fits.
        verdict: "mistake", "convention" (equivalent or a matter of taste) or "undecided".
        tensor: whose gradient shows it, such as "W2"; "" for a whole program.
        layer: 1-based, None where it does not apply.
        index: the worst entry.
        expected, received: the two numbers there.
        relative: ‖a − b‖ / (‖a‖ + ‖b‖) of the tensor.
        line: of the source, where known.
        mathematics: the line it violates, such as "δ₁ = (δ₂ W₂ᵀ) ⊙ 1[z₁ > 0]".
        symptom, question, words, change: the texts of the levels of help: what shows, what to ask oneself, the
            explanation in a student's words, what to change.
        ruled_out: explanations tried that do not fit, in words.
        accuracy: whether accuracy would have shown it, in words.
        others: further explanations that fit the numbers equally well.
    """

    explanation: str
    verdict: str
    tensor: str = ""
    layer: int | None = None
    index: tuple[int, ...] = ()
    expected: float | None = None
    received: float | None = None
    relative: float | None = None
    line: int | None = None
    mathematics: str = ""
    symptom: str = ""
    question: str = ""
    words: str = ""
    change: str = ""
    ruled_out: tuple[str, ...] = ()
    accuracy: str = ""
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class TensorVerdict:
    """One tensor's verdict: "W1 (4, 5): right, largest relative error 3e-10"."""

    tensor: str
    shape: tuple[int, ...]
    relative: float
    right: bool
    note: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """All that was found: a line a tensor, the findings from the loss backwards, and what the cheap signs say."""

    lines: tuple[TensorVerdict, ...]
    findings: tuple[Finding, ...]
    signs: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """right, mistake or undecided."""
        if any(f.verdict == "mistake" for f in self.findings):
            return "mistake"
        wrong = not all(line.right for line in self.lines)
        return "undecided" if wrong or any(f.verdict == "undecided" for f in self.findings) else "right"

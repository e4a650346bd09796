"""The one number that people quote, taken apart: rel = ‖a − b‖ / (‖a‖ + ‖b‖), or the largest relative error.

For b = k a the first is |k − 1| / (|k| + 1), so the number says the factor; a gradient at right angles and of the same
length gives √2/2.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from handgrad.errors import UsageError

_NEAR = 0.004  # of a quoted number with three digits, and of what a second, smaller difference adds


@dataclass(frozen=True)
class Meaning:
    """One thing that the number can mean: the factor or cause, the value it gives, what to try next."""

    cause: str
    value: float
    next_step: str


@dataclass(frozen=True)
class Explanation:
    """A number and its meanings, the nearest first; `verdict` is right, undecided or mistake."""

    value: float
    verdict: str
    meanings: tuple[Meaning, ...]
    words: str

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def relative_of_factor(k: float) -> float:
    """rel of b = k a.

    >>> [round(relative_of_factor(k), 3) for k in (2, 0.5, 10, 50, -1, 0)]
    [0.333, 0.333, 0.818, 0.961, 1.0, 1.0]
    """
    return abs(k - 1) / (abs(k) + 1) if k >= 0 else 1.0


def explain(value: float, *, batch: int = 50, classes: int = 10) -> Explanation:
    """What a relative difference between two gradients can mean.

    Args:
        value: 0 to 1 as ‖a − b‖ / (‖a‖ + ‖b‖); a largest relative error |a − b| / max(|a|, |b|) may reach 2.
        batch: N, the images that the two gradients were computed on; default 50.
        classes: P; default 10.

    Raises:
        UsageError: if the number is negative, not finite, or above 2.

    >>> explain(0.333).meanings[0].cause
    'a factor 2, or ½'
    >>> explain(0.778, batch=8).meanings[0].cause
    'a factor N = 8, or 1/N'
    """
    if not math.isfinite(value) or not 0 <= value <= 2:
        raise UsageError(f"{value:g}: expected a relative difference, 0 to 1 (a largest relative error reaches 2)")
    if batch < 1 or classes < 1:
        raise UsageError("batch and classes are counts: expected 1 or more")
    if value < 0.01:
        return _small(value)
    causes = [m for m in _causes(batch, classes) if abs(m.value - value) <= _NEAR]
    causes.sort(key=lambda m: abs(m.value - value))
    return Explanation(value, "mistake", tuple(causes), _mistake_words(value, causes))


def _causes(batch: int, classes: int) -> list[Meaning]:
    N, P = batch, classes
    factors = [
        (2, "a factor 2, or ½", "Ask where the 2 of the square went, or whether ½λ‖W‖² lost its ½."),
        (N, f"a factor N = {N}, or 1/N", "Count how often the loss divides by N, and how often the gradient does."),
        (P, f"a factor P = {P}, or 1/P", "np.mean over the whole array divides by P more than a mean over images."),
        (N * P, f"a factor N·P = {N * P}, or its inverse", "One side is a mean over the whole array, one a sum."),
        (N * N, f"a factor N² = {N * N}, or its inverse", "The 1/N is there too often, such as once in every layer."),
        (3, "a factor 3", "Call backward once, on cleared gradients: something was added up over calls."),
    ]
    found = [Meaning(cause, relative_of_factor(k), what) for k, cause, what in factors if k != 1]
    sign = (
        "Turn the sign round and measure again: 0 says that p − t was t − p. Else look whether one side is all zeros."
    )
    found.append(Meaning("the opposite sign, or all zeros on one side", 1.0, sign))
    way = "The same values in another order mean reshape for transpose; else look for a wrong or transposed W above."
    found.append(Meaning("an unrelated direction of the same length", math.sqrt(0.5), way))
    return found


def _mistake_words(value: float, causes: list[Meaning]) -> str:
    if value > 1 + _NEAR:
        return _joined(_ABOVE_ONE, value=value)
    if causes:
        shown = (f"{m.cause[0].upper()}{m.cause[1:]} gives {m.value:.3f}. {m.next_step}" for m in causes[:2])
        return _joined(_FACTOR, value=value, fitting=" ".join(shown))
    k = (1 + value) / (1 - value)
    return _joined(_DIRECTION, value=value, k=k, inverse=1 / k)


def _small(value: float) -> Explanation:
    if value <= 1e-7:
        meaning = Meaning("rounding in float64", value, "Nothing: go on.")
        return Explanation(value, "right", (meaning,), _joined(_ROUNDING, value=value))
    meaning = Meaning("rounding in float32, a kink, or a small missing term", value, "Measure again in float64.")
    return Explanation(value, "undecided", (meaning,), _joined(_BETWEEN, value=value))


def _joined(text: str, **values: object) -> str:
    return " ".join(text.format(**values).split())


_ABOVE_ONE = """
{value:g} cannot be ‖a−b‖/(‖a‖+‖b‖), which ends at 1; it is a largest relative error |a−b|/max(|a|,|b|). 2 means that
at some place the two have opposite signs and equal size; between 1 and 2 the signs differ and the sizes too. Look at
that place: is the number itself tiny? Then it is noise: measure again in float64, with ‖a−b‖/(‖a‖+‖b‖) for the whole
tensor. If it is not tiny, test the sign first, and then whether a mask switched the gradient off on one side only. A
single bad place among many good ones is often a kink of ReLU that the difference quotient stepped across; draw other
numbers and see whether it moves.
"""
_FACTOR = """
In float64 {value:g} is too large for rounding: one of the two gradients is wrong. (In float32 measure again first.)
If they differ by a factor k alone, this number is |k−1|/(k+1), so it says the factor. What fits: {fitting} To be
sure, divide the two tensors entry by entry: a pure factor is the same number everywhere. If the quotients differ from
place to place it is no factor, and the number came out so by chance: then check the last layer first, because the
first wrong tensor from the loss backwards is the one to mend.
"""
_DIRECTION = """
In float64 {value:g} is too large for rounding: one of the two gradients is wrong. (In float32 even a right program
gives 0.16 at h = 1e-5: measure again in float64 first.) As a pure factor it would be {k:.3g} or {inverse:.3g}, which
is none that people usually lose; give --batch and --classes if yours are not 50 and 10. So it is probably a
direction. Begin at the loss and compare the last layer's tensors. If its weights are right and the layer below is
not, the hand-over between them is wrong: a missing mask, W for its transpose, weights that were already updated. If
weights are right and biases wrong, look at the sum over the batch. Zeros in one of the two show a mask.
"""
_ROUNDING = """
{value:g} is what a right gradient gives in float64: the difference quotient itself is no better. With h = 1e-5 and
central differences, 1e-9 to 1e-7 is normal, and a kink of ReLU near one of the numbers can raise it a little. Two
warnings. A tensor that is zero on both sides agrees perfectly and proves nothing: look whether it has entries that
are not zero, and make the biases random first. And a batch of one image hides every factor N: check with at least
three images, and with sizes that are all different, so that a transposed matrix cannot pass. If all of that holds,
this tensor is right.
"""
_BETWEEN = """
{value:g} lies between right and wrong. Most often it is the measuring: in float32 a right program gives 1e-4 to 1e-2,
and even 0.16 at h = 1e-5. So convert weights and images to float64, use (f(x+h) − f(x−h))/2h with h = 1e-5, and look
again. If it falls to 1e-7 your gradient was right. If it stays, change h: an error that grows with h comes from a
kink, where a ReLU changes side between the two points; draw other numbers. If it stays the same whatever h is,
something small is missing: a penalty's λW, weights updated before the last gradient was computed (then it halves with
the learning rate), or an ε in the logarithm.
"""

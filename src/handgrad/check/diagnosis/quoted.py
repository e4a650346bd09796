"""The one number that students quote, ‖a − b‖/(‖a‖ + ‖b‖), read backwards: what it can mean."""

from __future__ import annotations

import math

_NEAR = 0.002


def meanings(quoted: float) -> tuple[str, ...]:
    """What a relative difference can mean, the likeliest first.

    A pure factor k between the two gradients gives |k − 1| / (k + 1), whatever the gradients are.

    Args:
        quoted: between 0 and 1.

    Raises:
        ValueError: outside of that.

    >>> meanings(0.333)[0]
    'a factor 2 or ½: 2 of the square kept or lost, or a checker that divides by h instead of 2h'
    """
    if not 0.0 <= quoted <= 1.0:
        raise ValueError(f"a relative difference ‖a − b‖/(‖a‖ + ‖b‖) lies between 0 and 1; received {quoted!r}")
    said = [words for value, words in _KNOWN if abs(quoted - value) <= _NEAR]
    if quoted < 1e-6:
        return ("right: differences this small are rounding",)
    if quoted < 1e-3:
        said.append("single precision, an ε, a step h that does not suit, or a kink: check again in float64, h = 1e-5")
    elif not said and quoted < 1.0 - 1e-9:
        k = (1 + quoted) / (1 - quoted)
        said.append(
            f"a pure factor {k:.4g} or {1 / k:.4g}, if the direction is right: what in the program has this value?"
        )
        said.append(f"or a direction that is off: with equal lengths an angle of {_angle(quoted):.0f}°")
    return tuple(said)


_KNOWN = (
    (1 / 3, "a factor 2 or ½: 2 of the square kept or lost, or a checker that divides by h instead of 2h"),
    (9 / 11, "a factor 10 or 1/10: a mean over ten classes more or less, or a batch of 10"),
    (49 / 51, "a factor 50 or 1/50: 1/N missing or twice in a batch of 50"),
    (99 / 101, "a factor 100 or 1/100: 1/N missing or twice in a batch of 100, or a learning rate of 0.01"),
    (63 / 65, "a factor 64 or 1/64: 1/N missing or twice in a batch of 64"),
    (31 / 33, "a factor 32 or 1/32: 1/N missing or twice in a batch of 32"),
    (0.5, "a factor 3 or 1/3"),
    (0.6, "a factor 4 or ¼: a 2 × 2 window averaged or not, or a 2 twice"),
    (math.sqrt(0.5), "two unrelated directions of equal length: a transpose, a reshape, another tensor's gradient"),
    (1.0, "one of the two is zero, or one is the other with the opposite sign, or is not finite"),
    (0.16, "in float32 with h = 1e-5 a right program shows this: check in float64"),
)


def _angle(quoted: float) -> float:
    """Between two tensors of equal length, in degrees."""
    return math.degrees(2 * math.asin(min(1.0, quoted)))

"""The forms of each update rule: right ones, then what is a convention, then mistakes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from handgrad.check.diagnosis.optimizers.adaptive import (
    AdamForm,
    adadelta,
    adam,
    adamax,
    centred,
    lion,
    square_mean,
    with_momentum,
)
from handgrad.check.diagnosis.optimizers.rules import (
    Rule,
    Variant,
    ahead_without_gradient,
    friction_on_all,
    look_ahead_of_old,
    minus,
    plain,
    plus_epsilon,
    previous_gradient,
    replaced,
    sign_only,
    twice,
    velocity,
    with_decay,
    with_gradient_again,
)

USED = {
    "sgd": (), "momentum": ("momentum",), "nesterov": ("momentum",), "rmsprop": ("decay", "epsilon"),
    "adagrad": ("epsilon",), "adadelta": ("decay", "epsilon"), "adam": ("beta1", "beta2", "epsilon"),
    "adamw": ("beta1", "beta2", "epsilon", "weight_decay"), "adamax": ("beta1", "beta2", "epsilon"),
    "nadam": ("beta1", "beta2", "epsilon"), "amsgrad": ("beta1", "beta2", "epsilon"), "lion": ("beta1", "beta2"),
}  # fmt: skip
KINDS = tuple(USED)
MOMENTUM = velocity(lambda y: y, lambda y: 1.0)
AVERAGE = velocity(lambda y: y, lambda y: 1 - y)
NESTEROV = velocity(lambda y: y, lambda y: 1.0, ahead=1.0)
ADAM = adam(AdamForm())

_MOMENTUM_MISTAKES = [
    Variant("momentum_average", AVERAGE),
    Variant("momentum_not_kept", plain, detail="the gradient alone"),
    Variant("momentum_not_kept", previous_gradient, detail="this gradient and the last one"),
    Variant("momentum_never_fades", velocity(lambda y: 1.0, lambda y: 1.0)),
    Variant("momentum_exchanged", velocity(lambda y: 1 - y, lambda y: y)),
    Variant("momentum_exchanged", velocity(lambda y: 1 - y, lambda y: 1.0)),
    Variant("momentum_one_step_late", velocity(lambda y: y, lambda y: 1.0, lag=True)),
    Variant("momentum_sign", velocity(lambda y: -y, lambda y: 1.0)),
    Variant("momentum_on_everything", friction_on_all),
    Variant("momentum_gradient_twice", with_gradient_again),
    Variant("gradient_squared", velocity(lambda y: y, lambda y: 1.0, power=2)),
]


def _counts(tensors: int) -> list[tuple[Callable[[int], int], str]]:
    """t as it grows where it advances once a tensor: as the last tensor and as the first one sees it."""
    words = f"{tensors} a step"
    return [(lambda t: tensors * t, words), (lambda t: tensors * (t - 1) + 1, words)]


_COUNTS = [pair for tensors in (2, 4, 6, 8) for pair in _counts(tensors)]


_ADAM_STYLES: tuple[dict[str, Any], ...] = ({}, {"inside": True}, {"in_rate": True})
_FORGOTTEN = (("both", "this gradient only"), ("first", "this gradient only, in m"), ("second", "this one only, in v"))
_NO_STEPS: tuple[tuple[Callable[[int], int], str], ...] = (
    (lambda t: 1, "t stays 1"),
    (lambda t: 0, "t stays 0"),
    (lambda t: t + 1, "t starts at 2"),
    (lambda t: t - 1, "t starts at 0"),
    (lambda t: max(t - 1, 1), "t stays 1 for two steps"),
)


def _adam_mistakes() -> list[Variant]:
    """Conventions, then slips in each of the ways to write ε and the correction."""
    made = [
        Variant("epsilon_inside_root", adam(AdamForm(inside=True)), convention=True),
        Variant("epsilon_unscaled", adam(AdamForm(in_rate=True)), convention=True),
        Variant("epsilon_nowhere", adam(AdamForm(no_epsilon=True)), convention=True),
        *(Variant("epsilon_outside", plus_epsilon(adam(AdamForm(no_epsilon=True)), sign)) for sign in (1.0, -1.0)),
        Variant("adam_correction_written_back", adam(AdamForm(written_back=True))),
    ]
    for style in _ADAM_STYLES:
        made += _adam_slips(style)
    return [*made, Variant("adam_correction_root", adam(AdamForm(in_rate=True, rate_root_missing=True)))]


def _adam_slips(style: dict[str, Any]) -> list[Variant]:
    def form(**changes: Any) -> Rule:
        return adam(AdamForm(**{**style, **changes}))

    return [
        Variant("adam_no_root", form(root=False)),
        Variant("adam_no_correction", form(correct_first=False, correct_second=False), detail="m and v"),
        Variant("adam_no_correction", form(correct_first=False), detail="m"),
        Variant("adam_no_correction", form(correct_second=False), detail="v"),
        *(Variant("adam_steps_wrong", form(steps=count), detail=words) for count, words in _NO_STEPS),
        *(Variant("adam_steps_per_tensor", form(steps=count), detail=words) for count, words in _COUNTS if not style),
        *(Variant("momentum_not_kept", form(forgotten=which), detail=words) for which, words in _FORGOTTEN),
        Variant("adam_power_missing", form(power_missing="first")),
        Variant("adam_power_missing", form(power_missing="second")),
        Variant("adam_betas_exchanged", form(exchanged=True)),
        Variant("adam_betas_exchanged", form(exchanged_means=True)),
        Variant("adam_betas_exchanged", form(exchanged_corrections=True)),
        Variant("adam_one_beta", form(one_beta="first"), detail="β₁"),
        Variant("adam_one_beta", form(one_beta="second"), detail="β₂"),
        Variant("adam_one_beta", form(one_correction="first"), detail="β₁ (in the corrections)"),
        Variant("adam_one_beta", form(one_correction="second"), detail="β₂ (in the corrections)"),
        Variant("adam_not_squared", form(power=1)),
        Variant("adam_not_squared", form(power=1, absolute=True)),
        Variant("adam_moments_exchanged", form(exchanged_moments="plain")),
        Variant("adam_moments_exchanged", form(exchanged_moments="absolute")),
        *(Variant("momentum_exchanged", form(exchanged_weights=where)) for where in ("both", "first", "second")),
        Variant("adam_second_of_first", form(of_first=True)),
        Variant("adam_weights_missing", form(first=lambda b: 1.0), detail="(1 − β₁)"),
        Variant("adam_weights_missing", form(second=lambda b: 1.0), detail="(1 − β₂)"),
        Variant("adam_weights_missing", form(first=lambda b: 1.0, second=lambda b: 1.0), detail="(1 − β) twice"),
        Variant("adam_weights_missing", form(first=lambda b: b), detail="(1 − β₁)"),
        Variant("adam_weights_missing", form(second=lambda b: b), detail="(1 − β₂)"),
        Variant("adam_plain_numerator", form(plain_numerator=True)),
        Variant("adam_power_as_product", form(product=True)),
        Variant("adam_correction_multiplied", form(multiplied=True)),
    ]


def _square_slips(memory: dict[str, Any]) -> list[Variant]:
    """Of RMSProp and Adagrad: the memory is made rightly, with ε in either place."""

    def form(**changes: Any) -> Rule:
        return square_mean(**{**memory, **changes})

    made = []
    for inside in (False, True):
        made += [
            Variant("adam_no_root", form(root=False, inside=inside)),
            Variant("adam_not_squared", form(power=1, inside=inside)),
            Variant("adam_not_squared", form(power=1, absolute=True, inside=inside)),
            Variant("momentum_one_step_late", form(lag=True, inside=inside)),
            Variant("multiplied_by_root", form(multiplied=True, inside=inside)),
            *(
                Variant("momentum_not_kept", form(keep=lambda r: 0.0, take=take, inside=inside), detail=_THIS_ONLY)
                for take in (lambda r: 1 - r, lambda r: 1.0)
            ),
        ]
    return [*made, Variant("momentum_not_kept", plain, detail="nothing but this gradient")]


_THIS_ONLY = "this gradient only"


def _rmsprop() -> list[Variant]:
    right = square_mean()
    wrong = [Variant("optimizer_climbs", minus(right)), *_square_slips({}), Variant("update_uses_sign", sign_only)]
    for inside in (False, True):
        wrong += [
            Variant("rmsprop_sums", square_mean(keep=_one, take=_one, inside=inside), detail="without ρ"),
            Variant("rmsprop_sums", square_mean(take=_one, inside=inside), detail="without (1 − ρ)"),
            Variant("rmsprop_sums", square_mean(keep=_one, inside=inside), detail="without ρ on the old value"),
            Variant("momentum_exchanged", square_mean(keep=lambda r: 1 - r, take=lambda r: r, inside=inside)),
            Variant("momentum_exchanged", square_mean(take=lambda r: r, inside=inside)),
        ]
    return [
        Variant("", right),
        Variant("epsilon_inside_root", square_mean(inside=True), convention=True),
        Variant("epsilon_nowhere", square_mean(no_epsilon=True), convention=True),
        *(Variant("epsilon_outside", plus_epsilon(square_mean(no_epsilon=True), sign)) for sign in (1.0, -1.0)),
        Variant("rmsprop_corrected", square_mean(corrected=True), convention=True),
        Variant("rmsprop_corrected", square_mean(corrected=True, inside=True), convention=True),
        Variant("", centred),
        *(Variant("", with_momentum(square_mean(inside=i)), extra=("momentum",)) for i in (False, True)),
        *wrong,
    ]


def _one(rho: float) -> float:
    return 1.0


def _adagrad() -> list[Variant]:
    keep: dict[str, Any] = {"keep": _one, "take": _one}
    right = square_mean(**keep)
    return [
        Variant("", right),
        Variant("epsilon_inside_root", square_mean(**keep, inside=True), convention=True),
        Variant("epsilon_nowhere", square_mean(**keep, no_epsilon=True), convention=True),
        *(Variant("epsilon_outside", plus_epsilon(square_mean(**keep, no_epsilon=True), sign)) for sign in (1.0, -1.0)),
        Variant("optimizer_climbs", minus(right)),
        *_square_slips(keep),
        Variant("adagrad_fades", square_mean(), extra=("decay",)),
        Variant("adagrad_fades", square_mean(inside=True), extra=("decay",)),
    ]


def _adamw() -> list[Variant]:
    right = with_decay(ADAM, "beside")
    wrong = [
        Variant("adamw_decay_in_gradient", with_decay(ADAM, "in gradient")),
        Variant("decay_without_rate", with_decay(ADAM, "without rate")),
        Variant("decay_sign", with_decay(ADAM, "sign")),
        Variant("decay_missing", ADAM),
        Variant("decay_twice", with_decay(ADAM, "twice")),
        Variant("decay_rate_squared", with_decay(ADAM, "rate squared")),
    ]
    others = [Variant(v.key, with_decay(v.rule, "beside"), v.convention, v.detail) for v in _adam_mistakes()]
    fine = [Variant("", right), Variant("", with_decay(ADAM, "after"))]
    made = [*fine, *wrong, *others, Variant("optimizer_climbs", minus(right))]
    return [replace(form, extra=("weight_decay",)) for form in made]


def _of_adam(right: list[Rule], kind: str) -> list[Variant]:
    """Relatives of Adam: their right forms, Adam itself, and Adam's slips in their form."""
    changes: dict[str, Any] = {"largest": "before", "correct_first": False, "correct_second": False}
    changes = {"ahead": "this"} if kind == "nadam" else changes if kind == "amsgrad" else {}
    slips = [
        Variant("adam_no_root", adam(AdamForm(**changes, root=False))),
        Variant("adam_not_squared", adam(AdamForm(**changes, power=1))),
        Variant("adam_betas_exchanged", adam(AdamForm(**changes, exchanged=True))),
        Variant("relative_is_adam", ADAM, detail="Adam itself"),
        Variant("relative_is_adam", adam(AdamForm(correct_first=False, correct_second=False)), detail="Adam itself"),
    ]
    return [*(Variant("", rule) for rule in right), Variant("optimizer_climbs", minus(right[0])), *slips]


def _relatives(kind: str) -> list[Variant]:
    if kind == "nadam":
        forms = [AdamForm(ahead=a, inside=i) for a in ("this", "next") for i in (False, True)]
        return _of_adam([adam(f) for f in forms], kind)
    if kind == "amsgrad":
        rules = [
            adam(AdamForm(largest=where, correct_first=c1, correct_second=c2, inside=inside))
            for inside in (False, True)
            for where in ("before", "after")
            for c1, c2 in ((False, False), (True, True), (True, False))
        ]
        return _of_adam(rules, kind)
    if kind == "adamax":
        wrong = [Variant("extra_root", adamax(root=True)), Variant("relative_is_adam", ADAM, detail="Adam itself")]
        climbs = Variant("optimizer_climbs", minus(adamax()))
        return [Variant("", adamax()), Variant("", adamax(epsilon=False)), climbs, *wrong]
    if kind == "lion":
        one = Variant("adam_one_beta", lion(one_beta=True), detail="β₁")
        decayed = [Variant("", with_decay(lion(), "beside"))]
        wrong = [Variant("optimizer_climbs", minus(lion())), one, Variant("sign_missing", lion(sign=False))]
        return [Variant("", lion()), *decayed, *wrong]
    right = adadelta()
    wrong = [
        Variant("adam_no_root", adadelta(root=False)),
        Variant("adadelta_of_gradients", adadelta(kept_first=True)),
        Variant("optimizer_climbs", minus(right)),
    ]
    return [Variant("", right), Variant("", adadelta(inside=False)), *wrong]


def variants(kind: str) -> list[Variant]:
    """The forms of one optimiser: right ones first, then conventions, then mistakes.

    Raises:
        ValueError: an unknown kind.
    """
    if kind == "sgd":
        fine = [Variant("", plain), Variant("optimizer_climbs", minus(plain))]
        return [*fine, Variant("gradient_squared", velocity(lambda y: 0.0, lambda y: 1.0, power=2)),
                Variant("update_uses_sign", sign_only)]  # fmt: skip
    if kind == "momentum":
        climbs = [Variant("optimizer_climbs", minus(MOMENTUM))]
        return [Variant("", MOMENTUM), *climbs, *_MOMENTUM_MISTAKES, Variant("nesterov_for_momentum", NESTEROV)]
    if kind == "nesterov":
        own = [
            Variant("nesterov_is_momentum", MOMENTUM),
            Variant("nesterov_velocities_exchanged", look_ahead_of_old),
            Variant("nesterov_without_gradient", ahead_without_gradient),
        ]
        return [Variant("", NESTEROV), Variant("optimizer_climbs", minus(NESTEROV)), *own, *_MOMENTUM_MISTAKES[1:]]
    if kind == "rmsprop":
        return _rmsprop()
    if kind == "adagrad":
        return _adagrad()
    if kind == "adam":
        return [Variant("", ADAM), *_adam_mistakes(), Variant("optimizer_climbs", minus(ADAM))]
    if kind == "adamw":
        return _adamw()
    if kind in USED:
        return _relatives(kind)
    raise ValueError(f"no optimiser is called {kind!r}; there are {', '.join(KINDS)}")


_FINE_DECAYS = ("in gradient", "beside", "after", "in gradient, twice", "in gradient, l1")


def decayed(kind: str) -> list[Variant]:
    """Forms with weight decay, for a rule that has some: right ones first."""
    base = {"sgd": plain, "momentum": MOMENTUM, "nesterov": NESTEROV, "rmsprop": square_mean(), "adam": ADAM}
    rule = base.get(kind)
    if rule is None:
        return []
    made = [Variant("", with_decay(rule, how)) for how in _FINE_DECAYS]
    if kind in ("adam", "rmsprop"):
        inside = adam(AdamForm(inside=True)) if kind == "adam" else square_mean(inside=True)
        made += [Variant("", with_decay(inside, how)) for how in _FINE_DECAYS]
    made += [
        Variant("decay_without_rate", with_decay(rule, "without rate")),
        Variant("decay_sign", with_decay(rule, "sign")),
        Variant("decay_sign", with_decay(rule, "in gradient, sign")),
        Variant("decay_rate_squared", with_decay(rule, "rate squared")),
        Variant("decay_of_size", with_decay(rule, "in gradient, absolute")),
    ]
    return [replace(form, extra=("weight_decay",)) for form in made]


def doubled(kind: str) -> list[Variant]:
    """The right form done twice with one gradient, or put in the place of the parameters."""
    right = variants(kind)[0].rule
    lost = [Variant("update_replaces", replaced(right, sign)) for sign in (1.0, -1.0)]
    return [Variant("updated_twice", twice(right)), *lost]


__all__ = ["AVERAGE", "KINDS", "MOMENTUM", "NESTEROV", "USED", "decayed", "doubled", "variants"]

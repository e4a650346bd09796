"""A net whose activations or loss are not known: its gradients against difference quotients of its own loss."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from handgrad.check.reading.find_net import draw
from handgrad.check.reading.general import General, check_general
from handgrad.check.reading.net import ProgramNet
from handgrad.check.subject import Diagnosis


def check_slopes(net: ProgramNet) -> Diagnosis:
    """Right, wrong or undecided: what was not understood may have been called in a way that it is not made for.

    Where one layer's weights have the right gradient, the call was a good one, and the others are wrong.
    """
    made = draw(net.plan.world.sizes, 6, 11, 0.8)
    with np.errstate(all="ignore"):
        answer = net.answer(made.parameters, made.x.copy(), made.t.copy())[0]

    def loss() -> float:
        value = net.loss_at(made.parameters, made.x, made.t)
        return float("nan") if value is None else value

    gradients = {n: g for n, g in answer.gradients.items() if g.shape == made.parameters[n].shape}
    found = check_general(General("net", loss, made.parameters, gradients, []))
    net.notes += ("its activations or loss are not known here: compared with difference quotients of its own loss",)
    if any(line.right and line.tensor[0] == "W" and answer.gradients[line.tensor].any() for line in found.lines):
        return found
    return replace(found, findings=tuple(replace(f, verdict="undecided") for f in found.findings))

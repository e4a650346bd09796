"""What was found and assumed, in words: the first lines that `check` prints."""

from __future__ import annotations

import re

from handgrad.check.reading.loops.find import NAME as LOOP
from handgrad.check.reading.net import ProgramNet
from handgrad.check.reading.program import Program

_SAMPLES = {
    "rows": "samples are rows",
    "columns": "samples are columns",
    "vector": "one sample a call, as a vector",
    "column": "one sample a call, as a column (D, 1)",
    "row": "one sample a call, as a row (1, D)",
    "listed row": "one sample a call, a row (1, D) in a list",
    "listed column": "one sample a call, a column (D, 1) in a list",
}
_LABELS = {"onehot": "one-hot targets", "numbers": "class numbers as targets", "flat": "targets (N,)"}
_LOSSES = {
    "softmax_cross_entropy": "softmax cross-entropy",
    "cross_entropy": "cross-entropy",
    "binary_cross_entropy": "two-class cross-entropy",
    "squared_error": "squared error",
}
_FORMS = {
    "returned": "gradients as returned",
    "attributes": "gradients as kept in the object",
    "per sample": "gradients a sample, averaged by handgrad",
    "updates inside": "no gradient is handed out: it is (before − after) / η of the update",
}


def said_of_program(program: Program) -> list[str]:
    """What was executed and what was not."""
    place = program.source.place
    said = []
    if program.skipped:
        ranges = [
            f"{place(s.first)}–{place(s.last).split(' ')[-1] if s.last != s.first else ''}".rstrip("–") + f" ({s.kind})"
            for s in program.skipped[:4]
        ]
        more = f" and {len(program.skipped) - 4} more" if len(program.skipped) > 4 else ""
        said.append(f"skipped: {', '.join(ranges)}{more}")
    said += [f"{place(line)} did not run: {what}" for line, what in program.failed[:3]]
    return said


def own_name(net: ProgramNet) -> str:
    """What its author calls the last function that was called."""
    name = net.plan.steps[-1].function.name
    return net.program.own_names.get(name, name)


def said_of_net(program: Program, net: ProgramNet) -> list[str]:
    """The net as it was understood."""
    spec, plan = net.spec, net.plan
    calls = ", then ".join(f"{step.function.shown}()" for step in plan.steps)
    calls = calls.replace(f"{LOOP}()", "one round of the training loop")
    calls = re.sub(r"\w+", lambda word: net.program.own_names.get(word[0], word[0]), calls)
    chain = (
        "-".join(map(str, spec.sizes)) if not spec.fixed_sizes else "-".join(map(str, spec.sizes)) + " (written in it)"
    )
    said = [f"{plan.world.said}; calls {calls}; {_FORMS[net.form]}"]
    if net.form == "updates inside" and net.fixed_rate:
        said[-1] += f" (η = {net.fixed_rate:.4g}, fitted)"
    labels = "the target is the input" if spec.target_is_input else _LABELS[plan.form.labels]
    said.append(f"{_SAMPLES[plan.form.samples]}, {labels}; layers tried {chain}, {', '.join(spec.activations)}")
    divided = {"N": "mean over the samples", "none": "sum over the samples", "N*P": "mean over samples and outputs"}
    half = {1.0: "", 0.5: "½ ", 2.0: "2 × "}.get(spec.factor, f"{spec.factor:.3g} × ")
    how = "no loss in the program: assumed from its last δ" if spec.loss_is_assumed else "confirmed by its value"
    if not spec.loss_is_assumed and not net.loss_fits:
        how = "its value holds more than that, such as a penalty"
    said.append(f"loss: {half}{_LOSSES[spec.loss]}, {divided[spec.divided_by]} ({how})")
    if not any(name[0] == "b" for name in plan.world.slots):
        said.append("no biases were found")
    return [*said, *net.notes]

"""In which order a program's functions may be called to get gradients: the likeliest orders first."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from handgrad.check.reading.naming.flow import called_in
from handgrad.check.reading.places import Path
from handgrad.check.reading.plan import Step
from handgrad.check.reading.program import Function, Program
from handgrad.check.reading.roles import BACKWARD, EXPOSES, FORWARD, INITIALIZES, LOSS, NOT_LOSS, UPDATES, role_of
from handgrad.check.reading.wishes import Wishes
from handgrad.check.reading.worlds import World

_OPTIMIZER = re.compile(r"adam|rms_?prop|sgd_|_sgd|nesterov|adagrad|momentum", re.IGNORECASE)
_LAYER_PAIR = re.compile(
    r"(conv\w*|\w*pool\w*|batch_?norm\w*|bn|affine\w*|dense|linear|fc|dropout|relu|sigmoid|tanh|softmax|flatten|layer\w*)_"
    r"(forward|backward|back|backprop|bwd|fwd)(_\w+)?", re.IGNORECASE)  # fmt: skip


_CLEARS = re.compile(r"(zero|clear|reset)_?grad", re.IGNORECASE)
_FEW = 9  # functions of which every pair is tried


def _functions(program: Program, world: World) -> dict[str, Function]:
    own = {f"{world.owner}.{n}": f for n, f in program.methods.get(world.owner, {}).items()} if world.owner else {}
    own = {k: replace(f, owner=world.owner) for k, f in own.items() if not k.endswith("__") or k.endswith("__call__")}
    return {**own, **program.functions}


def sequences(program: Program, world: World, wishes: Wishes) -> Iterator[tuple[Step, ...]]:
    """Backward functions alone, after a forward pass, after forward pass and loss; then with an update behind."""
    functions = _functions(program, world)
    if world.aliases and world.layered:  # layers in a list: whoever is given it with images and targets
        takers = [f for f in program.functions.values() if {*f.required} & {*world.aliases} and len(f.required) > 2]
        yield from ((Step(f),) for f in takers)
    forwards = _chosen(functions, wishes.forward) or [f for f in functions.values() if FORWARD.search(f.name) and
                                                      not EXPOSES.search(f.name)]  # fmt: skip
    backwards = _chosen(functions, wishes.backward or wishes.update or _method(wishes.thing))
    if not backwards:
        backwards = sorted(
            (f for f in functions.values() if _may_be_backward(f, world)), key=lambda f: -_backward_rank(f)
        )
    losses = _chosen(functions, wishes.loss) or [
        f for f in functions.values() if LOSS.search(f.name) and not NOT_LOSS.search(f.name)
    ]
    forwards = sorted(
        forwards, key=lambda f: (bool(world.owner) and not f.owner, not re.search("forward|feed", f.name))
    )
    inner = _loss_steps(program, world)
    for backward in backwards[:10]:
        last = Step(backward)
        for forward in [*forwards[:4], *(f for f in _feeding(backward, functions) if f not in forwards[:4])]:
            if forward.name != backward.name and not _runs_forward(backward, forwards):
                yield (Step(forward), last)
        yield (last,)
        for forward in forwards[:3]:
            for steps in [*inner, *((Step(f),) for f in losses[:3] if f.owner)]:
                if backward.name != forward.name and last not in steps and Step(forward) not in steps:
                    yield (Step(forward), *steps, last)
    updates = [f for f in functions.values() if UPDATES.search(f.name)]
    for backward in backwards[:4]:
        for update in updates[:4]:
            if update.name != backward.name:
                for forward in forwards[:2]:
                    yield (Step(forward), Step(backward), Step(update))
                yield (Step(backward), Step(update))


def unnamed_sequences(program: Program, world: World, wishes: Wishes) -> Iterator[tuple[Step, ...]]:
    """Names that say nothing, in whatever language: every method after every other, if there are few."""
    if not world.owner or wishes.backward:
        return
    own = [f for f in _functions(program, world).values() if f.owner]
    own = [f for f in own if f.parameters and not _OPTIMIZER.search(f.name) and not _LAYER_PAIR.fullmatch(f.name)]
    if len(own) <= _FEW:
        yield from ((Step(first), Step(second)) for first in own for second in own if first is not second)
        yield from ((Step(only),) for only in own)


def _chosen(functions: Mapping[str, Function], name: str) -> list[Function]:
    return [f for k, f in functions.items() if name and (k == name or f.name == name)]


def _method(thing: str) -> str:
    return thing.split(".")[-1] if "." in thing else thing


def _may_be_backward(function: Function, world: World) -> bool:
    named = BACKWARD.search(function.name) is not None
    if function.name.startswith("__") or not named or _OPTIMIZER.search(function.name) or _CLEARS.search(function.name):
        return False
    if not function.owner and _LAYER_PAIR.fullmatch(function.name):
        return False
    if function.parameters and not function.required and all(p in ("mode", "flag") for p in function.parameters):
        return False  # net.train(True) is a switch
    outside = any(role_of(p) == "params" for p in function.parameters)
    if not world.owner or function.owner or outside:
        return not re.search(r"(relu|sigmoid|tanh|softmax|activation)_?(back|grad|prime|deriv)", function.name)
    return False


def _backward_rank(function: Function) -> float:
    """Functions that hand out gradients before those that train; short argument lists before long ones."""
    rank = 4.0 * bool(EXPOSES.search(function.name)) - 1.0 * bool(UPDATES.search(function.name))
    rank += 2.0 * any(re.search(r"^d|grad|nabla|^g", name) for name in function.returns if name)
    rank += 1.0 * ("back" in function.name.lower())
    rank -= 2.0 * bool(re.search(r"check|numeric|activation|linear_|layer_|single", function.name))
    rank -= 1.5 * any(role_of(p) == "one" for p in function.parameters)
    return rank + 0.5 * any(role_of(p) == "x" for p in function.parameters)


def _feeding(backward: Function, functions: Mapping[str, Function]) -> list[Function]:
    """Functions of images whose results are called what the backward pass asks for, whatever their own name is."""
    found = []
    for function in functions.values():
        made = {name for names in (function.returns, *function.calls) for name in names if name}
        wanted = made & set(backward.required)
        named = BACKWARD.search(function.name) or INITIALIZES.search(function.name) or function.name == backward.name
        if len(wanted) > 1 and not named and any(role_of(p) == "x" for p in function.parameters):
            found.append(function)
    return found[:2]


def _runs_forward(backward: Function, forwards: Sequence[Function]) -> bool:
    """Whether a function calls the forward pass itself and takes images: no step before it is needed."""
    called = called_in(backward.node)
    return any(f.name in called for f in forwards) and any(role_of(p) == "x" for p in backward.parameters)


_LOSS_OBJECT = re.compile(r"loss|entropy|criterion|cost|softmax|mse", re.IGNORECASE)


def _loss_steps(program: Program, world: World) -> list[tuple[Step, ...]]:
    """What may come between forward and backward: a loss object's forward and backward, or a loss's derivative."""
    found: list[tuple[Step, ...]] = []
    for kind, path, new in _loss_objects(program, world):
        methods = program.methods[kind]
        forward = next((m for m in ("forward", "__call__", "loss", "compute", "calculate") if m in methods), "")
        backward = next(
            (m for m in ("backward", "grad", "gradient", "backprop", "derivative", "prime") if m in methods), ""
        )
        steps = [Step(replace(methods[m], owner=kind), path, new) for m in (forward, backward) if m]
        found += [tuple(steps[:1]), *([tuple(steps)] if backward else []), *([(steps[-1],)] if backward else [])]
    derivative = re.compile(r"prime|deriv|grad|back|delta|^d_?(loss|mse|ce|cost)", re.IGNORECASE)
    for function in program.functions.values():
        named = _OF_LOSS.search(function.name) is not None
        if named and (derivative.search(function.name) or _returns_two(function)):
            found.append((Step(function),))
    return found


def _returns_two(function: Function) -> bool:
    """`loss, gradient = cross_entropy(logits, y)`, of outputs and targets, without parameters."""
    params = any(role_of(p) == "params" and p != "p" for p in function.parameters)
    return len(function.returns) == 2 and not params and len(function.required) == 2


_OF_LOSS = re.compile(r"loss|cost|entropy|mse|error|objective|(^|_)ce(_|$)", re.IGNORECASE)


def _loss_objects(program: Program, world: World) -> list[tuple[str, Path, str]]:
    """Class, place and, where the program keeps no object of the class, the class again."""
    if world.kind != "object":
        return []
    found: list[tuple[str, Path, str]] = []
    with suppress(Exception):
        namespace = program.fresh()
        owner = world.make(namespace, world.sizes)
        held = [((("item", "self"), ("attr", k)), v) for k, v in vars(owner).items()]
        held += [((("item", "globals"), ("item", k)), v) for k, v in namespace.items()]
        for path, value in held:
            kind = type(value).__name__
            if kind in program.methods and _LOSS_OBJECT.search(f"{path[-1][1]} {kind}"):
                found.append((kind, path, ""))
    known = {kind for kind, _, _ in found}
    return [*found, *((name, (), name) for name in program.methods if name not in known and _is_loss(program, name))]


def _is_loss(program: Program, name: str) -> bool:
    """A loss by its own name, or by that of the class it extends."""
    node = next((n for n in program.tree.body if isinstance(n, ast.ClassDef) and n.name == name), None)
    bases = [base.id for base in node.bases if isinstance(base, ast.Name)] if node is not None else []
    return any(_LOSS_OBJECT.search(n) for n in (name, *bases))

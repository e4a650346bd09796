"""Update rules of a program: a function of parameters and gradients, or a class with step() or update()."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from handgrad.check.reading.optimizers.arguments import Arguments, arguments_of, parameters_of
from handgrad.check.reading.optimizers.constants import constants_of, literals_of, switches_of
from handgrad.check.reading.optimizers.forms import Form, container_forms, many_forms, object_forms
from handgrad.check.reading.optimizers.names import (
    KINDS,
    kind_of,
    looks_like_function,
    looks_like_gradient,
    looks_like_theta,
)
from handgrad.check.reading.optimizers.runs import FACTORY, ProgramOptimizer, make_update, update_in
from handgrad.check.reading.patience import patience
from handgrad.check.reading.program import Function, Program, describe

_GENERAL = re.compile(
    r"update|(^|_)step($|_)|apply_?grad|optimi[sz]e|descen[dt]|adjust|upgrade|(^|_)learn($|_)|actuali[sz]|mise_a_jour"
    r"|aktualisier", re.IGNORECASE,
)  # fmt: skip
_GENERAL_CLASS = re.compile(r"optim|solver|updater|learner$|descen[dt]", re.IGNORECASE)
_OTHER = re.compile(
    r"init|train|fit|test|predict|forward|backward|loss|main|plot|schedul|learning_rate|lr_|clip|decay_lr",
    re.IGNORECASE,
)
_METHODS = (
    "step", "update", "update_params", "update_parameters", "update_weights", "apply_gradients", "apply", "optimize",
    "optimise", "__call__", "apply_grads", "update_param", "minimize", "update_weight", "update_layer", "get_update",
    "apply_gradient", "update_model", "update_network",
)  # fmt: skip
_NET = {"forward", "backward", "predict", "fit", "train", "backprop", "feedforward", "forward_pass"}
_SECONDS = 4.0


@dataclass(frozen=True)
class Candidate:
    """A function, or a class with a method, that may be an update rule."""

    name: str
    method: str
    kind: str
    node: ast.AST


def find_optimizers(program: Program, thing: str = "", kind: str = "") -> Iterator[tuple[ProgramOptimizer, list[str]]]:
    """Functions and classes that update parameters, each with the first way to hand them over that moves all of them.

    Args:
        program: what is searched.
        thing: only this function, class, or class.method.
        kind: what `thing` is; "" takes it from its name, and reads what is only called update() as well.
    """
    for candidate in _candidates(program, thing, kind):
        found: list[ProgramOptimizer] = []
        with suppress(Exception), patience(3 * _SECONDS):
            world = program.fresh()
            target = _plain_target(world, candidate)
            for extra, own in switches_of(world[candidate.name], target, candidate.kind, candidate.node):
                subject = _best(program, replace(candidate, kind=own), target, extra, world)
                found += [] if subject is None else [subject]
        yield from ((subject, [_said(subject)]) for subject in found)


def only_updates(program: Program) -> bool:
    """Whether there is nothing but update rules in a program, with what makes their memory."""
    names = {candidate.name for candidate in _candidates(program, "", "")}
    classes = {n.name: n for n in ast.walk(program.tree) if isinstance(n, ast.ClassDef)}
    bases = {b.id for name in names & set(classes) for b in classes[name].bases if isinstance(b, ast.Name)}
    others = {*program.functions, *program.methods} - names - bases
    return bool(names) and all(re.search(r"init|zeros", name, re.IGNORECASE) for name in others)


def named_updates(program: Program) -> set[str]:
    """Functions and classes whose names say which update rule they are."""
    found = {c.name for c in _candidates(program, "", "") if c.kind and kind_of(c.name)}
    return {name for name in found if name not in program.functions or _takes_both(program.functions[name])}


def _takes_both(function: Function) -> bool:
    inner = update_in(function.node)
    names = [a.arg for a in (inner or function.node).args.args]
    return any(map(looks_like_theta, names)) and any(map(looks_like_gradient, names))


def holds_more(program: Program) -> bool:
    """Whether something in a program is named like a backward pass or training: right updates say nothing about it."""
    names = [*program.functions, *(name for methods in program.methods.values() for name in methods)]
    return any(
        re.search(r"back|propag|train|(^|_)fit($|_)|deriv|_prime|loss|cost", name, re.IGNORECASE) for name in names
    )


def _candidates(program: Program, thing: str, kind: str) -> Iterator[Candidate]:
    wanted, _, method = thing.partition(".")
    for name, function in program.functions.items():
        found = kind if thing == name and kind else kind_of(name)
        general = _GENERAL.search(name) is not None and not _OTHER.search(name)
        named = found and (thing == name or not _OTHER.search(name))
        inner = update_in(function.node)
        asked = inner.args.args if inner is not None else function.node.args.args
        if thing in ("", name) and (general or named or _steps([a.arg for a in asked], name)):
            yield Candidate(name, FACTORY if inner is not None else "", found, function.node)
    for name, methods in program.methods.items():
        if (thing and wanted != name) or (not kind and _NET & set(methods)):
            continue
        node = _class_node(program, name)
        found = kind or kind_of(name)
        if not (found or _GENERAL_CLASS.search(name)):
            yield from (
                Candidate(name, m, "", node)
                for m, f in methods.items()
                if not method and not m.startswith("_") and _steps(f.required, m)
            )
            continue
        chosen = [m for m in methods if kind_of(m) and not _OTHER.search(m)]
        usual = method if method in methods else next((m for m in _METHODS if m in methods), "")
        if usual:
            yield Candidate(name, usual, found, node)
        elif found and not chosen and (only := _takes_gradients(methods)):
            yield Candidate(name, only, found, node)
        elif not method:
            yield from (Candidate(name, m, kind_of(m), methods[m].node) for m in chosen)


_ALL = re.compile(
    r"params?|parameters?|parametros?|parametres?|thetas?|w|ws|weights?|pesos|poids|gewichte", re.IGNORECASE
)
_SLOPES = re.compile(r"(d|g)_?(w|theta|params?)|g|gs|grads?|gradients?|gradientes?|gradienten", re.IGNORECASE)


def _steps(names: Sequence[str], called: str) -> bool:
    """Whether a function that is called anything takes nothing less than parameters and gradients, by strict names."""
    plain = [name.strip("_") for name in names if name != "self"]
    both = any(_ALL.fullmatch(n) for n in plain) and any(_SLOPES.fullmatch(n) for n in plain)
    return both and not re.search(_OTHER.pattern + r"|check|norm|numer|print|debug", called, re.IGNORECASE)


def _takes_gradients(methods: dict[str, Function]) -> str:
    """The one method that takes a gradient, whatever it is called."""
    found = [m for m, f in methods.items() if not m.startswith("_") and any(map(looks_like_gradient, f.required))]
    return found[0] if len(found) == 1 else ""


def _class_node(program: Program, name: str) -> ast.Module:
    """A class and its bases, as one piece of source."""
    classes = {n.name: n for n in ast.walk(program.tree) if isinstance(n, ast.ClassDef)}
    found: list[ast.stmt] = []
    names = [name]
    while names:
        node = classes.get(names.pop(0))
        if node is not None and node not in found:
            found.append(node)
            names += [b.id for b in node.bases if isinstance(b, ast.Name)]
    return ast.Module(found, [])


def _plain_target(world: dict[str, Any], candidate: Candidate) -> Callable[..., Any]:
    """The function to call, without its self."""
    target: Callable[..., Any] = world[candidate.name]
    if not candidate.method:
        return target
    if candidate.method == FACTORY:
        return make_update(target, candidate.kind)
    method = getattr(target, candidate.method)
    static = isinstance(vars(target).get(candidate.method), staticmethod)
    return method if static else functools.partial(method, None)


def _best(
    program: Program, candidate: Candidate, target: Callable[..., Any], extra: dict[str, Any], world: dict[str, Any]
) -> ProgramOptimizer | None:
    """The way to hand over parameters with which most of them move; a rule that moves none only where its source
    shows why."""
    arguments = arguments_of(target, candidate.kind, _returned(program, candidate))
    if arguments.unknown:
        return None
    made = world[candidate.name]
    holder = candidate.method and any(looks_like_theta(p.name) and p.default is p.empty for p in parameters_of(made))
    if not candidate.kind and not (arguments.pairs or arguments.theta or holder):
        return None
    best: tuple[float, ProgramOptimizer] | None = None
    for square in (False, True):
        for form in _forms(candidate, arguments, bool(holder), square):
            subject = _subject(program, candidate, form, extra, target, made)
            share = _moves(subject)
            if looks_like_function(arguments.gradient):
                _note_where_asked(subject)
            if share == 1.0:
                return subject
            if share is not None and (best is None or (share > 0.0 == best[0])):
                best = share, subject
        if best is not None and best[0] > 0.0:
            break
    if best is not None and best[0] == 0.0:
        known = {arguments.theta, *arguments.pairs, *arguments.states, *arguments.configs, ""}
        return best[1] if _rebinds(candidate.node, known) else None
    return None if best is None else best[1]


def _note_where_asked(subject: ProgramOptimizer) -> None:
    """A rule that takes a function looks ahead where it asks for the gradient ahead, whatever its words say."""
    ahead = any(along > 0 for along in subject.asked)
    subject.source = "look ahead" if ahead else re.sub(r"ahead|interim|project|future", "", subject.source)


def _forms(candidate: Candidate, arguments: Arguments, holder: bool, square: bool) -> Iterator[Form]:
    if arguments.pairs:
        yield from many_forms(arguments.pairs, square)
    elif arguments.gradient and (arguments.theta or holder or candidate.kind):
        yield from container_forms(candidate.node, square)
    elif (arguments.theta or holder) and not square:
        yield from object_forms(candidate.node)


def _subject(
    program: Program,
    candidate: Candidate,
    form: Form,
    extra: dict[str, Any],
    target: Callable[..., Any],
    made: Any,
) -> ProgramOptimizer:
    source = ast.unparse(candidate.node)
    subject = ProgramOptimizer(program, candidate.name, candidate.kind, form, candidate.method, extra)
    subject.named = bool(candidate.kind)
    subject.returned_names = _returned(program, candidate)
    subject.source = source + "\n" + "\n".join(_comments(program))
    subject.literals = literals_of(program, candidate.node)
    subject.options = constants_of(program, candidate.node, candidate.kind, target, made, extra)
    counter = next(iter(arguments_of(target, candidate.kind).steps), "")
    if counter and re.search(rf"\b{re.escape(counter)}\s*\+=?\s*1\b", source):
        subject.first_step = 0
    defaults = [p.default for p in parameters_of(target)]
    subject.keep_world = candidate.method not in ("", FACTORY) or any(isinstance(d, dict | list) for d in defaults)
    return subject


def _returned(program: Program, candidate: Candidate) -> tuple[str, ...]:
    if candidate.method == FACTORY:
        inner = [n for n in ast.walk(candidate.node) if isinstance(n, ast.FunctionDef)]
        return describe(inner[-1], "", {}).returns
    function = program.functions.get(candidate.name) if not candidate.method else None
    function = function or program.methods.get(candidate.name, {}).get(candidate.method)
    return function.returns if function is not None else ()


def _comments(program: Program) -> list[str]:
    return re.findall(r"#.*", program.source.text)


def _moves(subject: ProgramOptimizer) -> float | None:
    """The share of the entries that two updates change; None where the rule does not run this way."""
    rng = np.random.default_rng(4)
    before = {n: rng.uniform(0.5, 2.0, s) for n, s in subject.shapes.items()}
    gradients = [{n: rng.standard_normal(s) for n, s in subject.shapes.items()} for _ in range(2)]
    try:
        with np.errstate(all="ignore"), patience(_SECONDS):
            after = subject.run({n: a.copy() for n, a in before.items()}, gradients)[-1]
    except Exception:
        return None
    finally:
        subject.world = None
    moved = [1.0 if np.shape(after[n]) != a.shape else np.mean(after[n] != a) for n, a in before.items()]
    return float(np.mean(moved))


def _rebinds(node: ast.AST, known: set[str]) -> bool:
    """Whether the source gives new values to plain names (p = p - rate * g), and returns nothing but arguments."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Global | ast.Nonlocal):
            return False
        if isinstance(inner, ast.Return) and inner.value is not None:
            parts = inner.value.elts if isinstance(inner.value, ast.Tuple) else [inner.value]
            if not all(isinstance(p, ast.Name) and p.id in known for p in parts):
                return False
    made = [n for n in ast.walk(node) if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)]
    return any(
        isinstance(m, ast.BinOp) and isinstance(m.op, ast.Sub | ast.Add) for n in made for m in ast.walk(n.value)
    )


def _said(subject: ProgramOptimizer) -> str:
    shown = ", ".join(f"{k} {v:g}" for k, v in subject.options.items())
    switched = ", ".join(f"{k}={v}" for k, v in subject.extra.items())
    call = f"{subject.name}{'.' + subject.method if subject.method not in ('', FACTORY) else ''}({switched})"
    return f"{call} read as {subject.kind or 'an update'}" + (f"; {shown}" if shown else "")


__all__ = ["KINDS", "find_optimizers", "holds_more", "named_updates", "only_updates"]

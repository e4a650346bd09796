"""A program under names that say what things are for, told from what is done with them; its lines stay in place."""

from __future__ import annotations

import ast
import io
import keyword
import tokenize
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from handgrad.check.reading.naming.flow import Scope, called_in, own_nodes, parameters_of
from handgrad.check.reading.naming.sizes import sizes_of
from handgrad.check.reading.naming.votes import Votes, purpose, votes_of
from handgrad.check.reading.naming.weights import containers_of, weights_of
from handgrad.check.reading.program import Program, load_program
from handgrad.check.reading.roles import BACKWARD, FORWARD, INITIALIZES, LOSS, role_of

_WORDS = {
    "x": ("X", "x_batch", "inputs", "x_data", "images", "features", "x_in"),
    "t": ("y", "targets", "labels", "y_true", "t_batch", "y_batch", "truth"),
    "lr": ("learning_rate", "lr", "eta"),
    "reg": ("reg", "lambda_", "lam"),
    "one": ("epochs", "iterations", "num_iter"),
    "params": ("params", "parameters", "params_values"),
    "output": ("y_hat", "y_pred", "probs", "preds"),
    "grads": ("grads", "gradients", "grad"),
    "cache": ("cache", "caches", "memory", "stored"),
}


def named_program(program: Program) -> Program | None:
    """The program with telling names for what had none; None where there is nothing to rename."""
    mapping = _mapping(program.tree)
    if not any(new.startswith(_FUNCTIONS) or new in _WORDS["x"] for new in mapping.values()):
        return None
    made = load_program(replace(program.source, text=_replaced(program.source.text, mapping)))
    made.own_names = {new: old.lstrip(".") for old, new in mapping.items()}
    return made


def _mapping(tree: ast.Module) -> dict[str, str]:
    """New names by old ones; attributes that are no methods begin with a dot."""
    functions = list(_functions(tree))
    purposes = _purposes(functions)
    scopes: list[Scope] = [*functions, tree]
    outputs = _outputs(scopes, {name for name, what in purposes.items() if what in ("forward", "backward")})
    votes: Votes = Counter()
    for scope in scopes:
        votes += _one_rate(votes_of(scope, outputs), scope)
    found = _roles(votes)
    for function in functions:
        kind = purposes.get(function.name, "")
        if kind == "initialize_parameters" or function.name == "__init__":
            found = sizes_of(function) | found
        if kind in ("forward", "backward", "compute_loss", "train", "update_parameters"):
            found = containers_of(function, tree, purposes, found) | found
        if kind == "forward" or (kind == "backward" and "forward" not in purposes.values()):
            found = weights_of(function, found) | found
    taken = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} | {
        a.arg for f in functions for a in [*f.args.args, *f.args.kwonlyargs]
    }
    named = {old: new for old, new in found.items() if not _tells(old) and not keyword.iskeyword(old)}
    return _function_names(functions, purposes) | _distinct(named, taken)


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node
        elif isinstance(node, ast.ClassDef):
            yield from (n for n in node.body if isinstance(n, ast.FunctionDef))


def _purposes(functions: list[ast.FunctionDef]) -> dict[str, str]:
    """What each function is for; twice, because who trains is known by what it calls."""
    known: dict[str, str] = {}
    for _ in range(2):
        outputs = {name for name, what in known.items() if what in ("forward", "backward")}
        known = {f.name: purpose(f, outputs) for f in functions if not f.name.startswith("__")}
    return {name: what for name, what in known.items() if what}


def _outputs(scopes: list[Scope], passes: set[str]) -> set[str]:
    """Variables that hold what a forward pass returned."""
    found: set[str] = set()
    for scope in scopes:
        for node in own_nodes(scope):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                function = node.value.func
                name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
                if name in passes:
                    found |= {n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)}
        if isinstance(scope, ast.FunctionDef) and scope.name in passes:
            found |= {n.id for r in own_nodes(scope) if isinstance(r, ast.Return) and r.value is not None
                      for n in ast.walk(r.value) if isinstance(n, ast.Name)}  # fmt: skip
    return found


def _one_rate(votes: Votes, scope: Scope) -> Votes:
    """Of the factors in a scope's updates the one that is shared, or the only one, and comes from outside."""
    stored = {n.id for n in own_nodes(scope) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    outside = {*parameters_of(scope)} if isinstance(scope, ast.FunctionDef) else stored
    rates = {name: count for (name, role), count in votes.items() if role == "lr"
             and (name[0] == "." or name in outside or name not in stored)}  # fmt: skip
    best = max(rates, key=lambda name: rates[name], default="")
    sure = best and (len(rates) == 1 or sorted(rates.values())[-2] < rates[best])
    kept = Counter({key: count for key, count in votes.items() if key[1] != "lr"})
    return kept + Counter({(best, "lr"): 2}) if sure else kept


def _roles(votes: Votes) -> dict[str, str]:
    """Each name's role where the votes agree well enough, as a word's role."""
    names = {name for name, _ in votes}
    found = {}
    for name in names:
        ranked = sorted(((count, role) for (n, role), count in votes.items() if n == name), reverse=True)
        if len(ranked) == 1 or ranked[0][0] > ranked[1][0]:
            found[name] = ranked[0][1]
    return found


def _tells(name: str) -> bool:
    """Whether a name says already what it is for."""
    return bool(role_of(name.lstrip("."))) or name in ("np", "self")


def _function_names(functions: list[ast.FunctionDef], purposes: Mapping[str, str]) -> dict[str, str]:
    """New names for functions; those that others of their kind call are pieces: dense_forward."""
    inner = set()
    for function in functions:
        for called in called_in(function) & set(purposes):
            if called != function.name and purposes[called] == purposes.get(function.name):
                inner.add(called)
    found: dict[str, str] = {}
    taken = {f.name for f in functions}
    for function in functions:
        name, what = function.name, purposes.get(function.name, "")
        telling = any(p.search(name) for p in (FORWARD, BACKWARD, INITIALIZES, LOSS))
        if not what or name in found or telling:
            continue
        new = f"dense_{what}" if name in inner and what in ("forward", "backward") else what
        choices = [new, *(f"{new}_{number}" for number in range(2, 30))]
        found[name] = next(n for n in choices if n not in taken)
        taken.add(found[name])
    return found


def _distinct(found: Mapping[str, str], taken: set[str]) -> dict[str, str]:
    """A word for each role, another for each name of it."""
    used = set(taken)
    made = {}
    for old, role in found.items():
        if old == role:
            continue
        words = _WORDS.get(role, (role, *(f"{role}_{n}" for n in range(2, 9))))
        new = next((word for word in words if word not in used), "")
        if new:
            made[old] = new
            used.add(new)
    return made


def _replaced(text: str, mapping: Mapping[str, str]) -> str:
    """The text with names replaced, line by line."""
    lines = text.splitlines(keepends=True)
    edits: list[tuple[int, int, int, str]] = []
    before = ""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME:
            plain = mapping.get(f".{token.string}") if before == "." else None
            new = plain or mapping.get(token.string)
            function = new is not None and (before != "." or plain or new.startswith(_FUNCTIONS))
            if function and new is not None:
                edits.append((token.start[0] - 1, token.start[1], token.end[1], new))
        before = token.string
    for row, start, end, new in sorted(edits, reverse=True):
        lines[row] = lines[row][:start] + new + lines[row][end:]
    return "".join(lines)


_FUNCTIONS = ("forward", "backward", "initialize_parameters", "compute_loss", "train", "update_parameters", "dense_")

"""What a function does and what its variables are: forward or backward, images, targets, rate, sizes."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from handgrad.check.reading.naming.flow import (
    Product,
    Scope,
    bare,
    called_in,
    depths,
    draws,
    is_kept,
    names_in,
    own_nodes,
    parameters_of,
    products,
    weights_in,
)

Votes = Counter[tuple[str, str]]  # name and role


def purpose(node: ast.FunctionDef, outputs: set[str]) -> str:
    """initialize_parameters, forward, backward, compute_loss, train, update_parameters; "" for anything else.

    `outputs`: names of functions known to pass forward or backward.
    """
    made = products(node)
    calls = called_in(node)
    looped = any(isinstance(n, ast.For) and _is_range_of(n.iter, node) for n in own_nodes(node))
    if not made and looped and calls & outputs:
        return "train"
    if made:
        return "backward" if _goes_back(node, made) else "forward"
    text = ast.unparse(node)
    measures = "log(" in text or "** 2" in text or "square(" in text
    reduces = any(word in text for word in ("mean(", "sum(", "average("))
    if measures and reduces and len(parameters_of(node)) > 1:
        return "compute_loss"
    steps = [step for n in own_nodes(node) if (step := _step(n)) is not None]
    if any(any(_factors(step)) for step in steps) and not draws(node):
        return "update_parameters"
    return "initialize_parameters" if _starts(node) and not calls & outputs else ""


def _starts(node: ast.FunctionDef) -> bool:
    """Whether it makes random arrays, or zeros that it hands out as they are."""
    random = any(isinstance(n, ast.Attribute) and "rand" in n.attr + ast.unparse(n.value) for n in ast.walk(node))
    filled = any(isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store) and "range" in ast.unparse(n.slice)
                 for n in ast.walk(node))  # fmt: skip
    return draws(node) and (random or (bool(parameters_of(node)) and not filled))


def _is_range_of(node: ast.expr, function: ast.FunctionDef) -> bool:
    return (
        isinstance(node, ast.Call) and "range" in called_in(node) and bool(names_in(node) & {*parameters_of(function)})
    )


def _goes_back(node: ast.FunctionDef, made: list[Product]) -> bool:
    """A sum over samples of what is multiplied too, a δ used twice, or an error multiplied."""
    operands = Counter(name for p in made for name in (p.left, p.right) if name)
    for inner in own_nodes(node):
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr in ("sum", "mean"):
            over = inner.args[0] if inner.args and isinstance(inner.args[0], ast.Name) else inner.func.value
            if isinstance(over, ast.Name) and over.id in operands:
                return True
    turned = any(p.left_turned or p.right_turned for p in made)
    errors = {t.id for n in own_nodes(node) if isinstance(n, ast.Assign) and _subtracts(n.value)
              for t in n.targets if isinstance(t, ast.Name)}  # fmt: skip
    return turned and (any(count > 1 for count in operands.values()) or bool(errors & set(operands)))


def _subtracts(node: ast.AST) -> bool:
    """`p - t` with two variables."""
    return any(_difference(n) for n in ast.walk(node))


def _difference(node: ast.AST) -> tuple[str, str] | None:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        left, right = (bare(side)[0] or _kept_name(side) for side in (node.left, node.right))
        if left and right and left != right:
            return left, right
    return None


def _kept_name(node: ast.expr) -> str:
    """`self.a2`, `cache["A2"]`, `activations[-1]`: a variable too, but none that a function is given."""
    while isinstance(node, ast.Attribute) and node.attr == "T":
        node = node.value
    return f".{ast.unparse(node)}" if isinstance(node, ast.Attribute | ast.Subscript) else ""


def _step(node: ast.AST) -> ast.expr | None:
    """What is taken off a weight: the right side of `W -= η dW`, of `W = W - η dW`."""
    if isinstance(node, ast.AugAssign) and not _is_count(node.value):
        adds = isinstance(node.op, ast.Add) and bool(products(ast.Expr(node.value)))  # dW += reg W is no step
        return node.value if adds or isinstance(node.op, ast.Sub) else None
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp):
        value = node.value
        if isinstance(value.op, ast.Sub | ast.Add) and ast.unparse(value.left) == ast.unparse(node.targets[0]):
            return value.right
    return None


def _is_count(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant | ast.Call)


def votes_of(scope: Scope, outputs: set[str]) -> Votes:
    """What the lines of one scope say of its variables; `outputs`: variables that hold what a forward pass returned."""
    votes: Votes = Counter()
    known, given, same = weights_in(scope, set()), parameters_of(scope), _aliases(scope)
    for name in _images(scope, known):
        votes[same.get(name, name), "x"] += 2
    for name, role, sure in _targets(scope, outputs):
        votes[same.get(name, name), role] += sure
    if isinstance(scope, ast.FunctionDef):  # what a function makes itself is a δ or an output
        votes = Counter({key: count for key, count in votes.items() if key[0] in given})
    for node in own_nodes(scope):
        value = _step(node)
        for name in _factors(value) if value is not None else ():
            votes[name, "lr"] += 1
        for name in _penalties(node):
            votes[name, "reg"] += 2
        if isinstance(node, ast.For) and isinstance(node.iter, ast.Call) and "range" in called_in(node.iter):
            last = node.iter.args[-1] if len(node.iter.args) < 3 else None
            if isinstance(last, ast.Name) and last.id in parameters_of(scope):
                votes[last.id, "one"] += 1
    return votes


def _aliases(scope: Scope) -> dict[str, str]:
    """`a = x`: the first name of each."""
    given = parameters_of(scope)
    found: dict[str, str] = {}
    for node in own_nodes(scope):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = bare(node.value)[0]
            if name in given and node.targets[0].id not in given:
                found.setdefault(node.targets[0].id, name)
    return found


def _images(scope: Scope, known: set[str]) -> Iterator[str]:
    """What stands beside weights in a product and comes from outside."""
    made, depth, same = products(scope), depths(scope), _aliases(scope)
    given = {*parameters_of(scope), *same}
    back = isinstance(scope, ast.FunctionDef) and _goes_back(scope, made)
    for place, product in enumerate(made[:1] if back else made):
        sides = ((product.left, product.left_turned), (product.right, product.right_turned))
        pair = ["" if back and turned and name not in known else name for name, turned in sides]
        if any(name and depth.get(name, 0) and not (place == 0 and name in given) for name in pair):
            continue
        kept = [name in known or is_kept(side) for name, side in zip(pair, product.operands, strict=True)]
        if kept[0] != kept[1]:
            name = pair[1] if kept[0] else pair[0]
        elif all(pair) and not any(kept):
            name = pair[_side(made[place + 1 :], depth, product)]
        else:
            continue
        if name and not _goes_back_through(product):
            yield name


def _goes_back_through(product: Product) -> bool:
    return product.left_turned and product.right_turned


def _side(later: list[Product], depth: dict[str, int], product: Product) -> int:
    """0 where what was multiplied stands on the left of the next product (samples are rows), 1 on the right."""
    for other in later:
        left, right = depth.get(other.left, 0), depth.get(other.right, 0)
        if bool(left) != bool(right):
            return 0 if left else 1
    return 1 if product.left_turned else 0


def _targets(scope: Scope, outputs: set[str]) -> Iterator[tuple[str, str, int]]:
    """Names, "t" or "output", and how sure that is: by differences, by logarithms, and by what picks out entries."""
    depth = depths(scope)
    inside_log: set[str] = set()
    for node in own_nodes(scope):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("log", "log2"):
            inside_log |= names_in(node) - {"np", "numpy"} - _picking(node)
    yield from ((name, "output", 2) for name in inside_log)
    for node in own_nodes(scope):
        pair = _difference(node)
        if pair is not None:
            yield from _by_difference(pair, [_is_output(name, depth, outputs | inside_log) for name in pair], depth)
        elif isinstance(node, ast.Subscript):
            yield from ((name, "t", 3) for name in _indices(node, depth) if not depth.get(name))
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            sides = (node.left, node.right)
            for one, other in (sides, sides[::-1]):
                if isinstance(one, ast.Name) and "log(" in ast.unparse(other) and one.id not in inside_log:
                    yield one.id, "t", 2


def _picking(node: ast.AST) -> set[str]:
    """The y of `p[y]`."""
    slices = [n.slice for n in ast.walk(node) if isinstance(n, ast.Subscript)]
    return {n.id for part in slices for n in ast.walk(part) if isinstance(n, ast.Name)}


def _is_output(name: str, depth: dict[str, int], outputs: set[str]) -> bool:
    return name[0] == "." or name in outputs or bool(depth.get(name))


def _by_difference(pair: tuple[str, str], made: list[bool], depth: dict[str, int]) -> Iterator[tuple[str, str, int]]:
    if made[0] != made[1]:
        target, output = (pair[1], pair[0]) if made[0] else pair
        yield target, "t", 2
        yield output, "output", 1
    elif not depth.get(pair[1]):
        yield pair[1], "t", 1
        yield pair[0], "output", 1


def _indices(node: ast.Subscript, depth: dict[str, int]) -> list[str]:
    """The labels in `p[np.arange(n), y]`, in `np.eye(k)[y]` and, of one sample, in `p[y]`."""
    if isinstance(node.slice, ast.Name) and isinstance(node.value, ast.Name) and depth.get(node.value.id):
        return [node.slice.id]
    if isinstance(node.slice, ast.Tuple) and len(node.slice.elts) == 2:
        first, second = node.slice.elts
        if "range" in ast.unparse(first):
            return [bare(second)[0]] if bare(second)[0] else []
        if "range" in ast.unparse(second):
            return [bare(first)[0]] if bare(first)[0] else []
    if "eye(" in ast.unparse(node.value) and isinstance(node.slice, ast.Name):
        return [node.slice.id]
    return []


def _penalties(node: ast.AST) -> Iterator[str]:
    """λ of `λ * np.sum(W ** 2)`."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        text = ast.unparse(node.right)
        if "sum(" in text and ("** 2" in text or "square(" in text):
            yield from _factors(ast.BinOp(node.left, ast.Mult(), ast.Constant(1)))


def _factors(node: ast.expr) -> Iterator[str]:
    """Names, and attributes as ".name", that a whole expression is multiplied by."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        for side in (node.left, node.right) if isinstance(node.op, ast.Mult) else (node.left,):
            if isinstance(side, ast.Name):
                yield side.id
            elif isinstance(side, ast.Attribute) and isinstance(side.value, ast.Name) and side.value.id == "self":
                yield f".{side.attr}"
            else:
                yield from _factors(side)

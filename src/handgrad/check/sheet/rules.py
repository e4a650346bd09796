"""The line as it should be, written from the sheet's own forward lines: dW = h' dz, dh = dz W', dz = dh * f'(z)."""

from __future__ import annotations

from collections.abc import Mapping

from handgrad.check.sheet.model import Model, World, factor_between, scalars
from handgrad.check.sheet.tree import Binary, Name, Node, Number, Sum, Unary, names_in


def right_side(model: Model, world: World, by: str, given: Mapping[str, str], factor: float = 1.0) -> Node | None:
    """The right-hand side of the gradient by a variable; None where the way to the loss is no plain chain.

    Args:
        model, world: the forward lines, and numbers for them.
        by: the variable.
        given: variable → name of the sheet's own gradient by it, where it has one already.
        factor: what the gradient by intermediate variables is a multiple of.
    """
    consumers = [(name, tree) for name, tree in model.forward if by in names_in(tree)]
    output = _from_loss(model, world, by, factor)
    if output is not None and by not in given and not any(name in given for name, _ in consumers):
        return output
    consumers = [(name, tree) for name, tree in consumers if model.forward_shapes[name]] or consumers
    if len(consumers) != 1:
        return None
    name, tree = consumers[0]
    upstream = Name(given[name]) if name in given else right_side(model, world, name, given, factor)
    return None if upstream is None else _through(by, tree, upstream, model)


def _through(by: str, tree: Node, upstream: Node, model: Model) -> Node | None:
    """One step of the chain rule."""
    if isinstance(tree, Unary) and tree.of == Name(by) and tree.kind in ("relu", "sigmoid", "tanh", "identity"):
        if tree.kind == "identity":
            return upstream
        slope: Node = Unary(f"{tree.kind}'", Name(by))
        return Binary(".*", upstream, Binary(">", Name(by), Number(0.0)) if tree.kind == "relu" else slope)
    if isinstance(tree, Binary) and tree.kind == "+":
        for side in (tree.left, tree.right):
            if side == Name(by) and model.free.kinds.get(by) == "bias":
                return Sum(upstream, "batch")
            if by in names_in(side):
                return _through(by, side, upstream, model)
    if isinstance(tree, Binary) and tree.kind == "@":
        return _through_product(by, tree.left, tree.right, upstream)
    return None


def _through_product(by: str, left: Node, right: Node, upstream: Node) -> Node | None:
    if left == Name(by):
        return Binary("@", upstream, flipped(right))
    if right == Name(by):
        return Binary("@", flipped(left), upstream)
    if left == flipped(Name(by)):
        return Binary("@", right, flipped(upstream))
    if right == flipped(Name(by)):
        return Binary("@", flipped(upstream), left)
    return None


def flipped(node: Node) -> Node:
    """The transpose, without doubling it."""
    if isinstance(node, Unary) and node.kind == "'":
        return node.of
    return Unary("'", node)


def _from_loss(model: Model, world: World, by: str, factor: float) -> Node | None:
    """p - T, with the loss's own factor, where that is the gradient by this variable."""
    targets = [name for name, kind in model.free.kinds.items() if kind == "target"]
    plain = world.copy()
    plain.given = {}
    true = plain.expected(by, factor, factor)
    for target in targets:
        for name, _ in reversed(model.forward):
            value = world.base[name]
            if getattr(value, "shape", None) != world.base[target].shape:
                continue
            k = factor_between(true, value - world.base[target])
            if k is not None:
                return scaled(Binary("-", Name(name), Name(target)), k, model, world)
    return None


def scaled(node: Node, k: float, model: Model, world: World) -> Node | None:
    """The formula times a number that has a name on the sheet: (p - T)/N."""
    if abs(k - 1) < 1e-9:
        return node
    if abs(k + 1) < 1e-9:
        return Unary("-", node)
    for name, value in scalars(model, world).items():
        written: Node = Number(2.0) if name == "2" else Name(name)
        for sign in (1.0, -1.0):
            signed = node if sign > 0 else Unary("-", node)
            if abs(k * value - sign) < 1e-9:
                return Binary("/", signed, written)
            if abs(k - sign * value) < 1e-9 * abs(k):
                return Binary("@", written, signed)
    return None

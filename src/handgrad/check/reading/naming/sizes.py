"""The arguments of a constructor or an init function that are sizes."""

from __future__ import annotations

import ast

from handgrad.check.reading.naming.flow import draws, names_in, own_nodes, parameters_of


def sizes_of(function: ast.FunctionDef) -> dict[str, str]:
    """Names for the arguments that shapes are made of: input_size, hidden_size …, output_size, or layer_sizes.

    >>> made = "def f(a, b, c, s):\\n    w = s * np.random.randn(a, b)\\n    v = np.zeros((b, c))"
    >>> sizes_of(ast.parse(made).body[0])
    {'a': 'input_size', 'c': 'output_size', 'b': 'hidden_size'}
    """
    given = parameters_of(function)
    listed = [name for name in given if _is_listed(name, function)]
    shapes = _shape_names(function)
    plain = [name for name in given if name in shapes and name not in listed]
    if listed and not plain:
        return {listed[0]: "layer_sizes"}
    found = dict.fromkeys(listed[:1], "hidden_sizes")
    if len(plain) >= 2:
        found |= {plain[0]: "input_size", plain[-1]: "output_size"}
        found |= {name: f"hidden_size{place or ''}" for place, name in enumerate(plain[1:-1])}
    return found


def _is_listed(name: str, function: ast.FunctionDef) -> bool:
    """`sizes[i]`, `len(sizes)`, `zip(sizes[:-1], sizes[1:])`."""
    for node in own_nodes(function):
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == name:
            return not (isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str))
        counts = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("len", "list")
        if counts and isinstance(node, ast.Call) and any(isinstance(a, ast.Name) and a.id == name for a in node.args):
            return True
    return False


def _shape_names(function: ast.FunctionDef) -> set[str]:
    """Names inside the arguments of what makes arrays, and those that attributes and lists there were made of."""
    found: set[str] = set()
    for node in own_nodes(function):
        if isinstance(node, ast.Call) and draws(node) and isinstance(node.func, ast.Attribute):
            for part in [*node.args, *(k.value for k in node.keywords)]:
                found |= names_in(part) | _attributes(part)
    for node in own_nodes(function):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if (names_in(target) | _attributes(target)) & found:
                    found |= names_in(node.value) if not draws(node.value) else set()
    return found - {"np", "numpy", "self"}


def _attributes(node: ast.AST) -> set[str]:
    return {f".{n.attr}" for n in ast.walk(node) if isinstance(n, ast.Attribute)}

"""The arguments that hold weights: a container that is opened by keys or in a loop, or the matrices themselves."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from handgrad.check.reading.naming.flow import bare, names_in, own_nodes, parameters_of, products


def containers_of(
    function: ast.FunctionDef, tree: ast.Module, purposes: Mapping[str, str], known: Mapping[str, str]
) -> dict[str, str]:
    """`params`, `cache`, `grads` for the arguments that a function opens, by the function that returned them."""
    opened = [name for name in parameters_of(function) if name not in known and _is_opened(name, function)]
    origin = _origins(tree, purposes)
    found = {}
    for name in opened:
        came = origin.get(name, "")
        if came in ("initialize_parameters", "update_parameters", "train"):
            found[name] = "params"
        elif came in ("forward", "backward"):
            found[name] = "cache" if came == "forward" else "grads"
    left = [name for name in opened if name not in found]
    what = purposes.get(function.name)
    if what in ("forward", "backward"):
        whole = what == "forward" or "forward" not in purposes.values()
        found |= dict.fromkeys(left[:1], "params" if whole else "cache")
    return found


def _is_opened(name: str, function: ast.FunctionDef) -> bool:
    """`v["W1"]`, `v[0]`, `for w, b in v`, `a, b = v`."""
    for node in own_nodes(function):
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == name:
            if isinstance(node.slice, ast.Constant | ast.BinOp | ast.JoinedStr | ast.UnaryOp | ast.Name):
                return True
        elif isinstance(node, ast.Assign):
            if isinstance(node.targets[0], ast.Tuple) and bare(node.value)[0] == name:
                return True
        elif isinstance(node, ast.For | ast.comprehension) and name in names_in(node.iter):
            return True
    return False


def _origins(tree: ast.Module, purposes: Mapping[str, str]) -> dict[str, str]:
    """For each variable anywhere the purpose of the function whose value it holds."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            function = node.value.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if name in purposes:
                for target in node.targets:
                    for part in target.elts if isinstance(target, ast.Tuple) else [target]:
                        if isinstance(part, ast.Name) and found.get(part.id) != "initialize_parameters":
                            found[part.id] = purposes[name]
    return found


def weights_of(function: ast.FunctionDef, known: Mapping[str, str]) -> dict[str, str]:
    """W1, b1, … for arguments that are multiplied with, or added to, what the layers make."""
    given = [name for name in parameters_of(function) if name not in known]
    found: dict[str, str] = {}
    for product in products(function):
        for name in (product.left, product.right):
            if name in given and name not in found:
                found[name] = f"W{1 + sum(v[0] == 'W' for v in found.values())}"
    for node in own_nodes(function):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            name = bare(node.right)[0]
            has_product = any(isinstance(n, ast.Call | ast.BinOp) for n in ast.walk(node.left))
            if name in given and name not in found and has_product:
                found[name] = f"b{1 + sum(v[0] == 'b' for v in found.values())}"
    return found

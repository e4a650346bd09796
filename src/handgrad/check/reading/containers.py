"""What Python writes itself for a class that holds parameters: a dataclass's constructor."""

from __future__ import annotations

import ast


def dataclass_init(node: ast.ClassDef) -> ast.FunctionDef | None:
    """The constructor that `@dataclass` makes of a class's fields; None for any other class.

    >>> text = "@dataclass\\nclass Net:\\n    inputs: int\\n    hidden: int = 5\\n    W: list = field(init=False)"
    >>> ast.unparse(dataclass_init(ast.parse(text).body[0]))
    'def __init__(self, inputs, hidden=5):\\n    pass'
    """
    own = any(isinstance(n, ast.FunctionDef) and n.name == "__init__" for n in node.body)
    if own or not any(_is_dataclass(d) for d in node.decorator_list):
        return None
    names, defaults = ["self"], []
    for part in node.body:
        if not isinstance(part, ast.AnnAssign) or not isinstance(part.target, ast.Name) or _is_left_out(part):
            continue
        names.append(part.target.id)
        if part.value is not None:
            defaults.append(_default(part.value))
    arguments = ast.arguments([], [ast.arg(name) for name in names], None, [], [], None, defaults)
    made = ast.FunctionDef("__init__", arguments, [ast.Pass()], [])
    return ast.fix_missing_locations(ast.copy_location(made, node))


def _is_dataclass(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return (isinstance(called, ast.Name) and called.id == "dataclass") or (
        isinstance(called, ast.Attribute) and called.attr == "dataclass"
    )


def _is_left_out(part: ast.AnnAssign) -> bool:
    """`field(init=False)` and ClassVar: no argument."""
    if "ClassVar" in ast.unparse(part.annotation):
        return True
    keywords = part.value.keywords if isinstance(part.value, ast.Call) else []
    return any(k.arg == "init" and isinstance(k.value, ast.Constant) and k.value.value is False for k in keywords)


def _default(value: ast.expr) -> ast.expr:
    """The default of a field, or None where a factory makes it: only that there is one counts."""
    if isinstance(value, ast.Call):
        return next((k.value for k in value.keywords if k.arg == "default"), ast.Constant(None))
    return value

"""Which statements of a program are executed: imports, definitions, constants, and arrays made of them.

Loading, training, printing and plotting at the top level are left out and listed.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Set
from dataclasses import dataclass, field
from typing import TypeGuard

from handgrad.check.reading.loops.find import changed_names

_BUILTINS = {
    "range", "len", "int", "float", "list", "dict", "tuple", "set", "zip", "min", "max", "sum", "abs", "round", "pow",
    "bool", "str", "enumerate", "reversed", "sorted", "map", "isinstance",
}  # fmt: skip
_MAKERS = {
    "zeros", "ones", "eye", "empty", "full", "arange", "array", "asarray", "linspace", "sqrt", "float32", "float64",
    "zeros_like", "ones_like", "prod", "log", "exp", "seed", "RandomState", "default_rng", "identity", "concatenate",
}  # fmt: skip
_METHODS = {
    "astype", "copy", "reshape", "transpose", "randn", "rand", "normal", "uniform", "standard_normal", "random",
    "randint", "integers", "random_sample", "choice", "split", "items", "keys", "values", "max", "min", "mean", "std",
    "sum", "flatten", "ravel", "unique", "squeeze", "hstack", "vstack", "column_stack", "permutation", "argmax", "dot",
}  # fmt: skip
_INITIALIZES = re.compile(r"(^|_)(init\w*|make|create|build|new|he|xavier|glorot)(_|$)|initiali[sz]e", re.IGNORECASE)
_KINDS = (
    ("plotting", r"plt\.|plot\(|imshow|figure\("),
    ("loading", r"open\(|load|read_csv|fetch|loadtxt|genfromtxt|mnist|download|fromfile"),
    ("training", r"^(for|while)\b|train|fit\(|epoch|SGD\(|\.step\(|update"),
    ("printing", r"^print"),
)


@dataclass(frozen=True)
class Skipped:
    """Lines that were not executed, and what they seem to do."""

    first: int
    last: int
    kind: str
    after: int = 0  # how many statements were kept before it


@dataclass
class Kept:
    """The statements to execute, in order, the rest, and the names that have a value then."""

    nodes: list[ast.stmt]
    skipped: list[Skipped]
    names: set[str] = field(default_factory=set)


def choose(tree: ast.Module, text: str, names: Set[str] = frozenset(), around: ast.Module | None = None) -> Kept:
    """Part a program into what is executed and what is skipped; `names` have a value already.

    `around`: the program that the statements are a part of, whose classes and functions they may use.

    >>> kept = choose(ast.parse("import os\\nN = 3\\nx = open('f').read()\\ndef f(): pass\\nprint(f())"), "")
    >>> [type(node).__name__ for node in kept.nodes], [(s.first, s.last) for s in kept.skipped]
    (['Import', 'Assign', 'FunctionDef'], [(3, 3), (5, 5)])
    """
    chooser = _Chooser(tree, text.splitlines())
    chooser.names |= names
    if around is not None:
        chooser.classes |= {node.name for node in around.body if isinstance(node, ast.ClassDef)}
        chooser.functions |= {node.name for node in around.body if isinstance(node, ast.FunctionDef)}
    chooser.take(tree.body)
    return Kept(chooser.nodes, _joined(chooser.skipped), chooser.names)


class _Chooser:
    def __init__(self, tree: ast.Module, lines: list[str]) -> None:
        self.lines = lines
        self.names = set(_BUILTINS) | {"True", "False", "None", "__file__", "__name__"}
        self.classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
        self.functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        self.names |= self.classes | self.functions
        self.nodes: list[ast.stmt] = []
        self.skipped: list[Skipped] = []

    def take(self, body: list[ast.stmt]) -> None:
        for node in body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._keep(node, [(a.asname or a.name).split(".")[0] for a in node.names])
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                self._keep(node, [node.name])
            elif _opens(node):
                self.take(node.body)
            elif isinstance(node, ast.Assign | ast.AnnAssign) and self._assigns(node):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                self._keep(node, [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)])
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                pass  # a docstring
            elif self._builds(node) or self._fills(node):
                self.nodes.append(node)
            else:
                self._skip(node)

    def _keep(self, node: ast.stmt, names: list[str]) -> None:
        self.nodes.append(node)
        self.names.update(names)

    def _assigns(self, node: ast.Assign | ast.AnnAssign) -> bool:
        """Numbers made out of numbers, for a name or for a part of something that has a value."""
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [n for t in targets for n in ast.walk(t) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
        return node.value is not None and self.quiet(node.value) and all(n.id in self.names for n in names)

    def _builds(self, node: ast.stmt) -> bool:
        """`net.add(Dense(784, 100))`, `init_weights()`: a net put together."""
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name):
            return (
                self._may_call(node.value.func)
                and node.value.func.id in self.functions
                and self._quiet_parts(node.value)
            )
        return (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Call)
            and isinstance(node.value.func, ast.Attribute)
            and node.value.func.attr in ("add", "append", "use", "compile", "add_layer")
            and self._quiet_parts(node.value)
            and self.quiet(node.value.func.value)
        )

    def _fills(self, node: ast.stmt) -> bool:
        """`for a, b in zip(…): weights.append(np.random.randn(a, b))`: arrays put into lists."""
        if not isinstance(node, ast.For) or not self.quiet(node.iter) or node.orelse:
            return False
        if any(changed_names(inner) for inner in node.body):
            return False  # W = W - …: training
        before = set(self.names)
        self.names |= {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)}
        for inner in node.body:
            values = isinstance(inner, ast.Assign) and self.quiet(inner.value)
            if not (values or self._builds(inner)):
                self.names = before
                return False
            if isinstance(inner, ast.Assign):
                self.names |= {n.id for t in inner.targets for n in ast.walk(t) if isinstance(n, ast.Name)}
        return True

    def _skip(self, node: ast.stmt) -> None:
        first, last = node.lineno, node.end_lineno or node.lineno
        text = "\n".join(self.lines[first - 1 : last]).strip()
        kind = next((name for name, pattern in _KINDS if re.search(pattern, text)), "other code")
        self.skipped.append(Skipped(first, last, kind, len(self.nodes)))

    def quiet(self, node: ast.expr) -> bool:
        """Whether an expression only makes numbers out of numbers."""
        if isinstance(node, ast.Constant | ast.Lambda):
            return True
        if isinstance(node, ast.Name):
            return node.id in self.names
        if isinstance(node, ast.Attribute):
            return self.quiet(node.value)
        if isinstance(node, ast.Call):
            return self._may_call(node.func) and self._quiet_parts(node)
        if isinstance(node, ast.ListComp | ast.GeneratorExp | ast.DictComp | ast.SetComp):
            return self._comprehension(node)
        if isinstance(node, ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr):
            return False
        return all(self.quiet(n) for n in ast.iter_child_nodes(node) if isinstance(n, ast.expr))

    def _quiet_parts(self, node: ast.Call) -> bool:
        return all(self.quiet(a.value if isinstance(a, ast.Starred) else a) for a in node.args) and all(
            self.quiet(k.value) for k in node.keywords
        )

    def _comprehension(self, node: ast.ListComp | ast.GeneratorExp | ast.DictComp | ast.SetComp) -> bool:
        before = set(self.names)
        try:
            for part in node.generators:
                if not self.quiet(part.iter):
                    return False
                self.names |= {n.id for n in ast.walk(part.target) if isinstance(n, ast.Name)}
            made = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
            return all(self.quiet(n) for n in made)
        finally:
            self.names = before

    def _may_call(self, function: ast.expr) -> bool:
        if isinstance(function, ast.Name):
            name = function.id
            own = name in self.classes or (name in self.functions and _INITIALIZES.search(name) is not None)
            return own or name in _BUILTINS or (name in self.names and name in _MAKERS and not hasattr(builtins, name))
        if isinstance(function, ast.Attribute):
            own = isinstance(function.value, ast.Name) and function.value.id == "self"
            makes = function.attr in _MAKERS | _METHODS or (own and _INITIALIZES.search(function.attr) is not None)
            return makes and self.quiet(function.value)
        return False


def _opens(node: ast.stmt) -> TypeGuard[ast.Try | ast.If]:
    """A block that is looked into: imports that may fail, and `if __name__ == "__main__"`."""
    if isinstance(node, ast.Try):
        return all(isinstance(n, ast.Import | ast.ImportFrom) for n in node.body)
    return isinstance(node, ast.If) and "__name__" in ast.dump(node.test)


def _joined(skipped: list[Skipped]) -> list[Skipped]:
    """Neighbours of one kind as one range."""
    joined: list[Skipped] = []
    for part in skipped:
        if joined and (part.kind, part.after) == (joined[-1].kind, joined[-1].after):
            joined[-1] = Skipped(joined[-1].first, part.last, part.kind, part.after)
        else:
            joined.append(part)
    return joined

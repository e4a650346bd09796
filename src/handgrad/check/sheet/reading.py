"""A sheet's lines with their roles: forward, loss, gradient of what, update; and what its free names stand for."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field

from handgrad.check.sheet.parser import Equation, Parser
from handgrad.check.sheet.sizes import ONE, Shape, Size, UnknownName
from handgrad.check.sheet.tokens import SheetError
from handgrad.check.sheet.tree import Binary, Name, Node, Number, Unary, names_in, walk

LOSSES = ("L", "J", "E", "C", "loss", "Loss", "cost", "Cost", "ℒ", "ℓ", "l", "objective")
SCALARS = (
    *("eta", "alpha", "lr", "learningrate", "rate", "lambda", "lam", "lambd", "reg", "gamma", "mu", "beta"),
    *("beta1", "beta2", "β1", "β2", "rho", "eps", "epsilon", "momentum"),
)
RATES = ("eta", "alpha", "lr", "learningrate", "rate")
DECAYS = ("lambda", "lam", "lambd", "reg")
BATCH = ("N", "n", "B", "batch", "batchsize", "m", "M")
CLASSES = ("P", "K", "classes")
_DATA = re.compile(r"X|x|inputs?|images?|[AaHh]0")
_TARGET = re.compile(r"T|t|Y|y|targets?|labels?|ytrue|onehot")
_BIAS = re.compile(r"b\w*|bias\w*|c\d+")
_WEIGHT = re.compile(r"[WwUVΘθ]\w*|theta\w*|weights?\d*|[A-Z]\d*")
_STATE = re.compile(r"[vmsu]\w*|Δ\w*|velocity\w*")
_GRADIENT = re.compile(r"(?:delta|grad|d|δ|Δ|g)(.*)|(.+)grad")


@dataclass
class Line:
    """One line of the sheet.

    Attributes:
        number, text: in the file.
        role: comment, size, forward, loss, gradient, part (of a gradient finished on a later line), update, error.
        equation: what it says.
        of: the variable a gradient is by.
        problem: why it could not be read, with the place.
    """

    number: int
    text: str
    role: str = "comment"
    equation: Equation | None = None
    of: str = ""
    problem: str = ""

    @property
    def target(self) -> str:
        """The name it defines."""
        return self.equation.target if self.equation else ""

    @property
    def spelling(self) -> str:
        """That name as it is written on the sheet."""
        return self.equation.spelling if self.equation else ""

    @property
    def tree(self) -> Node:
        """Its right-hand side."""
        return self.equation.expression if self.equation else Number(0.0)


@dataclass
class Sheet:
    """A sheet, read: its lines, which are forward, the loss's name, and declared sizes."""

    lines: list[Line]
    forward: list[tuple[str, Node]] = field(default_factory=list)
    loss: str = ""
    declared: dict[str, float] = field(default_factory=dict)
    implied: dict[str, str] = field(default_factory=dict)  # z1: "relu on line 1"

    @property
    def variables(self) -> set[str]:
        """Everything a gradient may be by."""
        return {name for name, _ in self.forward}.union(*(names_in(tree) for _, tree in self.forward))


def read_sheet(text: str) -> Sheet:
    """Parse every line and give each its role; a line that cannot be read carries its problem."""
    parser, lines = Parser(), []
    for number, raw in enumerate(text.replace("\r\n", "\n").lstrip("\ufeff").split("\n"), start=1):
        line = Line(number, raw.rstrip())
        code = re.split(r"#|%|//", line.text, maxsplit=1)[0].rstrip().rstrip(",;.")
        if code.strip():
            try:
                line.equation = parser.read(code)
                line.role = "forward" if line.equation else "comment"
            except SheetError as error:
                line.role, line.problem = "error", str(error)
        lines.append(line)
    sheet = Sheet(lines)
    _give_roles(sheet)
    return sheet


def _give_roles(sheet: Sheet) -> None:
    equations = [line for line in sheet.lines if line.equation]
    losses = [line for line in equations if line.target in LOSSES and line.target not in names_in(line.tree)]
    losses = losses[: sum(line.number < _first_gradient(equations) for line in losses)]
    end = equations.index(losses[-1]) if losses else -1
    sheet.loss = losses[-1].target if losses else ""
    known: set[str] = set()
    for place, line in enumerate(equations):
        if isinstance(line.tree, Number) and (line.target in BATCH + CLASSES + SCALARS or line.target in ("D",)):
            line.role = "size"
            sheet.declared[line.target] = line.tree.value
        elif place <= end or (end < 0 and not _looks_like_gradient(line.target, known)):
            _forward(sheet, line)
            line.role = "loss" if place == end else "forward"
            known |= {line.target} | names_in(line.tree)
        else:
            _backward(sheet, line)
    gradients: dict[str, Line] = {}
    for line in equations:  # d2 = d3 W3', then d2 = d2 * (z2 > 0): only the last is judged
        if line.role == "gradient":
            earlier = gradients.get(line.target)
            if earlier and line.target in names_in(line.tree):
                earlier.role = "part"
            gradients[line.target] = line


def _first_gradient(equations: list[Line]) -> float:
    """The number of the first line that defines a gradient of something above it."""
    known: set[str] = set()
    for line in equations:
        if _looks_like_gradient(line.target, known):
            return line.number
        known |= {line.target} | names_in(line.tree)
    return float("inf")


def _looks_like_gradient(name: str, known: set[str]) -> bool:
    found = _GRADIENT.fullmatch(name)
    rest = (found[1] or found[2] or "") if found else ""
    return bool(found) and (rest in known or (name[0] in "dδ" and (rest.isdigit() or name == "delta")))


def _forward(sheet: Sheet, line: Line) -> None:
    """A forward line; where it has an activation of a product, the product gets the name z it would have on paper."""
    if line.target in dict(sheet.forward):
        line.role, line.problem = "error", f"{line.target} is defined twice: give each its own name, such as z1 and z2"
        return
    tree, digits = line.tree, re.sub(r"\D", "", line.target)
    numbered = [int(n[1:]) for n, _ in sheet.forward if re.fullmatch(r"z\d+", n)]
    name = f"z{digits or (max(numbered) + 1 if numbered else '')}"
    inside = tree.of if isinstance(tree, Unary) and tree.kind in ("relu", "sigmoid", "tanh", "softmax") else None
    if inside and isinstance(inside, Binary) and name != line.target and name not in dict(sheet.forward):
        sheet.forward.append((name, inside))
        sheet.implied[name] = f"{name} is what stands inside {tree.kind}() on line {line.number}"  # type: ignore[union-attr]
        tree = Unary(tree.kind, Name(name))  # type: ignore[union-attr]
    sheet.forward.append((line.target, tree))


def _backward(sheet: Sheet, line: Line) -> None:
    own = names_in(line.tree)
    if line.target in sheet.variables and line.target not in dict(sheet.forward):
        line.role = "update"
    elif by := gradient_by(sheet, line.target):
        line.role, line.of = "gradient", by
    elif line.target in own and _STATE.fullmatch(line.target):
        line.role = "state"
    else:
        line.role = "part"


def gradient_by(sheet: Sheet, name: str) -> str:
    """What a gradient's name says it is by: dW3 → W3, delta3 and d3 → the third z; "" if it is no gradient's name."""
    found = _GRADIENT.fullmatch(name)
    if not found:
        return ""
    rest = found[1] if found[1] is not None else found[2]
    if rest in sheet.variables:
        return rest
    alike = [v for v in sheet.variables if v.lower() == rest.lower()]
    if rest and len(alike) == 1:
        return alike[0]
    if rest.isdigit() or not rest:
        return _pre_activation(sheet, rest)
    return ""


def _pre_activation(sheet: Sheet, digits: str) -> str:
    """The k-th sum of weighted inputs: what an activation is taken of; without a number the last one."""
    defined = dict(sheet.forward)
    linear = [n for n, tree in sheet.forward if n != sheet.loss and any(_is_product(part) for part in walk(tree))]
    if not digits:
        return linear[-1] if linear else ""
    fitting = [n for n in linear if re.sub(r"\D", "", n) == digits]
    return fitting[0] if fitting else next((n for n in (f"z{digits}", f"a{digits}", f"h{digits}") if n in defined), "")


def _is_product(node: Node) -> bool:
    return (
        isinstance(node, Binary)
        and node.kind in ("@", "*")
        and all(isinstance(p, Name) or (isinstance(p, Unary) and p.kind == "'") for p in (node.left, node.right))
    )


@dataclass
class FreeNames:
    """Makes the shapes of names that no line defines; a name nobody uses on paper is a mistyping."""

    sheet: Sheet
    rows: bool
    batch: Size = field(default_factory=Size)
    features: Size = field(default_factory=Size)
    closed: bool = False  # behind the forward lines only rates and states may be new
    kinds: dict[str, str] = field(default_factory=dict)

    def shape_of(self, name: Name) -> Shape:
        """The shape of a name met first.

        Raises:
            UnknownName: if it can only be a mistyping, naming the nearest.
        """
        kind = self.kinds[name.name] = self._kind(name.name)
        if kind == "ones":
            return (Size(), ONE)
        if kind in ("scalar", "batch", "classes"):
            return ()
        if kind == "data":
            return (self.batch, self.features) if self.rows else (self.features, self.batch)
        if kind == "target":
            return (self.batch, Size()) if self.rows else (Size(), self.batch)
        if kind == "bias":
            return (ONE, Size()) if self.rows else (Size(), ONE)
        return Size(), Size()

    def _kind(self, name: str) -> str:
        if name == "ones":
            return "ones"
        if not self.closed and name in dict(self.sheet.forward):
            raise UnknownName(f"{name} is not known here: it is used before the line that defines it")
        if name in SCALARS:
            return "scalar"
        if not self.closed and _DATA.fullmatch(name):
            return "data"
        if name in BATCH and not (name in ("m", "M") and any(n in self.kinds for n in ("N", "n"))):
            return "batch"
        if name in CLASSES:
            return "classes"
        if self.closed:
            if _STATE.fullmatch(name) and any(line.target == name for line in self.sheet.lines):
                return "state"
        elif _TARGET.fullmatch(name):
            return "target"
        elif _BIAS.fullmatch(name):
            return "bias"
        elif _WEIGHT.fullmatch(name):
            return "weight"
        raise UnknownName(self._unknown(name))

    def _unknown(self, name: str) -> str:
        known = sorted({*self.sheet.variables, *self.kinds, *(line.target for line in self.sheet.lines)} - {"", name})
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        hint = f"did you mean {close[0]}?" if close else f"known so far: {', '.join(known)}"
        return f"{name} is not known here; {hint}"


def samples_are_rows(sheet: Sheet) -> bool:
    """Whether the first product with the data has it on the left: z = X W; on the right, W X, samples are columns."""
    for _, tree in sheet.forward:
        for part in walk(tree):
            if isinstance(part, Binary) and part.kind in ("@", "*"):
                for side, node in (("left", part.left), ("right", part.right)):
                    if isinstance(node, Name) and _DATA.fullmatch(node.name):
                        return side == "left"
    return True

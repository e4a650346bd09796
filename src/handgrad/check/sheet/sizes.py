"""Sizes by letters: what each name's rows and columns are, found from the forward lines and then held fixed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from handgrad.check.sheet.tree import Binary, Name, Node, Number, Sum, Unary, write
from handgrad.errors import UsageError


class SizeError(UsageError):
    """Two sizes do not go together; the message says which."""


class UnknownName(SizeError):
    """A name that no line defines and no convention explains."""


class Size:
    """A number of rows or columns, unknown until something says its letter; sizes that are equal become one."""

    def __init__(self, letter: str | None = None) -> None:
        self._letter = letter
        self._same: Size | None = None

    @property
    def root(self) -> Size:
        """The size that stands for all that are equal to this one."""
        return self if self._same is None else self._same.root

    @property
    def letter(self) -> str | None:
        """N, D, M, P, …, or "1"; None while unknown."""
        return self.root._letter

    def name(self, letter: str) -> None:
        """Say which it is."""
        self.root._letter = letter

    def agrees(self, other: Size) -> bool:
        """Whether they are equal, or can be made so; then they are."""
        a, b = self.root, other.root
        if a is b:
            return True
        if a._letter and b._letter:
            return a._letter == b._letter
        if a._letter:
            a, b = b, a
        a._same = b
        return True

    def __str__(self) -> str:
        return self.letter or "?"


ONE = Size("1")
Shape = tuple[Size, ...]  # () of a number, else (rows, columns)


def describe(shape: Shape) -> str:
    """(N, D), or "a number"."""
    return f"({', '.join(map(str, shape))})" if shape else "a number"


def same(a: Shape, b: Shape) -> bool:
    """Whether two shapes have the same letters; settles nothing."""
    return [s.letter for s in a] == [s.letter for s in b] and None not in [s.letter for s in a]


@dataclass
class Scope:
    """What names mean while a line is read.

    Attributes:
        shapes: of the names so far.
        batch: the size that counts images.
        unknown: makes the shape of a name met first; raises where a name must be known.
        bare_sum: what a sum without a letter adds up: all, batch or classes.
        notes: what was assumed.
    """

    shapes: dict[str, Shape]
    batch: Size
    unknown: Callable[[Name], Shape]
    bare_sum: str = "all"
    notes: list[str] = field(default_factory=list)

    def settle(self, node: Node) -> tuple[Node, Shape]:
        """The formula with every product and sum decided, and its shape.

        Raises:
            SizeError: naming both shapes.
        """
        if isinstance(node, Number):
            return node, ()
        if isinstance(node, Name):
            if node.name not in self.shapes:
                self.shapes[node.name] = self.unknown(node)
            return node, self.shapes[node.name]
        if isinstance(node, Unary):
            return self._unary(node)
        if isinstance(node, Sum):
            return self._sum(node)
        return self._binary(node)

    def _unary(self, node: Unary) -> tuple[Node, Shape]:
        inner, shape = self.settle(node.of)
        if node.kind == "norm":
            return replace(node, of=inner), ()
        if node.kind == "softmax" and not shape:
            raise SizeError(f"{write(node)}: softmax needs one number a class, not a single number")
        if node.kind == "softmax":
            return replace(node, of=inner, kind=f"softmax {self._other_axis(shape)}"), shape
        if node.kind == "softmax'":
            raise SizeError(
                "softmax' is a whole matrix for each image (a class also moves the others): write "
                "p * (g - sum_k(p * g)) for a gradient g by p, or for the cross-entropy p - T"
            )
        return replace(node, of=inner), shape[::-1] if node.kind == "'" else shape

    def _other_axis(self, shape: Shape) -> int:
        """The axis that does not count images."""
        return 0 if shape[1].root is self.batch.root else 1

    def _sum(self, node: Sum) -> tuple[Node, Shape]:
        inner, shape = self.settle(node.of)
        counts_images = bool(shape) and any(s.root is self.batch.root for s in shape)
        over = node.over or (self.bare_sum if counts_images else "all")
        if not shape or over == "all":
            return replace(node, of=inner, over="all"), ()
        if over in ("0", "1"):
            axis = int(over)
        else:
            axis = self._other_axis(shape) if over == "classes" else 1 - self._other_axis(shape)
            if node.over is None:
                words = "the images" if over == "batch" else "the classes or units of each image"
                self.notes.append(f"{write(node)} is read as a sum over {words}")
        left = tuple(ONE if place == axis else size for place, size in enumerate(shape))
        return replace(node, of=inner, over=str(axis)), left

    def _binary(self, node: Binary) -> tuple[Node, Shape]:
        old = self.bare_sum
        left, a = self.settle(node.left)
        if node.kind == "/" and old == "all":
            self.bare_sum = "classes"  # exp(z)/sum(exp(z)) is meant image by image
        right, b = self.settle(node.right)
        self.bare_sum = old
        kind = node.kind
        if kind in ("@", "*") and not (a and b):
            return replace(node, left=left, right=right, kind=".*"), a or b
        if kind == "*":
            kind = self._meant(node, a, b)
        if kind == "@":
            if not a[1].agrees(b[0]):
                raise SizeError(_product_message(node, a, b))
            return replace(node, left=left, right=right, kind="@"), (a[0], b[1])
        if kind == "^" and b:
            raise SizeError(f"the power in {write(node)} must be a number, not {describe(b)}")
        return replace(node, left=left, right=right, kind=kind), self._elementwise(node, a, b)

    def _meant(self, node: Binary, a: Shape, b: Shape) -> str:
        """`*` between matrices: elementwise if the sizes agree so, else the matrix product; weights are multiplied."""
        unknown = None in [s.letter for s in (*a, *b)] and not any(x.root is y.root for x, y in zip(a, b, strict=True))
        fits = all(x.root is y.root or "1" in (x.letter, y.letter) for x, y in zip(a, b, strict=True))
        if fits or not (unknown or a[1].root is b[0].root):
            return ".*"
        self.notes.append(f"{write(node)} is read as the matrix product")
        return "@"

    def _elementwise(self, node: Binary, a: Shape, b: Shape) -> Shape:
        if not (a and b):
            return a or b
        sizes = []
        for x, y in zip(a, b, strict=True):
            if ONE.root in (x.root, y.root):
                sizes.append(y if x.root is ONE.root else x)
            elif x.agrees(y):
                sizes.append(x)
            else:
                raise SizeError(
                    f"{write(node.left)} is {describe(a)} and {write(node.right)} is {describe(b)}: "
                    f"{_WORDS.get(node.kind, 'this')} needs equal sizes"
                )
        return tuple(sizes)


_WORDS = {"+": "adding", "-": "subtracting", ".*": "multiplying elementwise", "*": "multiplying elementwise"}


def _product_message(node: Binary, a: Shape, b: Shape) -> str:
    return (
        f"{write(node.left)} is {describe(a)} and {write(node.right)} is {describe(b)}: "
        f"a matrix product needs the inner sizes equal, here {a[1]} and {b[0]}"
    )

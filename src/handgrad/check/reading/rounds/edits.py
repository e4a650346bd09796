"""Small changes of a program's text, each undoing one usual mistake: what would make its gradients right?"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator, Sequence
from itertools import combinations

from handgrad.check.reading.loops.find import base_name
from handgrad.check.reading.roles import looks_like_gradient
from handgrad.check.reading.rounds.instrument import is_update, rate_in
from handgrad.check.reading.rounds.sites import (
    ERROR,
    Around,
    Edit,
    Known,
    Scope,
    Shapes,
    Site,
    outputs_in,
    sites,
    stored_names,
)

_CARRIED = re.compile(r"next|future|later|prev|delta|grad|^d", re.IGNORECASE)
_PENALTY = re.compile(r"reg|lam|lmbda|l2|decay|beta|alpha|penal|^c$", re.IGNORECASE)
_SLOPE = re.compile(r"deriv|prime|grad|back|^d_?(sig|relu|tanh|act|f)|_d(er)?$|slope", re.IGNORECASE)


def edits(body: Sequence[ast.stmt], chosen: Sequence[Known], shapes: Shapes) -> list[Edit]:
    """All of them for these statements of a program, the likeliest first."""
    found: list[Edit] = []
    functions = [n.name for part in body for n in ast.walk(part) if isinstance(n, ast.FunctionDef)]
    slopes = [name for name in functions if _SLOPE.search(name)]
    outputs = list(dict.fromkeys(text for part in body for text in outputs_in(part)))
    for known in chosen:
        found += _of_statement(known, functions)
        for site in sites(known, Around(known.names, slopes, functions, shapes, outputs)):
            found += _of_expression(site)
    return sorted(found, key=lambda e: e.rank)


def _of_statement(known: Known, functions: Scope) -> Iterator[Edit]:
    """+= for =, the sign of an update, a function at every name of a line or at none, what a loop hands on."""
    top, statement = known.top, known.statement
    value = getattr(statement, "value", None)
    if isinstance(value, ast.expr) and not isinstance(statement, ast.For):
        for function in functions:
            for key, change in (("slope_of_output_value", _Bare(function)), ("slope_formula_on_z", _Within(function))):
                made = change.visit(copy.deepcopy(value))
                if change.count:
                    yield Edit(key, 2, top, statement, statement, "value", None, made)
    if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Add | ast.Sub):
        other = ast.Sub() if isinstance(statement.op, ast.Add) else ast.Add()
        key = "update_sign" if is_update(statement) else "sign_one_tensor"
        yield Edit(key, 2, top, statement, statement, "op", None, other)
    if isinstance(statement, ast.For):
        yield from _handed_on(known, statement)


def _handed_on(known: Known, loop: ast.For) -> Iterator[Edit]:
    """`later = delta` at the end of a loop that reads `later` and never changes it."""
    stored = stored_names([loop])
    read = {n.id for part in loop.body for n in ast.walk(part) if isinstance(n, ast.Name)} - set(stored)
    for name in (n for n in known.names if n in read and _CARRIED.search(n)):
        for value in (n for n in stored if ERROR.search(n)):
            line = ast.Assign(
                [ast.Name(name, ast.Store())], ast.Name(value, ast.Load()), lineno=loop.lineno, col_offset=0
            )
            yield Edit("through_time_missing", 4, known.top, loop, loop, "body", None, [*loop.body, line])


class _Bare(ast.NodeTransformer):
    """x for f(x), wherever f is called."""

    def __init__(self, function: str) -> None:
        self.function, self.count = function, 0

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == self.function and len(node.args) == 1:
            self.count += 1
            return node.args[0]
        return node


class _Within(ast.NodeTransformer):
    """f(x) for x, wherever a name stands in a sum or a product: x (1 - x)."""

    def __init__(self, function: str) -> None:
        self.function, self.count = function, 0

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        for side in ("left", "right"):
            inner = getattr(node, side)
            if isinstance(inner, ast.Name):
                self.count += 1
                setattr(node, side, ast.Call(ast.Name(self.function, ast.Load()), [inner], []))
        return node


def _of_expression(site: Site) -> Iterator[Edit]:
    node = site.node
    whole = site.holder is site.statement and site.field == "value"
    if whole and isinstance(site.statement, ast.Assign | ast.AugAssign):
        yield from _of_whole(site)
    if isinstance(node, ast.BinOp):
        yield from _of_operation(site, node)
    yield from _turned(site)
    if isinstance(node, ast.Call):
        yield from _of_call(site, node)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield from _of_name(site, node)
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        yield from _of_place(site, node)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        flipped = {ast.Gt: ast.Lt, ast.Lt: ast.Gt, ast.GtE: ast.Lt, ast.LtE: ast.Gt}.get(type(node.ops[0]))
        if flipped is not None:
            yield site.edit("mask_inverted", 2, ast.Compare(node.left, [flipped()], node.comparators))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield site.edit("sign", 2, node.operand)


def _of_operation(site: Site, node: ast.BinOp) -> Iterator[Edit]:
    """A - B for B - A, a factor or a divisor too many, the sign of a term."""
    left, right = node.left, node.right
    if isinstance(node.op, ast.Sub):
        if isinstance(left, ast.Constant) and not isinstance(right, ast.BinOp):
            square = ast.BinOp(copy.deepcopy(right), ast.Pow(), ast.Constant(2))
            yield site.edit("half_of_slope", 3, ast.BinOp(left, ast.Sub(), square))
        else:
            yield site.edit("sign", 1, ast.BinOp(right, ast.Sub(), left))
            yield from _of_product(site, node)
    if isinstance(node.op, ast.Add | ast.Sub):
        other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        yield site.edit("sign_one_tensor", 4, ast.BinOp(left, other, right))
        yield site.edit("added_too_much", 6, left)
    if isinstance(node.op, ast.Pow) and isinstance(right, ast.Constant) and right.value == 2:
        yield site.edit("half_of_slope", 4, left)
    if isinstance(node.op, ast.Mult):
        yield from _fewer_factors(site, node)
        yield site.edit("factor_one_tensor", 6, ast.BinOp(left, ast.Div(), right))
    if isinstance(node.op, ast.Div):
        yield site.edit("one_over_n_twice" if not _is_number(right) else "factor_two", 5, left)
        yield site.edit("factor_one_tensor", 6, ast.BinOp(left, ast.Mult(), right))


def _fewer_factors(site: Site, node: ast.BinOp) -> Iterator[Edit]:
    """A product without one of its factors, or without two."""
    factors = _factors(node)
    for count in (1, 2):
        for gone in combinations(range(len(factors)), count):
            kept = [f for place, f in enumerate(factors) if place not in gone]
            if kept:
                made = kept[0]
                for factor in kept[1:]:
                    made = ast.BinOp(made, ast.Mult(), factor)
                yield site.edit(_dropped(factors[gone[-1]]), 4 + count, made)


def _factors(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return [*_factors(node.left), *_factors(node.right)]
    return [node]


def _dropped(node: ast.expr) -> str:
    """What a factor that does not belong there is."""
    text = ast.unparse(node)
    if rate_in(ast.BinOp(node, ast.Mult(), ast.Name("x", ast.Load()))) is not None and not _is_number(node):
        return "learning_rate_inside"
    if _is_number(node):
        return "factor_two" if getattr(node, "value", 0) in (2, 2.0, 0.5) else "factor_one_tensor"
    if _SLOPE.search(text) or "1 -" in text or ">" in text:
        return "slope_twice"
    return "factor_one_tensor"


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def _of_whole(site: Site) -> Iterator[Edit]:
    """What is missing in a whole line: a factor, a slope, a term, a sum over rounds."""
    statement, node = site.statement, site.node
    target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
    if target is None or isinstance(node, ast.Constant):
        return
    name = base_name(target).split(".")[-1]
    if isinstance(statement, ast.Assign) and isinstance(target, ast.Name | ast.Attribute | ast.Subscript):
        old = copy.deepcopy(target)
        old.ctx = ast.Load()
        yield site.edit("last_sample_only", 3, ast.BinOp(old, ast.Add(), node))
    if not (ERROR.search(name) or looks_like_gradient(name) or is_update(statement)):
        return
    for value in (2.0, 0.5):
        yield site.edit("factor_two", 5, ast.BinOp(node, ast.Mult(), ast.Constant(value)))
    for slope in _slopes_of(site):
        yield site.edit("slope_missing", 3, ast.BinOp(node, ast.Mult(), slope))
    for other in site.around.names:
        term = ast.Name(other, ast.Load())
        if other != name:
            if site.around.shapes.get(other, ()) == ():
                yield site.edit("one_over_n_missing", 4, ast.BinOp(node, ast.Div(), term))
            if site.around.alike(other, name):
                yield site.edit("term_missing", 6, ast.BinOp(node, ast.Add(), term))
    for rate in (n for n in site.around.names if _PENALTY.search(n) and site.around.shapes.get(n, ()) == ()):
        for weights in site.around.names:
            if (
                weights not in (name, rate)
                and site.around.alike(weights, name)
                and site.around.shapes.get(weights, (1,))
            ):
                for text in (f"{rate} * {weights}", f"2 * {rate} * {weights}"):
                    penalty = ast.parse(text, mode="eval").body
                    yield site.edit("penalty_missing", 6, ast.BinOp(node, ast.Add(), penalty))


def _slopes_of(site: Site) -> Iterator[ast.expr]:
    """Derivatives of the usual functions at each name in scope, and the program's own."""
    target = ast.unparse(site.statement.targets[0]) if isinstance(site.statement, ast.Assign) else ""
    alike = [n for n in site.around.names if n != target and site.around.alike(n, target)]
    for name in [*site.around.outputs, *(n for n in alike if n not in site.around.outputs)]:
        for text in (f"({name} * (1 - {name}))", f"(1 - {name} ** 2)", f"({name} > 0)"):
            yield ast.parse(text, mode="eval").body
        for function in site.around.slopes:
            yield ast.parse(f"{function}({name})", mode="eval").body


def _turned(site: Site) -> Iterator[Edit]:
    """A transposition too many or too few in a product."""
    node, holder = site.node, site.holder
    called = isinstance(holder, ast.Call) and re.search(r"dot$|matmul$", ast.unparse(holder.func)) is not None
    operator = isinstance(holder, ast.BinOp) and isinstance(holder.op, ast.MatMult)
    if not (called or operator or (isinstance(holder, ast.Attribute) and holder.attr == "dot")):
        return
    text = ast.unparse(node)
    key = "dw_transposed" if looks_like_gradient(text) and not re.search("[wW]", text) else "weights_not_transposed"
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield site.edit(key, 1, node.value)
    elif not isinstance(node, ast.Call) or isinstance(holder, ast.BinOp):
        yield site.edit(key, 1, ast.Attribute(node, "T", ast.Load()))


def _of_call(site: Site, node: ast.Call) -> Iterator[Edit]:
    """Another function of the program, none at all, a sum along another axis, another range."""
    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
    if isinstance(node.func, ast.Name) and name in site.around.functions and len(node.args) == 1:
        yield site.edit("slope_of_output_value", 3, node.args[0])
        for other in site.around.functions:
            if other != name:
                made = ast.Call(ast.Name(other, ast.Load()), node.args, node.keywords)
                yield site.edit("slope_of_other_function", 4, made)
    if name in ("sum", "mean"):
        bare = [k for k in node.keywords if k.arg not in ("axis",)]
        positional = (
            node.args[:1]
            if isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) in ("np", "numpy")
            else []
        )
        for axis in (0, 1):
            made = ast.Call(node.func, positional, [*bare, ast.keyword("axis", ast.Constant(axis))])
            yield site.edit("bias_total" if len(node.keywords) == len(bare) else "bias_not_summed", 3, made)
        if isinstance(node.func, ast.Attribute):
            function = ast.Attribute(node.func.value, "mean" if name == "sum" else "sum", ast.Load())
            key = "bias_sum_weights_mean" if name == "sum" else "bias_mean_weights_sum"
            yield site.edit(key, 3, ast.Call(function, node.args, node.keywords))
    if name == "range":
        for place, argument in enumerate(node.args[:2]):
            for by in (-1, 1):
                moved = [*node.args]
                moved[place] = ast.BinOp(argument, ast.Add(), ast.Constant(by))
                yield site.edit("layer_skipped", 4, ast.Call(node.func, moved, []))


def _of_name(site: Site, node: ast.Name) -> Iterator[Edit]:
    """Another array of the same scope."""
    if isinstance(site.holder, ast.Call) and site.holder.func is node:
        return
    if isinstance(site.statement, ast.For | ast.Return) or (
        isinstance(site.holder, ast.Attribute) and node.id == "self"
    ):
        return
    for other in site.around.names:
        if other != node.id and site.around.alike(other, node.id):
            yield site.edit("other_array", 5, ast.Name(other, ast.Load()))
    if not isinstance(site.holder, ast.Attribute):
        yield site.edit("input_of_other_layer", 6, ast.BinOp(node, ast.Pow(), ast.Constant(2)))


def _of_product(site: Site, node: ast.BinOp) -> Iterator[Edit]:
    """A difference for which the program has a name."""
    for other in site.around.names:
        yield site.edit("slope_of_other_array", 6, ast.Name(other, ast.Load()))


def _of_place(site: Site, node: ast.Subscript) -> Iterator[Edit]:
    """The place before or behind in a list."""
    if isinstance(node.slice, ast.Slice | ast.Tuple) or isinstance(site.statement, ast.For | ast.Return):
        return
    for by in (-1, 1):
        made: ast.expr = ast.BinOp(copy.deepcopy(node.slice), ast.Add(), ast.Constant(by))
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int):
            made = ast.Constant(node.slice.value + by)
        if ast.unparse(made) == "-1":
            continue
        yield site.edit("other_place", 4, ast.Subscript(node.value, made, ast.Load()))

"""Programs whose training stands in no function: the loop's round as a function, the weights as it has them."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Any

from handgrad.check.reading.keep import choose
from handgrad.check.reading.loops.data import VARIANTS, data_role, scalar_for, stand_in
from handgrad.check.reading.loops.find import METRIC, NAME, Loop, changed_names, find_loops, opened
from handgrad.check.reading.loops.script_counts import COUNT, count_samples
from handgrad.check.reading.loops.step import ENCODES, step_function
from handgrad.check.reading.program import MODULE, Program, describe

_MOST = 5
_SETUP = "training_loop_setup"


def loop_programs(program: Program) -> Iterator[Program]:
    """The program with a function made of a training loop, for each loop and each form that its data may have."""
    for loop in islice(_with_plain_methods(program), _MOST):
        for base, namespace in _bases(program, loop):
            for single in (False, True):
                with suppress(Exception):
                    made = _with_step(base, loop, namespace, single)
                    if made is not None:
                        yield made


def _bases(program: Program, loop: Loop) -> list[tuple[Program, dict[str, Any]]]:
    """What stands ahead of the loop with each form of stand-ins for the data; first those on which most of it runs."""
    missing = _missing(program, loop)
    found: list[tuple[Program, dict[str, Any]]] = []
    for variant in VARIANTS if missing else VARIANTS[:1]:
        given = {name: stand_in(data_role(name), variant) for name in missing}
        with suppress(Exception):
            base = _method_base(program, loop, variant) if loop.owner else _script_base(program, loop, given)
            found.append((base, base.fresh()))
    return sorted(found, key=lambda pair: len(pair[0].failed))


def _with_plain_methods(program: Program) -> Iterator[Loop]:
    """All loops; a method whose weights are local variables comes as a function, its object as a global one."""
    for loop in find_loops(program.tree):
        changed = {name for part in loop.inner.body for name in changed_names(part)}
        plain = {n for n in changed if not n.startswith("self") and not METRIC.search(n) and not data_role(n)}
        if loop.owner and loop.function is not None and plain & set(_stored_before(loop)):
            yield _as_function(program, loop, loop.function)
        else:
            yield loop


def _stored_before(loop: Loop) -> list[str]:
    nodes = [n for part in loop.before for n in ast.walk(part) if isinstance(n, ast.Name)]
    return [n.id for n in nodes if isinstance(n.ctx, ast.Store)]


def _as_function(program: Program, loop: Loop, method: ast.FunctionDef) -> Loop:
    """The loop of a function without `self`; its object is made ahead of the loop, of stand-ins and usual sizes."""
    init = program.methods[loop.owner].get("__init__")
    own = {data_role(a.arg): a.arg for a in reversed(method.args.args[1:]) if data_role(a.arg)}  # the same data
    wanted = init.required if init else ()
    values = [f"{n}={own.get(data_role(n), n) if data_role(n) else repr(scalar_for(n))}" for n in wanted]
    made = ast.parse(f"self = {loop.owner}({', '.join(values)})").body[0]
    for node in ast.walk(made):
        ast.copy_location(node, method)
    function = copy.deepcopy(method)
    function.args.args = function.args.args[1:]
    return replace(loop, owner="", function=function, before=(made, *loop.before))


def _with_step(base: Program, loop: Loop, namespace: dict[str, Any], single: bool) -> Program | None:
    step = step_function(loop, namespace, single)
    if step is None:
        return None
    if not loop.owner:
        code = (compile(ast.Module([step], []), MODULE, "exec"), step.lineno)
        functions = {**base.functions, NAME: describe(step, "", {})}
        given = base.given | {COUNT: count_samples}
        return replace(base, code=[*base.code, code], functions=functions, given=given)
    _scalar_arguments(step, loop)
    bound = ast.parse(f"{loop.owner}.{NAME} = {NAME}").body[0]
    code = (compile(ast.Module([step, bound], []), MODULE, "exec"), step.lineno)
    own = {**base.methods[loop.owner], NAME: describe(step, loop.owner, {})}
    return replace(base, code=[*base.code, code], methods={**base.methods, loop.owner: own})


def _missing(program: Program, loop: Loop) -> list[str]:
    """Images and targets that the script reads and that are not made of numbers that stand in it."""
    known = _known(program)
    if loop.function is not None:
        known -= {a.arg for a in loop.function.args.args}
    parts = [*loop.before, loop.loops[0], *(loop.function.args.args if loop.function else [])]
    names = [n.id for part in parts for n in ast.walk(part) if isinstance(n, ast.Name)]
    names += [a.arg for a in loop.function.args.args] if loop.function else []
    targets = {
        n.id for l in loop.loops if isinstance(l, ast.For) for n in ast.walk(l.target) if isinstance(n, ast.Name)
    }
    free = _free(loop)
    return [n for n in dict.fromkeys(names) if data_role(n) and n not in known and n not in targets and n in free]


def _free(loop: Loop) -> set[str]:
    """Names that stand ahead of the loop, or that the loop reads before it sets them."""
    found = {n.id for part in loop.before for n in ast.walk(part) if isinstance(n, ast.Name)}
    found |= {a.arg for a in loop.function.args.args} if loop.function else set()
    stored: set[str] = set()
    nodes = [n for n in ast.walk(loop.loops[0]) if isinstance(n, ast.Name)]
    for node in sorted(nodes, key=lambda n: (n.lineno, isinstance(n.ctx, ast.Store), n.col_offset)):
        if isinstance(node.ctx, ast.Store):
            stored.add(node.id)
        elif node.id not in stored:
            found.add(node.id)
    return found


def _known(program: Program) -> set[str]:
    return choose(program.tree, program.source.text).names


def _script_base(program: Program, loop: Loop, given: dict[str, Any]) -> Program:
    """The statements ahead of the loop, run with stand-ins for what would be loaded."""
    if loop.function is None:
        tree = ast.Module(opened(program.tree.body), [])
        kept = choose(tree, program.source.text, set(given))
        defined = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
        nodes = [n for n in kept.nodes if n.lineno < loop.loops[0].lineno or isinstance(n, defined)]
        base = replace(program, code=[], given=given, failed=[], functions=dict(program.functions))
    else:
        assigned = _arguments(program, loop.function, set(given))
        body = ast.Module([*assigned, *loop.before], [])
        kept = choose(body, program.source.text, _known(program) | set(given), program.tree)
        nodes = kept.nodes
        base = replace(program, code=list(program.code), given=given, failed=[], functions=dict(program.functions))
        base.functions.pop(loop.function.name, None)
    for node in nodes:
        base.code.append((compile(ast.Module([node], []), MODULE, "exec"), node.lineno))
    return base


def _arguments(program: Program, function: ast.FunctionDef, data: set[str]) -> list[ast.stmt]:
    """A function's arguments as assignments: as the program calls it, by default, or by what their names say."""
    defaults = _defaults(function)
    called = _call_of(program.tree, function.name)
    known = _known(program)
    lines: list[ast.stmt] = []
    for place, argument in enumerate(function.args.args):
        name = argument.arg
        if name in data:
            continue
        value = _handed(called, place, name)
        names = {n.id for n in ast.walk(value) if isinstance(n, ast.Name)} if value is not None else {""}
        if value is None or not names <= known:
            value = defaults.get(name) or ast.Constant(scalar_for(name))
        if isinstance(value, ast.Name) and value.id == name:
            continue
        node = ast.Assign([ast.Name(name, ast.Store())], value)
        lines.append(ast.fix_missing_locations(ast.copy_location(node, function)))
    return lines


def _defaults(function: ast.FunctionDef) -> dict[str, ast.expr]:
    names, values = [a.arg for a in function.args.args], function.args.defaults
    return dict(zip(names[len(names) - len(values) :], values, strict=True))


def _call_of(tree: ast.Module, name: str) -> ast.Call | None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            return node
    return None


def _handed(call: ast.Call | None, place: int, name: str) -> ast.expr | None:
    if call is None:
        return None
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[place] if place < len(call.args) else None


def _method_base(program: Program, loop: Loop, variant: str) -> Program:
    """A class whose objects have been through what the method does before its loop: that makes the weights."""
    function = loop.function
    if function is None:
        raise TypeError("a method is a function")
    defaults, lines = _defaults(function), []
    for argument in function.args.args[1:]:
        role = data_role(argument.arg)
        if role:
            lines.append(f"{argument.arg} = handgrad_stand_ins['{role}']")
        elif argument.arg not in defaults:
            lines.append(f"{argument.arg} = {scalar_for(argument.arg)!r}")
        else:
            lines.append(f"{argument.arg} = {ast.unparse(defaults[argument.arg])}")
    before = "\n".join(ast.unparse(node) for node in loop.before)
    body = "\n".join([*lines, before or "pass"])
    text = (
        f"def {_SETUP}(self):\n" + "\n".join(f"    {line}" for line in body.splitlines()) + "\n"
        f"def {_SETUP}_init(self, *given, _made={loop.owner}.__init__, **named):\n"
        f"    _made(self, *given, **named)\n    {_SETUP}(self)\n"
        f"{loop.owner}.__init__ = {_SETUP}_init\n"
    )
    code = (compile(text, MODULE, "exec"), function.lineno)
    given = {"handgrad_stand_ins": {role: stand_in(role, variant) for role in ("x", "t")}}
    return replace(program, code=[*program.code, code], given=given, failed=[])


def _scalar_arguments(step: ast.FunctionDef, loop: Loop) -> None:
    """The method's arguments that are no data become arguments with a value of their own."""
    if loop.function is None:
        return
    defaults = _defaults(loop.function)
    for argument in loop.function.args.args[1:]:
        if not data_role(argument.arg):
            step.args.args.append(ast.arg(argument.arg))
            step.args.defaults.append(defaults.get(argument.arg) or ast.Constant(scalar_for(argument.arg)))
    ast.fix_missing_locations(step)


def encodes_labels(program: Program) -> bool:
    """Whether a round makes one-hot targets itself: it has to be given class numbers."""
    known = [program.functions, *program.methods.values()]
    steps = [functions[NAME] for functions in known if NAME in functions]
    return any(ENCODES.search(ast.unparse(step.node)) is not None for step in steps)

"""Where a program keeps its parameters: in an object, in globals, in what an init function returns, in arguments."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from handgrad.check.reading.chain import Chain, Slots, find_chains
from handgrad.check.reading.made_objects import initialized, round_paths
from handgrad.check.reading.places import Path, get, name_of, put, walk, write
from handgrad.check.reading.program import Function, Program
from handgrad.check.reading.rate_places import penalty_paths, rate_paths
from handgrad.check.reading.roles import INITIALIZES, looks_like_gradient, role_of, weight_score
from handgrad.check.subject import Arrays
from handgrad.kernels.types import Array

Env = dict[str, Any]
Make = Callable[[dict[str, Any], Sequence[int]], Any]


@dataclass
class World:
    """One way to have a program's parameters.

    Attributes:
        kind: "object", "globals", "made" (by an init function), "arguments".
        root: the name in the environment under which the slots' paths begin: "self", "globals", a name, or "" for
            arrays that are environment entries themselves.
        make: makes the root, for a namespace and sizes.
        slots, sizes: as `Chain` has them.
        owner: the class, "" without one.
        scalable: whether `make` heeds sizes.
        said: for people: "class Network".
    """

    kind: str
    root: str
    make: Make
    slots: Slots
    sizes: tuple[int, ...]
    owner: str = ""
    scalable: bool = True
    said: str = ""
    rates: tuple[Path, ...] = field(default=())
    penalties: tuple[tuple[Path, float], ...] = ()  # places of λ, and 0.1 for one that is 0: else a missing term hides
    aliases: tuple[str, ...] = ()  # what the program calls the parameters that an init function made
    switches: tuple[tuple[Path, Any], ...] = ()  # what turns dropout off; numbers of rounds, for which 1 will do
    layered: bool = False  # a list of layers, or a framework's container: its functions may take lists of samples
    unused: int = 0  # arrays that look like weights and are in no slot

    def build(self, program: Program, parameters: Arrays, rate: float, resize: bool) -> Env:
        """A fresh environment with these parameters in it."""
        namespace = program.fresh()
        sizes = [len(parameters["W1"]), *(parameters[f"W{l}"].shape[1] for l in range(1, len(self.sizes)))]
        made = self.make(namespace, sizes if resize and self.scalable else self.sizes)
        env: Env = {"globals": namespace}
        env |= made if self.root == "" else {self.root: made}
        if self.root == "made":
            env |= {"params": made}
        self.fill(env, parameters)
        for path in self.rates:
            put(env, path, rate)
        for path, value in self.switches:
            put(env, path, value)
        env["own"] = {*env, "own"}
        return env

    def fill(self, env: Env, parameters: Arrays) -> None:
        """Write the parameters to their places."""
        for name, slot in self.slots.items():
            if slot.inside:
                if name[0] == "W":
                    bias = parameters[f"b{name[1:]}"][None]
                    parts = (bias, parameters[name]) if slot.inside == "first" else (parameters[name], bias)
                    write(env, slot.path, slot.shape_out(np.concatenate(parts)))
            else:
                write(env, slot.path, slot.shape_out(parameters[name]))
        if self.root == "made":
            env["params"] = env["made"]
            env |= dict.fromkeys(self.aliases, env["made"])
            _spread(env, env["made"])

    def read(self, env: Env) -> dict[str, Array]:
        """The parameters as they are now, (D, M) and (M,)."""
        return {name: slot.shape_in(get(env, slot.path)).copy() for name, slot in self.slots.items()}


def _spread(env: Env, made: Any) -> None:
    """The parts of a dict of parameters under their own names too."""
    if isinstance(made, dict):
        env |= {k: v for k, v in made.items() if isinstance(k, str)}


def worlds(program: Program, sizes: Sequence[int], thing: str = "") -> Iterator[World]:
    """All worlds in which a chain from sizes[0] to sizes[-1] (or the program's own sizes) is found."""
    classes = [name for name in program.methods if not thing or name == thing.split(".")[0]]
    for name in sorted(classes, key=lambda c: -_net_likeness(program, c)):
        yield from _object_worlds(program, name, sizes)
    if thing and thing.split(".")[0] in program.methods:
        return
    yield from _made_worlds(program, sizes)
    yield from global_worlds(program)


def _net_likeness(program: Program, name: str) -> int:
    """Classes that look like a whole net before those that look like a layer."""
    likely = 2 * bool(re.search(r"net|nn|mlp|sequential|model|perceptron|classif|brain|dnn", name, re.IGNORECASE))
    return (
        likely
        + min(len(program.methods[name]), 3)
        - 3 * bool(re.search(r"layer|linear|dense|adam|sgd|optim", name, re.IGNORECASE))
    )


def _object_worlds(program: Program, name: str, sizes: Sequence[int]) -> Iterator[World]:
    init = program.methods[name].get("__init__")
    makers: list[tuple[Make, bool]] = []
    for arguments in constructor_arguments(init):
        makers.append((partial(_make_with, name, arguments), True))
    namespace = program.fresh()
    for key, value in namespace.items():
        if type(value).__name__ == name and isinstance(value, namespace.get(name, ())):
            makers.append((partial(_look_up, key), False))
    if init is None or not init.required:
        makers.append((partial(_make_plain, name), False))
    else:
        makers.append((partial(_make_from_globals, init), False))
    makers += initialized(program, name, tuple(makers), constructor_arguments)
    for make, scalable in makers:
        found = False
        with suppress(Exception):
            for world in with_chains(program, "object", "self", make, sizes if scalable else None, sizes):
                world.owner, world.said, world.scalable = name, f"class {name}", scalable
                found = True
                yield world
        if found:
            return


def _make_with(
    name: str, arguments: Callable[[list[int]], dict[str, Any]], namespace: dict[str, Any], sizes: Sequence[int]
) -> Any:
    given = _with_rng(arguments(list(sizes)))
    return namespace[name](*given.pop("*", ()), **given)


def _make_plain(name: str, namespace: dict[str, Any], sizes: Sequence[int]) -> Any:
    return namespace[name]()


def _make_from_globals(function: Function, namespace: dict[str, Any], sizes: Sequence[int]) -> Any:
    return namespace[function.owner or function.name](**_from_globals(namespace, function))


def _look_up(key: str, namespace: dict[str, Any], sizes: Sequence[int]) -> Any:
    return namespace[key]


def with_chains(
    program: Program, kind: str, root: str, make: Make, wanted: Sequence[int] | None, sizes: Sequence[int]
) -> list[World]:
    """A world for each of the likeliest chains in what `make` makes."""
    namespace = program.fresh()
    made = make(namespace, sizes)
    start: Path = (("item", root),) if root else ()
    arrays = [pair for pair in walk(made, start) if not name_of(pair[0]).startswith("globals.__")]
    if kind == "globals":  # a list of rates is no bias
        arrays = [
            (p, a) for p, a in arrays if not isinstance(namespace.get(p[-1][1]), list) or weight_score(name_of(p)) > 0
        ]
    if kind in ("object", "globals"):
        arrays = [pair for pair in arrays if not _is_data(name_of(pair[0]).split(".")[-1]) and not _waits(*pair)]
    if kind == "globals":  # stand-ins for what a script loads
        arrays = [pair for pair in arrays if name_of(pair[0]).removeprefix("globals.") not in program.given]
    ends = None if wanted is None else (wanted[0], wanted[-1])
    chains: list[Chain] = find_chains(arrays, ends)
    rates, penalties = rate_paths(made, start), penalty_paths(made, start)
    found = []
    for chain in chains[:4]:
        used = {slot.path for slot in chain.slots.values()}
        unused = sum(
            a.ndim == 2 and p not in used and weight_score(name_of(p)) > 0 and bool(np.any(a)) for p, a in arrays
        )
        world = World(kind, root, make, chain.slots, chain.sizes, rates=rates, penalties=penalties, unused=unused)
        world.switches = round_paths(made, start)
        found.append(world)
    return found


def _waits(path: Path, array: Array) -> bool:
    """Zeros that wait for a gradient: `self.gW`, `weight.grad`."""
    last = name_of(path).split(".")[-1]
    plain = looks_like_gradient(last) and re.match(r"(?i)gamma|dense|depth|data|delta$|w|b", last) is None
    return (plain or last.endswith(("_grad", "_gradient"))) and not array.any()


def _is_data(name: str) -> bool:
    """Attributes that hold images, targets or outputs that the object was given when it was made."""
    return role_of(name) in ("x", "t", "output") and (len(name) > 1 or name in "xXyYt")


_LIST = re.compile(
    r"(layer_?|layers_?|network_?|n_)?(sizes?|dims?|dimensions?|layers?|architecture|structure|topology|shape|units|nodes|"
    r"neurons|arch)(_\w+)?",
    re.IGNORECASE,
)
_HIDDEN = re.compile(r"hidden|^n?_?h\d?$|^n_?h|hid|ocult|h1|h2|units", re.IGNORECASE)
_IN = re.compile(r"in$|input|n_x|nx$|^d$|^n_?in|feat|in_|entrad|^n0$|^din|dim_in|x_dim|inodes|^ni$|vis", re.IGNORECASE)
_OUT = re.compile(r"out|class|n_y|ny$|^k$|^c$|^no$|salid|^p$|labels|onodes|y_dim", re.IGNORECASE)


def constructor_arguments(function: Function | None) -> list[Callable[[list[int]], dict[str, Any]]]:
    """Ways to hand sizes to a constructor or an init function; empty where it takes none."""
    if function is not None and function.node.args.vararg is not None and not function.required:
        return [lambda sizes: {"*": sizes}]
    if function is None or not function.parameters:
        return []
    ways: list[Callable[[list[int]], dict[str, Any]]] = []
    for optional in (False, True):
        ways.append(partial(_bind_sizes, function, optional=optional))
    if "hidden" in function.required:
        ways.append(partial(_bind_sizes, function, optional=False, many_hidden=False))
    if sum(_HIDDEN.search(name) is not None for name in function.required) == 1:
        ways.append(partial(_bind_sizes, function, optional=False, listed=True))
    if len(function.required) == 1:
        ways.append(lambda sizes: {function.required[0]: sizes[0]})
    return ways


def _bind_sizes(
    function: Function, sizes: list[int], *, optional: bool, many_hidden: bool = True, listed: bool = False
) -> dict[str, Any]:
    """Arguments by name; names that say nothing take the sizes in order.

    `optional`: those with defaults too; `many_hidden`: `hidden` alone may be a list; `listed`: it is one.
    """
    bound: dict[str, Any] = {}
    wanted = [p for p in function.parameters if p in function.required or (optional and _is_size(p))]
    if len(wanted) == 1 and (_LIST.fullmatch(wanted[0]) or role_of(wanted[0]) == "params"):
        return {wanted[0]: list(sizes)}
    if not listed and (by_place := _by_place(wanted, sizes)) is not None:
        return by_place
    middle, free = list(sizes[1:-1]), []
    hidden = [p for p in wanted if _HIDDEN.search(p)]
    for name in wanted:
        role = role_of(name)
        if _HIDDEN.search(name):
            many = (
                len(hidden) == 1
                and re.search(r"dims|sizes|layers|^hidden$|list", name)
                and not name.lower().startswith("n")
            )
            tuple_default = isinstance(_default(function, name), ast.Tuple | ast.List)
            many = many and many_hidden and not isinstance(_default(function, name), ast.Constant)
            bound[name] = list(middle) if many or tuple_default or listed else (middle.pop(0) if middle else sizes[-2])
        elif _IN.search(name):
            bound[name] = sizes[0]
        elif _OUT.search(name):
            bound[name] = sizes[-1]
        elif role == "lr":
            bound[name] = 1.0
        elif role == "reg":
            bound[name] = 0.0
        elif role in ("one", "seed", "count", "flag"):
            bound[name] = 1
        elif role == "x":
            bound[name] = np.zeros((1, sizes[0]))
        elif role == "t":
            bound[name] = np.zeros((1, sizes[-1]))
        elif _LIST.fullmatch(name):
            bound[name] = list(sizes)
        else:
            free.append(name)
    left = [*middle, sizes[-1]] if any(_IN.search(n) for n in bound) else list(sizes)
    if len(free) == 1 and not bound:
        return {free[0]: list(sizes)}
    for name in free:
        if name in function.required:
            bound[name] = left.pop(0) if left else 1
    return bound


def _by_place(wanted: list[str], sizes: list[int]) -> dict[str, Any] | None:
    """Inputs first, outputs last, whatever the names: where nothing but sizes and the rate is asked for."""
    plain = [n for n in wanted if role_of(n) not in ("lr", "reg", "one", "seed", "flag")]
    listed = any(_LIST.fullmatch(n) or n.endswith(("dims", "sizes", "layers")) for n in plain)
    letters = all(len(n) == 1 and n not in "xXyYtT" for n in plain)  # a, b, c
    data = any(role_of(n) in ("x", "t") and not _is_size(n) and len(n) < 6 and n not in "IHO" for n in plain)
    data = data and not letters
    first, last = (plain[0], plain[-1]) if plain else ("", "")
    swapped = _HIDDEN.search(first) or (_OUT.search(first) and not _IN.search(first)) or _HIDDEN.search(last)
    if len(plain) != len(sizes) or listed or data or swapped or (_IN.search(last) and not _OUT.search(last)):
        return None
    return dict(zip(plain, sizes, strict=True)) | {
        n: 1 if role_of(n) != "reg" else 0.0 for n in wanted if n not in plain
    }


def _from_globals(namespace: dict[str, Any], function: Function) -> dict[str, Any]:
    """Required arguments from constants of the same name, whatever their case."""
    known = {k.lower().replace("_", ""): v for k, v in namespace.items() if not callable(v)}
    return {name: known[name.lower().replace("_", "")] for name in function.required}


def _is_size(name: str) -> bool:
    return (
        any(p.search(name) for p in (_HIDDEN, _IN, _OUT)) or _LIST.fullmatch(name) is not None or name in ("n1", "n2")
    )


def _default(function: Function, name: str) -> ast.expr | None:
    arguments = function.node.args
    names = [a.arg for a in [*arguments.posonlyargs, *arguments.args]]
    if name in names:
        place = names.index(name) - (len(names) - len(arguments.defaults))
        return arguments.defaults[place] if place >= 0 else None
    return None


def _made_worlds(program: Program, sizes: Sequence[int]) -> Iterator[World]:
    """What functions with a name like initialize_parameters return."""
    for function in program.functions.values():
        if not INITIALIZES.search(function.name):
            continue
        ways = [(make, True) for make in constructor_ways(function)]
        if not function.required:
            ways.append((partial(_make_plain, function.name), False))
        ways.append((partial(_make_from_globals, function), False))
        for make, scalable in ways:
            found = False
            with suppress(Exception):
                named = _named(make, function)
                root = (
                    ""
                    if isinstance(named(program.fresh(), sizes), dict) and _is_tuple(make, program, sizes)
                    else "made"
                )
                for world in with_chains(
                    program, "made", root, named if root == "" else make, sizes if scalable else None, sizes
                ):
                    world.said, world.scalable = f"parameters from {function.name}()", scalable
                    world.aliases = tuple({n[0] for n in (function.returns, *function.calls) if len(n) == 1 and n[0]})
                    found = True
                    yield world
            if found:
                break


def constructor_ways(function: Function) -> list[Make]:
    """A function that makes parameters or a net, called with sizes in the ways that its arguments allow."""
    return [partial(_make_with, function.name, arguments) for arguments in constructor_arguments(function)]


def _with_rng(arguments: dict[str, Any]) -> dict[str, Any]:
    if "rng" in arguments:
        arguments["rng"] = np.random.default_rng(0)
    return arguments


def _is_tuple(make: Make, program: Program, sizes: Sequence[int]) -> bool:
    return isinstance(make(program.fresh(), sizes), tuple)


def _named(make: Make, function: Function) -> Make:
    """A returned tuple under the names that the function, or who calls it, gives its parts."""

    def made(namespace: dict[str, Any], sizes: Sequence[int]) -> Any:
        value = make(namespace, sizes)
        for names in (function.returns, *function.calls):
            if isinstance(value, tuple) and len(names) == len(value) and all(names):
                return dict(zip(names, value, strict=True))
        return value

    return made


def global_worlds(program: Program) -> Iterator[World]:
    """Arrays at the top level that functions use."""
    with suppress(Exception):
        for world in with_chains(program, "globals", "globals", lambda ns, s: ns, None, ()):
            world.scalable, world.said = False, "parameters in global names"
            yield world

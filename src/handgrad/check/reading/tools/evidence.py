"""What a program says about its data: rows or columns, labels from 1 or as a column, updates in place."""

from __future__ import annotations

import ast
import re

from handgrad.check.reading.program import Function, Program

_ROWS = (
    (3, r"(samples?|images?|examples?|points?)\s+(are|as|in)\s+(the\s+)?rows|each row|one row (per|a|for)"
        r"|rows? (are|=|is an?) (sample|image|example)"),
    (2, r"arg(max|min)\([^()\n]*,\s*(axis\s*=\s*)?(1|-1)\b|arg(max|min)\(\s*(axis\s*=\s*)?(1|-1)\s*[,)]"),
    (2, r"\(\s*(N|n|m|B|batch\w*|n_?samples|num_?samples|samples|num_examples|n_examples)\s*,\s*(\w+)\s*\)"),
    (1, r"(m|n|N|num\w*|batch\w*)\s*=\s*\w+\.shape\[0\]|/\s*\w+\.shape\[0\]|len\([xX]\w*\)"),
    (1, r"\b[xX]\w*\[(idx|ind\w*|perm\w*|order|pick|i\s*:|k\s*:|start|batch|p\])"),
    (1, r"zeros\(\(\s*(len\(|\w+\.(size|shape\[0\])|n\b|m\b|N\b)"),
    (1, r"\(\s*(n_in|fan_in|D|input_\w+|n_inputs|in_dim)\s*,\s*(n_out|fan_out|H|hidden\w*|output_\w+|out_dim)\s*\)"),
    (1, r"\b[xX]\s*@\s*(self\.)?W|dot\([xX],\s*(self\.)?W|\b[xX]\.dot\("),
)  # fmt: skip
_COLUMNS = (
    (3, r"(samples?|images?|examples?|everything)\s[^\n.]{0,30}\bcolumns?|each column|one column (per|a|for)"
        r"|columns? (are|=) (sample|image|example)"),
    (2, r"arg(max|min)\([^()\n]*,\s*(axis\s*=\s*)?0\b|arg(max|min)\(\s*(axis\s*=\s*)?0\s*[,)]"),
    (2, r"\(\s*\w+\s*,\s*(N|n|m|B|batch\w*|n_?samples|num_?samples|number of examples)\s*\)"),
    (1, r"(m|n|N|num\w*|batch\w*)\s*=\s*\w+\.shape\[1\]|/\s*\w+\.shape\[1\]"),
    (1, r"\b[xX]\w*\[:\s*,\s*(idx|ind\w*|perm\w*|order|pick|i\s*:|k\s*:|start|batch)"),
    (1, r"W\w*\s*@\s*[xX]\b|dot\((self\.)?W\w*,\s*[xX]|W\w*\.dot\([xX]"),
)  # fmt: skip
_SAMPLE_LOOPS = re.compile(
    r"for\s+\w+(\s*,\s*\w+)?\s+in\s+(range\(len\(|zip\(|enumerate\(|training_data|data\b)|per sample|one sample"
    r"|single (sample|image|example)"
)
_BATCHES = re.compile(
    r"batch|\(\s*[NnmB]\s*,|rows?\b|columns?\b|keepdims|axis\s*=\s*(1|-1)|\bimages\b|samples\b", re.IGNORECASE
)


def orientation(program: Program, function: Function) -> str:
    """ "rows", "columns", or "" where the program does not say; the code of the function itself does not count."""
    comments = " ".join(re.findall(r"#.*", _own_text(program, function)))
    text = f"{_without(program, function)}\n{ast.get_docstring(function.node) or ''}\n{comments}"
    rows, columns = (
        sum(weight * bool(re.search(pattern, text)) for weight, pattern in table) for table in (_ROWS, _COLUMNS)
    )
    return "rows" if rows > columns else "columns" if columns > rows else ""


def takes_batches(program: Program, function: Function) -> bool:
    """Whether a softmax is surely meant for many samples: by its own words, or since nothing calls it otherwise."""
    if _BATCHES.search(_own_text(program, function)):
        return True
    called = re.search(rf"\b{re.escape(function.name)}\(", _without(program, function))
    return bool(orientation(program, function)) and not called and not _SAMPLE_LOOPS.search(program.source.text)


def labels_from_one(program: Program) -> bool:
    """Labels 1 … P, as in MATLAB's files."""
    return bool(
        re.search(
            r"loadmat|\.mat\b|1-(based|indexed)|from 1|start\w* (at|with|from) 1|1\s*(\.\.+|…|to|-|–)\s*(10|K|C"
            r"|P|26)\b",
            program.source.text,
        )
    )


def labels_as_column(program: Program, function: Function) -> bool:
    """Labels are (N, 1) here; the function's own text saying that they may be (N,) wins."""
    own = _own_text(program, function)
    if re.search(r"\(\s*[NnmB]\s*,\s*\)", own):
        return False
    text = _without(program, function)
    return bool(
        re.search(r"\(\s*[NnmB]\s*,\s*1\s*\)", own + text)
        or re.search(r"loadmat|reshape\(\s*-1\s*,\s*1\s*\)|\[:\s*,\s*(np\.newaxis|None)\]|\by\w*\[:\s*,\s*\[", text)
    )


def one_output(program: Program) -> bool:
    """Nothing in the program speaks of several classes."""
    return not re.search(
        r"soft_?max|one_?hot|arg_?max|num_classes|n_classes|mnist|digits|categorical",
        program.source.text,
        re.IGNORECASE,
    )


def has_hidden_layers(program: Program) -> bool:
    """A second matrix of weights, or an activation that only hidden layers have."""
    return bool(
        re.search(
            r"\b(W|w|theta|Theta|weights?)_?[2h]\b|hidden|relu|tanh|layers?\b|xavier|glorot|kaiming|\bhe_",
            program.source.text,
        )
    )


def has_many_inputs(program: Program) -> bool:
    """Images or hundreds of features: there the size and the sign of initial weights decide whether a net learns."""
    return bool(re.search(r"784|mnist|pixel|image|digit|fashion|cifar|3072", program.source.text, re.IGNORECASE))


def rebinds_weights(program: Program) -> bool:
    """Updates make new arrays (`W = W - …`) and never change them in place (`W -= …`)."""
    in_place = re.search(r"-=|\bnp\.subtract\(.*out=|\[:\]\s*=|\[\.\.\.\]\s*=", program.source.text)
    new = re.search(
        r"(\b[\w.]*[Ww]\w*(\[[^\]\n]*\])?)\s*=\s*\1\s*-|(params|weights|parameters|net)\w*\[[^\n=]*\]\s*=\s*\w+\[",
        program.source.text,
    )
    return bool(new) and not in_place


def _own_text(program: Program, function: Function) -> str:
    lines = program.source.text.splitlines()
    node = function.node
    return "\n".join(lines[max(0, node.lineno - 2) : node.end_lineno or node.lineno])


def _without(program: Program, function: Function) -> str:
    lines = program.source.text.splitlines()
    node = function.node
    return "\n".join([*lines[: node.lineno - 1], *lines[node.end_lineno or node.lineno :]])


def zeros_are_a_choice(node: ast.FunctionDef) -> bool:
    """`if flag == 1: random … else: zeros`: who makes weights of zero with this function asks for it."""
    choices = [n for n in ast.walk(node) if isinstance(n, ast.If | ast.IfExp)]
    return any("rand" in ast.unparse(n) or "normal" in ast.unparse(n) for n in choices)

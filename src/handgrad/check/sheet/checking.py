"""A formula sheet, checked: read, sized, judged, and each wrong line explained."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from handgrad.check.sheet.corrections import Correction, corrections
from handgrad.check.sheet.judging import Reading, Result, judge, scope_for
from handgrad.check.sheet.model import ForwardProblem, Model, build_model, close
from handgrad.check.sheet.numbers import evaluate
from handgrad.check.sheet.reading import Sheet, read_sheet
from handgrad.check.sheet.report import SheetLine, SheetReport
from handgrad.check.sheet.rules import right_side
from handgrad.check.sheet.sizes import SizeError
from handgrad.check.sheet.tree import Binary, Name, Node, Number, Unary, names_in, walk, write
from handgrad.check.sheet.words import explain
from handgrad.check.subject import Finding
from handgrad.errors import UsageError

_LARGEST = 100_000
_MOST_LINES = 500


def check_sheet(sheet: str | Path) -> SheetReport:
    """Judge a sheet of formulas, line by line.

    Forward lines define the net and its loss; sizes are found and written in letters. Every gradient line is compared
    with the exact gradient of the sheet's own loss, on two draws of random numbers whose sizes are all different, given
    the sheet's own gradients before it.

    Args:
        sheet: a path, or the text itself if it has several lines.

    Raises:
        UsageError: if the file cannot be read, or is no sheet.

    >>> text = "z = X W + b\\np = softmax(z)\\nL = -sum(T * log(p))/N\\nd = p - T\\ndW = X' d"
    >>> report = check_sheet(text)
    >>> [(line.shape, line.verdict) for line in report.lines][-2:]
    [('(N, P)', 'wrong'), ('(D, P)', 'right')]
    >>> report.findings[0].change
    'd = (p - T)/N'
    """
    name, text = _read(sheet)
    read = read_sheet(text)
    try:
        model = build_model(read)
    except ForwardProblem as problem:
        return _forward_problem(name, read, problem)
    results, reading = judge(model)
    lines = tuple(_line(result, model, reading) for result in results)
    return SheetReport(name, lines, tuple(_notes(model, reading)), model.sizes)


def _read(sheet: str | Path) -> tuple[str, str]:
    if isinstance(sheet, str) and "\n" in sheet:
        name, text = "sheet", sheet
    else:
        path = Path(sheet)
        name = str(path)
        try:
            text = path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{path}: the sheet cannot be read: {error}; expected a text file in UTF-8") from None
    if len(text) > _LARGEST or text.count("\n") > _MOST_LINES:
        raise UsageError(f"{name}: expected at most {_MOST_LINES} lines; a sheet is a page of formulas")
    return name, text


def _forward_problem(name: str, sheet: Sheet, problem: ForwardProblem) -> SheetReport:
    """The forward lines themselves don't work: nothing behind them can be judged."""
    lines = []
    for line in sheet.lines:
        verdict = "given" if line.role in ("forward", "loss") else ""
        finding = None
        implied = sheet.implied.get(problem.target, "").endswith(f"line {line.number}")
        if line.role == "error":
            verdict, finding = "error", Finding("unread", "undecided", line=line.number, symptom=line.problem)
        elif line.equation and verdict and (line.target == problem.target or implied):
            verdict = "error" if "not known" in str(problem) else "wrong"
            finding = Finding("shapes", "mistake", line.target, line=line.number, symptom=str(problem))
        lines.append(SheetLine(line.number, line.text, verdict, finding=finding))
    return SheetReport(name, tuple(lines), ("lines behind a forward line that does not work were not judged",))


def _notes(model: Model, reading: Reading) -> list[str]:
    batch = model.free.batch.letter or "N"
    notes = [f"samples are {'rows' if model.free.rows else 'columns'}; {batch} counts the images"]
    if reading.delta.endswith("N") and reading.parameter in ("1", "-1"):
        notes.append(f"the deltas are per image; the 1/{batch} of the loss comes with the weights")
    elif reading.parameter.endswith("N"):
        notes.append(f"all gradients are sums over the images; the updates divide by {batch}")
    if reading.delta.startswith("-") and reading.parameter == "1":
        notes.append("the deltas have the other sign, and the weights' gradients turn it back: a convention")
    elif reading.parameter.startswith("-"):
        notes.append("everything is the direction of descent, and the updates add it: a convention, not a mistake")
    if not model.sheet.loss:
        notes.append("there is no loss line such as L = -sum(T * log(p))/N: without one nothing can be compared")
    return notes


def _line(result: Result, model: Model, reading: Reading) -> SheetLine:
    line = result.line
    if line.role in ("comment", "size"):
        return SheetLine(line.number, line.text, "")
    notes = tuple(dict.fromkeys([*result.notes, *_remarks(result, model)]))
    finding = None
    if result.verdict == "renamed":
        finding = _renamed(result, model)
    elif result.verdict == "error":
        finding = Finding("unread", "undecided", line.target, line=line.number, symptom=result.problem)
    elif result.verdict == "wrong":
        finding = _update(result) if line.role == "update" else _gradient(result, model, reading)
    return SheetLine(line.number, line.text, result.verdict, result.shape, notes, finding)


def _remarks(result: Result, model: Model) -> list[str]:
    """Right for a reason that will not carry over: a slope taken at the activation's output."""
    if result.verdict not in ("right", "renamed"):
        return []
    remarks = []
    for node in walk(result.line.tree):
        if isinstance(node, Unary) and node.kind == "relu'":
            for name in names_in(node.of):
                made = model.defined(name)
                if isinstance(made, Unary) and made.kind == "relu":
                    remarks.append(f"the slope belongs at {write(made.of)}; at {name} it is the same for ReLU only")
    return remarks


def _renamed(result: Result, model: Model) -> Finding:
    other, line = result.alternative, result.line
    return Finding(
        "renamed",
        "convention",
        line.target,
        line=line.number,
        symptom=f"{line.spelling} is right as the gradient by {other}, not by {result.by}; the lines behind use it so."
        + (f" ({model.sheet.implied[other]}.)" if other in model.sheet.implied else ""),
        question="Which of the two does its name say, and which does its value?",
        words=f"What lies between {result.by} and {other} is already in it. Give it the name of what it is, d{other}.",
        change=f"d{other} = {write(line.tree)}",
    )


def _update(result: Result) -> Finding:
    line = result.line
    symptom = result.problem or f"the step of {line.spelling} is not one that learns."
    return Finding(
        result.explanation or "shapes",
        "mistake",
        line.target,
        line=line.number,
        symptom=symptom,
        question="Which way does the loss fall?"
        if result.explanation == "update_sign"
        else "What does each term do to W?",
        words=result.words,
    )


def _gradient(result: Result, model: Model, reading: Reading) -> Finding:
    line, by = result.line, result.by
    if not by:
        return Finding("shapes", "mistake", line.target, line=line.number, symptom=result.problem)
    delta, parameter = reading.factors(model)
    expected = [world.expected(by, delta, parameter) for world in result.worlds]
    found = next(corrections(result, model, expected), None)
    rule = _rule(result, model, delta, expected)
    key, words = (
        explain(found, result, model) if found else ("", "No single change that we know makes this line right.")
    )
    mended = _mended(found, rule)
    numbers = _worst(result, expected[0])
    return Finding(
        key,
        "mistake",
        line.target,
        index=numbers[0] if numbers else (),
        received=numbers[1] if numbers else None,
        expected=numbers[2] if numbers else None,
        line=line.number,
        mathematics=_change(result, rule),
        symptom=result.problem or f"{line.spelling} is not the gradient of {model.sheet.loss} by {by}.",
        question=_question(key, by),
        words=words,
        change=_change(result, mended),
    )


def _mended(found: Correction | None, rule: Node | None) -> Node | None:
    """The corrected right-hand side: the smallest change; the textbook's form where a factor was wrong."""
    if found is None or (found.factor and rule is not None):
        return rule
    if not found.factor:
        return found.tree
    tree: Node = Unary("-", found.tree) if found.factor.startswith("-") else found.tree
    plain = found.factor.removeprefix("-")
    if plain == "1":
        return tree
    over, name = plain.startswith("1/"), plain.removeprefix("1/")
    number: Node = Number(float(name)) if name.isdigit() else Name(name)
    return Binary("@", number, tree) if over else Binary("/", tree, number)


def _question(key: str, by: str) -> str:
    return {
        "transposed": "Which sizes must the product have, and which way round do the parts give them?",
        "mask_missing": f"What happened to {by} on the way forward, and what is the slope of that?",
        "batch_factor_missing": "What does the loss divide by, and where does that stay?",
        "batch_factor_twice": "How often is there a division on the way from the loss to here?",
        "wrong_weight": "Through which weights did the signal go here on its way forward?",
        "sign": "Does the loss grow or fall in this direction?",
        "bias_not_summed": f"How many images use the same {by}?",
    }.get(key, f"Write down what {by} goes into on the way forward: what does each step hand back?")


def _rule(result: Result, model: Model, delta: float, expected: list[np.ndarray]) -> Node | None:
    """The textbook line, if it gives the right numbers here."""
    world = result.worlds[0]
    names = {line.of: line.target for line in model.sheet.lines if line.role == "gradient" and line.of in world.given}
    tree = right_side(model, world, result.by, names, delta)
    if tree is None or not names_in(tree) <= set(world.values):
        return None
    try:
        settled, _ = scope_for(model, dict(result.shapes), result.by).settle(tree)
    except SizeError:
        return None
    return tree if close(evaluate(settled, world.values), expected[0]) else None


def _change(result: Result, tree: Node | None) -> str:
    return f"{result.line.equation.spelling} = {write(tree)}" if tree is not None and result.line.equation else ""


def _worst(result: Result, expected: np.ndarray) -> tuple[tuple[int, ...], float, float] | None:
    if result.received is None or np.shape(result.received) != expected.shape:
        return None
    worst = np.unravel_index(int(np.argmax(np.abs(result.received - expected))), expected.shape)
    return tuple(int(i) for i in worst), float(result.received[worst]), float(expected[worst])

"""A check's answer laid out for people, as far as the level of help allows."""

from __future__ import annotations

from typing import Any

from handgrad.check.levels import HIGHEST, Cap

_VERDICTS = {
    "right": "Right: every gradient agrees with the mathematics of your forward pass.",
    "mistake": "Not right: there is a mistake.",
    "undecided": "Undecided: something does not agree, and no known explanation fits.",
}

_RIGHT_HELPER = "Right: it gives the known answers for all that we handed it."


def verdict_of(answer: dict[str, Any]) -> str:
    """mistake before undecided before right."""
    verdicts = [part["verdict"] for part in answer["parts"]]
    return next((v for v in ("mistake", "undecided") if v in verdicts), "right")


def explanations_of(answer: dict[str, Any]) -> list[str]:
    """The catalogue's keys of all that was found."""
    return [found["explanation"] or "unexplained" for part in answer["parts"] for found in part["findings"]]


def lay_out(name: str, answer: dict[str, Any], level: int, cap: Cap | None = None) -> str:
    """The text for standard output."""
    lines = [f"Read: {name}", *(f"  {line}" for line in answer["said"])]
    several = len(answer["parts"]) > 1
    for part in answer["parts"]:
        lines += [f"  {line}" for line in part["said"]]
        lines.append("")
        title = f"{part['name']} ({part['kind']}): " if several or part["kind"] != "net" else ""
        helper = not any(line["shape"] for line in part["lines"]) and part["kind"] != "net"
        lines.append(title + (_RIGHT_HELPER if helper and part["verdict"] == "right" else _VERDICTS[part["verdict"]]))
        if level >= 1:
            lines += _tensor_lines(part)
            lines += _findings(part, level)
    lines += [f"not run: {text}" for text in answer["trouble"][:3]]
    if verdict_of(answer) != "right":
        lines += ["", _ending(level, cap)]
    return "\n".join(lines)


def _tensor_lines(part: dict[str, Any]) -> list[str]:
    lines = []
    width = max((len(line["tensor"]) for line in part["lines"]), default=0)
    for line in part["lines"]:
        shape = f"({', '.join(map(str, line['shape']))})" if line["shape"] else ""
        relative = "" if not line["shape"] else f"  ‖a−b‖/(‖a‖+‖b‖) {_short(line['relative'])}"
        note = f"  {line['note']}" if line["note"] else ""
        lines.append(
            f"  {line['tensor']:<{width}}  {shape:<10}  {'right' if line['right'] else 'WRONG'}{relative}{note}"
        )
    return lines


def _short(value: float | None) -> str:
    if value is None:
        return "not a number"
    return f"{value:.1e}" if value < 1e-3 else f"{value:.3f}"


def _findings(part: dict[str, Any], level: int) -> list[str]:
    lines = []
    for found in part["findings"]:
        lines += ["", _headline(found)]
        if level >= 2:
            lines += _paragraph(found["symptom"])
            if not found["symptom"] and found["expected"] is not None and found["received"] is not None:
                at = ", ".join(map(str, found["index"]))
                lines += _paragraph(
                    f"The worst entry, {found['tensor']}[{at}], should be {found['expected']:.6g} "
                    f"and is {found['received']:.6g}."
                )
            lines += _paragraph(found["question"])
        if level >= 3:
            lines += _paragraph(found["words"]) + _paragraph(found["mathematics"])
            if found["accuracy"]:
                lines += _paragraph(f"Would accuracy have shown it? {found['accuracy'].capitalize().rstrip('.')}.")
            if found["others"]:
                lines += _paragraph(f"These would give the same numbers: {', '.join(found['others'])}.")
            if not found["explanation"] and found["ruled_out"]:
                lines += _paragraph(f"Ruled out: {'; '.join(found['ruled_out'][:8])}.")
        if level >= HIGHEST:
            lines += _paragraph(found["change"])
    if level >= 2 and part["verdict"] == "undecided":
        lines += [line for sign in part["signs"] for line in _paragraph(sign)]
    return lines


def _headline(found: dict[str, Any]) -> str:
    where = " ".join(w for w in (found["tensor"], f"(layer {found['layer']})" if found["layer"] else "") if w)
    kind = {"mistake": "Mistake", "convention": "No mistake, but worth knowing", "undecided": "Undecided"}[
        found["verdict"]
    ]
    place = f", {found['place']}" if found.get("place") else ""
    return (
        f"{kind}{' in ' + where if where and found['verdict'] == 'mistake' else ': ' + where if where else ''}{place}"
    )


def _paragraph(text: str, width: int = 100) -> list[str]:
    if not text:
        return []
    import textwrap

    return [
        line
        for part in text.splitlines()
        for line in textwrap.wrap(part, width, initial_indent="  ", subsequent_indent="  ")
    ]


def _ending(level: int, cap: Cap | None) -> str:
    if cap is not None and level >= cap.level:
        until = f" until {cap.until}" if cap.until else ""
        return f"Your course shows no more than level {cap.level}{until}."
    return "" if level >= HIGHEST else f"This is level {level} of {HIGHEST}; `--more` says more."

"""Cutting a line of a sheet into signs, in ASCII or as mathematicians write them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from handgrad.errors import UsageError

_SIGNS = {
    "−": "-",
    "–": "-",
    "·": "*",
    "⋅": "*",
    "×": "*",
    "⊙": ".*",
    "∘": ".*",
    "⊗": ".*",
    "≥": ">=",
    "≤": "<=",
    "←": "=",
    "≔": "=",
    ":=": "=",
    "<-": "=",
    "**": "^",
    ".^": "^",
    "./": "/",
    "ᵀ": "'",
    "⊤": "'",
    "′": "'",
    "’": "'",
    "⟦": "[",
    "⟧": "]",
    "{": "(",
    "}": ")",
}
_GREEK = {"η": "eta", "α": "alpha", "λ": "lambda", "γ": "gamma", "β": "beta", "μ": "mu", "ρ": "rho", "ε": "eps"}
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_PATTERN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<transpose>\^\{?\(?[T⊤]\b\)?\}?|\.T\b|ᵀ|⊤)"
    r"|(?P<power>[²³])"
    r"|(?P<half>½)"
    r"|(?P<ones>𝟙|𝟏)"
    r"|(?P<number>(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)"
    r"|(?P<sum>(Σ|∑|sum|mean|np\.sum|np\.mean)(_\{?(?P<index>\w)(=1\}?\^\{?\w+)?\}?)?(?![A-Za-z0-9]))"
    r"|(?P<name>(np\.|∇|∂)?(?!ᵀ)[^\W\d_]((?!ᵀ)[\w\u0302\u0303])*(\^[\[(]\d+[\])])?)"
    r"|(?P<norm>\|\||‖)"
    r"|(?P<sign>\*\*|\.\*|\./|\.\^|:=|<-|<=|>=|[-+*/^=<>()\[\]{},'@|−–·⋅×⊙∘⊗≥≤←≔′’⟦⟧])"
)
_RATIO = re.compile(r"[∂d]\s*(?:L|J|E|C|ℒ|ℓ|l|loss|cost)\s*/\s*[∂d]\s*_?(?=[^\W\d])")


@dataclass(frozen=True)
class Token:
    """A sign, name or number, and the column (from 0) where it stands."""

    kind: str
    text: str
    at: int


class SheetError(UsageError):
    """A line that cannot be read, with the place; `text` has a caret under it."""

    def __init__(self, what: str, line: str, at: int) -> None:
        self.what, self.line, self.at = what, line, at
        super().__init__(f"{what}\n    {line}\n    {' ' * at}^")


def plain_name(text: str) -> str:
    """One spelling of a name: W_1, W₁ and W^[1] are W1; ∇W and ∂W are dW; δ3 and delta3 are d3.

    >>> plain_name("W_1"), plain_name("∇W₃"), plain_name("ŷ"), plain_name("W^[2]")
    ('W1', 'dW3', 'ŷ', 'W2')
    """
    text = re.sub(r"\^[\[(](\d+)[\])]$", r"\1", text.removeprefix("np."))
    text = text.translate(_SUBSCRIPTS).replace("_", "")
    text = _GREEK.get(text, text)
    if delta := re.fullmatch(r"(?:δ|delta)(\d*)", text):
        return f"d{delta[1]}"
    return f"d{text[1:]}" if text[0] in "∇∂" else text


def cut(line: str) -> list[Token]:
    """The tokens of a line; ∂L/∂W is one name, dW.

    Raises:
        SheetError: at a sign that has no meaning here.
    """
    text = _RATIO.sub("∂", unicodedata.normalize("NFC", line))
    tokens: list[Token] = []
    place = 0
    while place < len(text):
        found = _PATTERN.match(text, place)
        if not found:
            raise SheetError(f"the sign {text[place]!r} has no meaning in a sheet", text, place)
        kind, word, at = _kind(found), found[0], place
        place = found.end()
        if kind == "space":
            continue
        tokens.append(_token(kind, word, at, found["index"]))
    return tokens


def _kind(found: re.Match[str]) -> str:
    kinds = ("space", "transpose", "power", "half", "ones", "number", "sum", "name", "norm", "sign")
    return next(kind for kind in kinds if found[kind] is not None)


def _token(kind: str, word: str, at: int, index: str | None) -> Token:
    if kind == "sum":
        return Token("sum", f"{'mean' if 'mean' in word else 'sum'} {index or ''}".strip(), at)
    if kind == "name":
        return Token("name", plain_name(word), at)
    if kind == "ones":
        return Token("name", "ones", at)
    if kind == "transpose":
        return Token("sign", "'", at)
    if kind == "power":
        return Token("power", "2" if word == "²" else "3", at)
    if kind == "half":
        return Token("number", "0.5", at)
    return Token(kind, _SIGNS.get(word, word) if kind == "sign" else word, at)

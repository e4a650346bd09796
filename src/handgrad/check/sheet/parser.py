"""From a line to a tree: recursive descent, nothing executed.

Beside each other means the matrix product; `*` means elementwise where the sizes allow it; products and quotients are
read from left to right, so `1/N h' d` is (1/N) h' d.
"""

from __future__ import annotations

from dataclasses import dataclass

from handgrad.check.sheet.tokens import SheetError, Token, cut
from handgrad.check.sheet.tree import Binary, Name, Node, Number, Sum, Unary

FUNCTIONS = {
    "relu": "relu",
    "ReLU": "relu",
    "ReLu": "relu",
    "sigmoid": "sigmoid",
    "logistic": "sigmoid",
    "σ": "sigmoid",
    "sigma": "sigmoid",
    "tanh": "tanh",
    "softmax": "softmax",
    "log": "log",
    "ln": "log",
    "exp": "exp",
    "sqrt": "sqrt",
    "abs": "abs",
    "sign": "sign",
    "sgn": "sign",
    "step": "step",
    "identity": "identity",
    "id": "identity",
    "φ": "relu",
    "ϕ": "relu",
    "phi": "relu",
    "norm": "norm",
    "drelu": "relu'",
    "reluprime": "relu'",
    "dsigmoid": "sigmoid'",
    "sigmoidprime": "sigmoid'",
    "dtanh": "tanh'",
    "tanhprime": "tanh'",
}
_OVER = {**dict.fromkeys("nimN", "batch"), **dict.fromkeys("kjclPK", "classes")}
_COMPARISONS = ("<", ">", "<=", ">=")
_NORMS = ("||", "‖", "|")
_DEEPEST = 60


@dataclass(frozen=True)
class Equation:
    """name = expression; `unread` is a name's own spelling, for messages."""

    target: str
    spelling: str
    expression: Node


class Parser:
    """Reads the lines of one sheet; remembers what its function letters stand for (`phi = tanh`)."""

    def __init__(self) -> None:
        self.functions = dict(FUNCTIONS)
        self.line, self.tokens = "", list[Token]()
        self.place = self.depth = self.norms = 0

    def read(self, line: str) -> Equation | None:
        """An equation, or None for a line that only names a function.

        Raises:
            SheetError: with the place in the line.
        """
        self.line, self.tokens = line, cut(line)
        self.place = self.depth = self.norms = 0
        target = self._take("name", "a name, as in z1 = X W1 + b1")
        spelling = line[target.at : self._at()].strip()
        changed = self._accept("+", "-")
        self._expect("=", "'=' behind the name")
        last = self.tokens[self.place :]
        if len(last) == 1 and last[0].text in self.functions and not changed:
            self.functions[target.text] = self.functions[last[0].text]
            return None
        expression = self._comparison()
        if self.place < len(self.tokens):
            raise self._error(f"{self.tokens[self.place].text!r} was not expected here")
        if changed:
            expression = Binary(changed, Name(target.text, target.at), expression, target.at)
        return Equation(target.text, spelling, expression)

    # ---------------------------------------------------------------------------------------- tokens

    def _peek(self) -> Token | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def _at(self) -> int:
        token = self._peek()
        return token.at if token else len(self.line)

    def _error(self, what: str) -> SheetError:
        return SheetError(what, self.line, self._at())

    def _accept(self, *texts: str) -> str | None:
        token = self._peek()
        if token and token.kind in ("sign", "norm") and token.text in texts:
            self.place += 1
            return token.text
        return None

    def _expect(self, text: str, what: str) -> None:
        if not self._accept(text):
            raise self._error(f"expected {what}")

    def _take(self, kind: str, what: str) -> Token:
        token = self._peek()
        if not token or token.kind != kind:
            raise self._error(f"expected {what}")
        self.place += 1
        return token

    # ---------------------------------------------------------------------------------------- grammar

    def _comparison(self) -> Node:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self._error(f"more than {_DEEPEST} brackets inside each other")
        left = self._terms()
        at = self._at()
        if sign := self._accept(*_COMPARISONS):
            left = Binary(sign, left, self._terms(), at)
        self.depth -= 1
        return left

    def _terms(self) -> Node:
        left = self._term()
        while True:
            at = self._at()
            sign = self._accept("+", "-")
            if not sign:
                return left
            left = Binary(sign, left, self._term(), at)

    def _term(self) -> Node:
        at = self._at()
        if self._accept("-"):
            return Unary("-", self._term(), at)
        self._accept("+")
        left = self._power()
        while True:
            at = self._at()
            sign = self._accept("*", ".*", "/", "@")
            if sign:
                left = Binary(sign, left, self._divisor() if sign == "/" else self._signed_power(), at)
            elif self._starts_factor():
                factor = self._power()
                # "δ 1" is δ times a column of ones, as reports write a sum over the images.
                left = Binary("@", left, Name("ones", at) if factor == Number(1.0) else factor, at)
            else:
                return left

    def _starts_factor(self) -> bool:
        token = self._peek()
        if token is None:
            return False
        opens_norm = token.text in _NORMS and not self.norms
        return token.kind in ("name", "number", "sum") or token.text in ("(", "[") or opens_norm

    def _signed_power(self) -> Node:
        at = self._at()
        return Unary("-", self._signed_power(), at) if self._accept("-") else self._power()

    def _divisor(self) -> Node:
        """2N without a space between is one divisor, as in 1/2N."""
        number, following = self._peek(), self.tokens[self.place + 1 : self.place + 2]
        left = self._power()
        if not (number and number.kind == "number" and following and following[0].kind == "name"):
            return left
        glued = following[0].at == number.at + len(number.text)
        return Binary("@", left, self._power(), number.at) if glued else left

    def _power(self) -> Node:
        base = self._postfix()
        at, token = self._at(), self._peek()
        if token and token.kind == "power":
            self.place += 1
            return Binary("^", base, Number(float(token.text)), at)
        if self._accept("^"):
            return Binary("^", base, self._signed_power(), at)
        return base

    def _postfix(self) -> Node:
        node = self._primary()
        at = self._at()
        while self._accept("'"):
            node = Unary("'", Name("ones", at) if node == Number(1.0) else node, at)
        return node

    def _primary(self) -> Node:
        token = self._peek()
        if token is None:
            raise self._error("something is missing at the end of the line")
        self.place += 1
        following = self._peek()
        if token.text in ("1", "𝟙", "𝟏", "ones") and following and following.text == "[":
            return self._primary()  # 1[z > 0], the indicator
        if token.kind == "number":
            return Number(float(token.text), token.at)
        if token.kind == "sum":
            return self._sum(token)
        if token.kind == "name":
            return self._named(token)
        if token.text in ("(", "["):
            inner = self._comparison()
            self._expect(")" if token.text == "(" else "]", f"the bracket that closes the {token.text!r}")
            return inner
        if token.text in _NORMS:
            self.norms += 1
            inner = self._comparison()
            self.norms -= 1
            self._expect(token.text, f"the second {token.text!r}")
            return Unary("abs" if token.text == "|" else "norm", inner, token.at)
        self.place -= 1
        raise self._error(f"{token.text!r} was not expected here")

    def _sum(self, token: Token) -> Node:
        word, _, index = token.text.partition(" ")
        over = _OVER.get(index) if index else None
        if self._accept("("):
            inner = self._comparison()
            if self._accept(","):
                over = self._axis()
            self._expect(")", "the bracket that closes the sum")
        else:
            inner = self._term()
        return Sum(inner, over, word == "mean", token.at)

    def _axis(self) -> str:
        token = self._peek()
        if token and token.text == "axis":
            self.place += 1
            self._expect("=", "'=' behind axis")
        number = self._take("number", "axis=0 or axis=1")
        if number.text not in ("0", "1"):
            raise SheetError("expected axis=0 or axis=1", self.line, number.at)
        if self._accept(","):
            self._take("name", "keepdims=True")
            self._expect("=", "'='")
            self._take("name", "True")
        return number.text

    def _named(self, token: Token) -> Node:
        following = [t.text for t in self.tokens[self.place : self.place + 2]]
        function = self.functions.get(token.text)
        if token.text in ("max", "maximum") and following[:1] == ["("]:
            return self._maximum(token)
        if token.text in ("dot", "matmul", "transpose") and following[:1] == ["("]:
            return self._matrix_function(token)
        if function is None:
            if following[:2] == ["'", "("] and self._glued():
                self.place -= 1
                raise self._error(f"{token.text}'(…): the function {token.text} is not known; say {token.text} = tanh")
            return Name(token.text, token.at)
        if following[:2] == ["'", "("]:
            self.place += 1
            function += "'"
        if following[:1] == ["("] or function.endswith("'"):
            self._expect("(", f"'(' behind {token.text}")
            inner = self._comparison()
            self._expect(")", f"the bracket that closes {token.text}(")
        else:
            inner = self._postfix()
        return Unary(function, inner, token.at)

    def _glued(self) -> bool:
        """Whether f'( stands without spaces, as a derivative does."""
        prime, bracket = self.tokens[self.place : self.place + 2]
        return bracket.at == prime.at + 1 and self.tokens[self.place - 1].text in ("f", "g", "ψ", "psi", "h")

    def _maximum(self, token: Token) -> Node:
        self._expect("(", "'('")
        left = self._comparison()
        self._expect(",", "a comma between the two")
        right = self._comparison()
        self._expect(")", "the bracket that closes max(")
        return Binary("max", left, right, token.at)

    def _matrix_function(self, token: Token) -> Node:
        self._expect("(", "'('")
        left = self._comparison()
        if token.text == "transpose":
            self._expect(")", "the bracket that closes transpose(")
            return Unary("'", left, token.at)
        self._expect(",", "a comma between the two")
        right = self._comparison()
        self._expect(")", f"the bracket that closes {token.text}(")
        return Binary("@", left, right, token.at)

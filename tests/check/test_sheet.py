"""Formula sheets: right ones in many hands are right, and of a wrong one the first wrong line is named and mended."""

import pytest

from handgrad.check.sheet import check_sheet
from handgrad.errors import UsageError

ROWS = """z1 = X W1 + b1
h1 = relu(z1)
z2 = h1 W2 + b2
h2 = relu(z2)
z3 = h2 W3 + b3
p = softmax(z3)
L = -sum(T * log(p))/N
d3 = (p - T)/N
dW3 = h2' d3
db3 = sum(d3)
d2 = (d3 W3') * (z2 > 0)
dW2 = h1' d2
db2 = sum(d2)
d1 = (d2 W2') * (z1 > 0)
dW1 = X' d1
db1 = sum(d1)
W1 = W1 - eta dW1
b1 = b1 - eta db1
"""

COLUMNS = """z₁ = W₁ᵀ X + b₁     # samples are columns
h₁ = φ(z₁)
ŷ = softmax(W₂ᵀ h₁ + b₂)
L = −Σ y ⊙ log(ŷ) / m
δ₂ = (ŷ − y)/m
∇W₂ = h₁ δ₂ᵀ
∇b₂ = δ₂ 1
δ₁ = (W₂ δ₂) ⊙ 𝟙[z₁ > 0]
∂L/∂W₁ = X δ₁ᵀ
∇b₁ = Σ_i δ₁
W₁ ← W₁ − α ∇W₁
"""

PER_IMAGE = """Z1 = W1 X + b1
A1 = tanh(Z1)
Z2 = W2 A1 + b2
A2 = sigmoid(Z2)
J = -sum(Y*log(A2) + (1 - Y)*log(1 - A2))/m
dZ2 = A2 - Y
dW2 = 1/m dZ2 A1.T
db2 = 1/m np.sum(dZ2, axis=1, keepdims=True)
dZ1 = W2.T dZ2 * (1 - A1^2)
dW1 = 1/m dZ1 X.T
db1 = 1/m np.sum(dZ1, axis=1, keepdims=True)
"""

SQUARED = """h = sigmoid(X W1 + b1)
y = h W2 + b2
E = sum((y - t)^2)/2N + lambda/2 sum(W1^2) + lambda/2 ||W2||^2
dy = (y - t)/N
dW2 = h' dy + lambda W2
db2 = sum_n(dy)
dh = dy W2'
dz = dh * h * (1 - h)
dW1 = X' dz + λ W1
v1 = gamma v1 + eta dW1
W1 = W1 - v1
"""

DESCENT = """z = X W + b
p = softmax(z)
L = -sum(T * log(p))
d = T - p
dW = X' d
db = sum(d)
W = W + eta dW
b += eta db
"""

TWO_STEPS = ROWS.replace("d2 = (d3 W3') * (z2 > 0)", "d2 = d3 W3'\nd2 = d2 .* relu'(z2)")
AVERAGED = ROWS.replace("(p - T)/N", "p - T").replace("eta dW1", "eta/N dW1").replace("eta db1", "eta (1/N) db1")
JACOBIAN = ROWS.replace("d3 = (p - T)/N", "dp = -T/p/N\nd3 = p * (dp - sum_k(dp * p))")
EXPONENTIALS = ROWS.replace("softmax(z3)", "exp(z3)/sum(exp(z3))")
ONE_IMAGE = "N = 1\n" + COLUMNS.replace("/ m", "").replace("/m", "").replace("δ₂ 1", "δ₂")


@pytest.mark.parametrize(
    "sheet",
    [ROWS, COLUMNS, PER_IMAGE, SQUARED, DESCENT, TWO_STEPS, AVERAGED, JACOBIAN, EXPONENTIALS, ONE_IMAGE],
    ids=["rows", "columns", "per_image", "squared", "descent", "two", "averaged", "jacobian", "exp", "one_image"],
)
def test_right_sheets_are_right(sheet: str) -> None:
    report = check_sheet(sheet)
    assert report.verdict == "right", report.text(4)
    assert report.exit_code == 0
    assert not report.findings


WRONG = [
    ("d3 = (p - T)/N", "d3 = p - T", "batch_factor_missing"),
    ("d3 = (p - T)/N", "d3 = (T - p)/N", "sign"),
    ("d3 = (p - T)/N", "d3 = 2 (p - T)/N", "factor_two"),
    ("d3 = (p - T)/N", "d3 = p*(1-p)*(p - T)/N", "extra_factor"),
    ("dW3 = h2' d3", "dW3 = h2' d3 / N", "batch_factor_twice"),
    ("dW3 = h2' d3", "dW3 = z2' d3", "activation_input"),
    ("dW3 = h2' d3", "dW3 = d3' h2", "transposed"),
    ("dW2 = h1' d2", "dW2 = h1 d2", "transposed"),
    ("dW2 = h1' d2", "dW2 = h2' d2", "wrong_name"),
    ("d2 = (d3 W3') * (z2 > 0)", "d2 = d3 W3'", "mask_missing"),
    ("d2 = (d3 W3') * (z2 > 0)", "d2 = (d3 W3) * (z2 > 0)", "transposed"),
    ("d2 = (d3 W3') * (z2 > 0)", "d2 = (d3 W3') * (z1 > 0)", "wrong_name"),
    ("d2 = (d3 W3') * (z2 > 0)", "d2 = (d3 W3') * (z2 < 0)", "mask_inverted"),
    ("d2 = (d3 W3') * (z2 > 0)", "d2 = (d3 W3') * relu(z2)", "function_for_slope"),
    ("d2 = (d3 W3') * (z2 > 0)", "d2 = (d3 W3') * sigmoid'(z2)", "wrong_activation"),
    ("d1 = (d2 W2') * (z1 > 0)", "d1 = (d2 W3') * (z1 > 0)", "wrong_weight"),
    ("db2 = sum(d2)", "db2 = d2", "bias_not_summed"),
    ("db2 = sum(d2)", "db2 = sum_k(d2)", "sum_axis"),
    ("db2 = sum(d2)", "db2 = mean(d2)", "batch_factor_twice"),
    ("W1 = W1 - eta dW1", "W1 = W1 + eta dW1", "update_sign"),
]


@pytest.mark.parametrize(("right", "wrong", "explanation"), WRONG)
def test_the_first_wrong_line_is_named_and_later_ones_are_not(right: str, wrong: str, explanation: str) -> None:
    assert right in ROWS
    sheet = ROWS.replace(right, wrong)
    report = check_sheet(sheet)
    assert [line.text for line in report.lines if line.verdict == "wrong"] == [wrong], report.text(4)
    assert report.findings[0].explanation == explanation, report.text(4)
    assert report.exit_code == 1
    if explanation != "update_sign":
        mended = report.findings[0].change
        assert check_sheet(sheet.replace(wrong, mended)).verdict == "right", mended


@pytest.mark.parametrize(
    ("old", "new", "explanation"),
    [
        ("dW2 = h' dy + lambda W2", "dW2 = h' dy", "penalty_missing"),
        ("dz = dh * h * (1 - h)", "dz = dh * sigmoid'(h)", "slope_at_output"),
        ("W1 = W1 - v1", "W1 = W1 + v1", "update_sign"),
        ("dy = (y - t)/N", "dy = (y - t)", "batch_factor_missing"),
        ("v1 = gamma v1 + eta dW1\nW1 = W1 - v1", "W1 = W1 - eta (dW1 + lambda W1)", "penalty_twice"),
        ("v1 = gamma v1 + eta dW1\nW1 = W1 - v1", "W1 = W1 - eta dW1 + eta lambda W1", "penalty_sign"),
    ],
)
def test_sigmoid_squared_error_penalty_and_momentum(old: str, new: str, explanation: str) -> None:
    assert old in SQUARED
    report = check_sheet(SQUARED.replace(old, new))
    assert [f.explanation for f in report.findings] == [explanation], report.text(4)


def test_weights_that_moved_before_they_were_used() -> None:
    sheet = ROWS.replace("d2 = (d3 W3')", "W3 = W3 - eta dW3\nd2 = (d3 W3')")
    report = check_sheet(sheet)
    assert [line.text for line in report.lines if line.verdict == "wrong"] == ["d2 = (d3 W3') * (z2 > 0)"]
    assert report.findings[0].explanation == "stale_weights"


def test_two_mistakes_are_both_found() -> None:
    sheet = ROWS.replace("(p - T)/N", "p - T").replace("dW1 = X' d1", "dW1 = X' d2 W2'")
    report = check_sheet(sheet)
    assert next(f.explanation for f in report.findings) == "batch_factor_missing"
    assert [line.text for line in report.lines if line.verdict == "wrong"] == ["d3 = p - T", "dW1 = X' d2 W2'"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("dW2 = h1' d2", "dW2 = h1' d22", "d22 is not known here; did you mean d2?"),
        ("dW2 = h1' d2", "dW2 = h1' (d2", "expected the bracket that closes"),
        ("dW2 = h1' d2", "dW2 = h1' ; d2", "has no meaning"),
        ("z2 = h1 W2 + b2", "z2 = W2 h1 + b2", "samples stand as rows first and as columns here"),
        ("L = -sum(T * log(p))/N", "L = -T * log(p)/N", "the loss must be one number"),
        ("d1 = (d2 W2') * (z1 > 0)", "d1 = (d2 W2) * (z1 > 0)", "a matrix product needs the inner sizes equal"),
    ],
)
def test_errors_say_what_and_where(old: str, new: str, said: str) -> None:
    assert old in ROWS
    report = check_sheet(ROWS.replace(old, new))
    assert said in report.text(4)
    assert report.exit_code in (1, 2)


def test_a_caret_stands_under_the_place() -> None:
    shown = check_sheet("z = X W\np = softmax(z\nL = sum(p)").findings[0].symptom.splitlines()
    assert shown[2].index("^") == shown[1].index("softmax(z") + len("softmax(z")


def test_levels_of_help_say_more_and_more() -> None:
    report = check_sheet(ROWS.replace("d2 = (d3 W3') * (z2 > 0)", "d2 = d3 W3'"))
    texts = [report.text(level) for level in range(5)]
    assert "line 11" not in texts[0].lower()
    assert "line 11" in texts[1].lower()
    assert [("slope of the activation" in text) for text in texts] == [False, False, False, True, True]
    assert [("This line would be right" in text) for text in texts] == [False, False, False, False, True]
    assert report.as_dict()["first_wrong"] == 11


def test_nothing_is_executed() -> None:
    report = check_sheet("z = __import__('os').system('true')\nL = sum(z)")
    assert report.exit_code == 2


def test_files(tmp_path) -> None:
    path = tmp_path / "sheet.txt"
    path.write_bytes(b"\xef\xbb\xbf" + ROWS.replace("\n", "\r\n").encode())
    assert check_sheet(path).verdict == "right"
    with pytest.raises(UsageError, match="cannot be read"):
        check_sheet(tmp_path / "none.txt")

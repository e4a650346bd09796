"""Fit y = a + b x + c x^2 + d x^3 to noisy measurements by gradient descent."""
import numpy as np

rng = np.random.default_rng(3)
x = np.linspace(-1.5, 1.5, 80)
y = 0.3 - 1.2 * x + 0.5 * x**2 + 0.9 * x**3 + 0.05 * rng.standard_normal(x.size)

a, b, c, d = 0.0, 0.0, 0.0, 0.0
eta = 0.05
n = len(x)

for step in range(5000):
    y_fit = a + b * x + c * x**2 + d * x**3
    residual = y_fit - y
    mse = np.mean(residual**2)

    da = 2 * np.mean(residual)
    db = 2 * np.mean(residual * x)
    dc = 2 * np.mean(residual * x**2)
    dd = 2 * np.mean(residual * x**3)

    a -= eta * da
    b -= eta * db
    c -= eta * dc
    d -= eta * dd

    if step % 500 == 0:
        print(f"{step:5d}  mse = {mse:.6f}")

print(f"y = {a:.3f} + {b:.3f} x + {c:.3f} x^2 + {d:.3f} x^3")

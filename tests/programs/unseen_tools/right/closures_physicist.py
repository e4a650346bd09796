"""Stochastic optimisers as closures; the state lives in the enclosing scope.

    step = adam(eta=1e-3)
    theta = step(theta, grad(theta))
"""
import numpy as np


def gradient_descent(eta):
    def step(theta, g):
        return theta - eta * g

    return step


def heavy_ball(eta, mu=0.9):
    vel = None

    def step(theta, g):
        nonlocal vel
        if vel is None:
            vel = np.zeros_like(theta)
        vel = mu * vel - eta * g
        return theta + vel

    return step


def nesterov(eta, mu=0.9):
    # the rewritten form: theta is the look-ahead point
    vel = None

    def step(theta, g):
        nonlocal vel
        if vel is None:
            vel = np.zeros_like(theta)
        old = vel
        vel = mu * vel - eta * g
        return theta - mu * old + (1 + mu) * vel

    return step


def adagrad(eta, eps=1e-8):
    acc = 0.0

    def step(theta, g):
        nonlocal acc
        acc = acc + g * g
        return theta - eta * g / (np.sqrt(acc) + eps)

    return step


def rms(eta, rho=0.9, eps=1e-8):
    acc = 0.0

    def step(theta, g):
        nonlocal acc
        acc = rho * acc + (1 - rho) * g * g
        return theta - eta * g / np.sqrt(acc + eps)

    return step


def adam(eta=1e-3, beta=(0.9, 0.999), eps=1e-8):
    b1, b2 = beta
    state = {"m": 0.0, "v": 0.0, "k": 0}

    def step(theta, g):
        state["k"] += 1
        state["m"] = b1 * state["m"] + (1 - b1) * g
        state["v"] = b2 * state["v"] + (1 - b2) * g * g
        mhat = state["m"] / (1 - b1 ** state["k"])
        vhat = state["v"] / (1 - b2 ** state["k"])
        return theta - eta * mhat / (np.sqrt(vhat) + eps)

    return step


def rosenbrock_grad(p):
    x, y = p
    return np.array([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)])


if __name__ == "__main__":
    for name, opt in [("adam", adam(0.01)), ("rms", rms(0.001)), ("momentum", heavy_ball(1e-4))]:
        th = np.array([-1.0, 1.0])
        for _ in range(5000):
            th = opt(th, rosenbrock_grad(th))
        print(f"{name:10s} {th}")

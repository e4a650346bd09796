"""Judges of the unseen optimisers and tools; the names are the files', or those of the entry's `judge`."""

from types import ModuleType

import numpy as np

from .harness import hot, r, rng, same
from .pieces import GRADIENTS, optimizer_path


def sgd_step(m: ModuleType) -> None:
    w = np.ones(3)
    for g in GRADIENTS:
        w, before = m.sgd_step(w, g, 0.1, 0.5), w
        same(w, before - 0.1 * (g + 0.5 * before), "decay")


def velocities(m: ModuleType, name: str, kind: str, *o: float) -> None:
    w, v = np.zeros(3), np.zeros(3)
    for g in GRADIENTS:
        w, v = getattr(m, name)(w, g.copy(), v)
    same(w, optimizer_path(kind, GRADIENTS, 0.01, *o), kind)


def momentum_step(m: ModuleType) -> None:
    velocities(m, "momentum_step", "momentum", 0.9)


def nesterov_step(m: ModuleType) -> None:
    velocities(m, "nesterov_step", "nesterov", 0.9)


def rmsprop_step(m: ModuleType) -> None:
    velocities(m, "rmsprop_step", "rmsprop", 0.99, 1e-8)


def adagrad(gradients: list[np.ndarray], rate: float, eps: float) -> np.ndarray:
    w, squares = np.zeros(3), np.zeros(3)
    for g in gradients:
        squares = squares + g**2
        w = w - rate * g / (np.sqrt(squares) + eps)
    return w


def adagrad_step(m: ModuleType) -> None:
    w, c = np.zeros(3), np.zeros(3)
    for g in GRADIENTS:
        w, c = m.adagrad_step(w, g.copy(), c)
    same(w, adagrad(GRADIENTS, 0.01, 1e-8), "AdaGrad")


def adam_step(m: ModuleType) -> None:
    w, a, v = np.zeros(3), np.zeros(3), np.zeros(3)
    for t, g in enumerate(GRADIENTS, 1):
        w, a, v = m.adam_step(w, g.copy(), a, v, t)
    same(w, optimizer_path("adam", GRADIENTS, 0.001, 0.9, 0.999, 1e-8), "Adam")


def my_optimizers(m: ModuleType) -> None:
    for judge in (sgd_step, momentum_step, nesterov_step, adagrad_step, rmsprop_step, adam_step):
        judge(m)


def torch_path(m: ModuleType, name: str, **options: float) -> np.ndarray:
    first, second = m.Parameter(np.ones(3)), m.Parameter(np.ones(3))
    made = getattr(m, name)([first, second], **options)
    for g in GRADIENTS:
        made.zero_grad()
        first.grad += g
        second.grad += g
        made.step()
    same(first.data, second.data, "two parameters")
    return second.data - 1


def optim_like_torch(m: ModuleType) -> None:
    same(torch_path(m, "SGD"), optimizer_path("sgd", GRADIENTS, 0.01), "SGD")
    same(torch_path(m, "SGD", momentum=0.9), optimizer_path("momentum", GRADIENTS, 0.01, 0.9), "momentum")
    same(torch_path(m, "RMSprop"), optimizer_path("rmsprop", GRADIENTS, 0.01, 0.99, 1e-8), "RMSprop")
    same(torch_path(m, "Adam"), optimizer_path("adam", GRADIENTS, 0.001, 0.9, 0.999, 1e-8), "Adam")
    path, w = [np.zeros(3)], np.ones(3)
    path += [optimizer_path("adam", GRADIENTS[: k + 1], 0.001, 0.9, 0.999, 1e-8) for k in range(3)]
    for k in range(3):
        w = w * (1 - 0.001 * 0.5) + path[k + 1] - path[k]
    same(torch_path(m, "AdamW", weight_decay=0.5), w - 1, "AdamW")


def utils(m: ModuleType) -> None:
    same(m.preprocess(np.array([[0, 255]], np.uint8)), [[0, 1]], "preprocess")
    y = hot(7, 4).argmax(1)
    same(m.to_categorical(y, 4), np.eye(4)[y], "to_categorical")
    x = np.arange(50.0)[:, None]
    a, b, ya, yb = m.train_test_split(x, x[:, 0], 0.2, 3)
    same([len(a), len(b)], [40, 10], "sizes")
    same(np.sort(np.concatenate([a[:, 0], b[:, 0]])), x[:, 0], "split")
    same(np.concatenate([ya, yb]), np.concatenate([a[:, 0], b[:, 0]]), "labels of the split")
    seen = list(m.iterate_minibatches(x, x[:, 0], 20))
    same([len(part) for part, _ in seen], [20, 20, 10], "batches")
    same(np.sort(np.concatenate([part[:, 0] for part, _ in seen])), x[:, 0], "batches")
    same(np.concatenate([part[:, 0] for part, _ in seen]), np.concatenate([part for _, part in seen]), "their labels")
    other = np.where(rng.random(7) < 0.5, y, 9)
    same(m.accuracy_score(y, other), np.mean(y == other), "accuracy")
    cm = np.zeros((10, 10))
    np.add.at(cm, (y, other), 1)
    same(m.confusion_matrix(y, other), cm, "confusion matrix")
    w = m.glorot_uniform(400, 300)
    same([w.mean() + 1, w.std()], [1, np.sqrt(2 / 700)], "Glorot", 0.01)
    w = m.he_normal(400, 300)
    same([w.mean() + 1, w.std()], [1, np.sqrt(2 / 400)], "He", 0.01)
    p = m.softmax(r(6, 4) * 4000)
    same(p.sum(axis=1), np.ones(6), "softmax's sums")
    same([m.step_decay(k) for k in (0, 9, 10, 25)], [0.1, 0.1, 0.05, 0.025], "step decay")


def grad_check_util(m: ModuleType) -> None:
    x = r(3, 4)
    same(m.numerical_gradient(lambda v: float((v**3).sum()), x), 3 * x**2, "numerical gradient", 1e-7)
    same(m.relative_error(np.array([1.0, 2.0]), np.array([1.0, 2.2])), 0.2 / 4.2, "relative error")

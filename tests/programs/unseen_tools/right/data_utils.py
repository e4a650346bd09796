"""Helper functions shared by all exercises."""

from collections import Counter

import numpy as np


def to_categorical(y, num_classes=None):
    y = np.asarray(y, dtype=int).ravel()
    if num_classes is None:
        num_classes = y.max() + 1
    out = np.zeros((y.size, num_classes))
    out[np.arange(y.size), y] = 1
    return out


def from_categorical(Y):
    return np.argmax(Y, axis=1)


def shuffle_in_unison(a, b, random_state=None):
    assert len(a) == len(b)
    rng = np.random.RandomState(random_state)
    p = rng.permutation(len(a))
    return a[p], b[p]


def train_test_split(X, y, test_size=0.25, shuffle=True, random_state=None):
    if shuffle:
        X, y = shuffle_in_unison(X, y, random_state)
    cut = len(X) - int(round(len(X) * test_size))
    return X[:cut], X[cut:], y[:cut], y[cut:]


def standardize(X_train, X_test):
    mu = X_train.mean(axis=0)
    sd = X_train.std(axis=0)
    sd[sd == 0] = 1.0
    return (X_train - mu) / sd, (X_test - mu) / sd


def min_max_scale(X):
    lo, hi = X.min(axis=0), X.max(axis=0)
    span = np.where(hi > lo, hi - lo, 1)
    return (X - lo) / span


def batch_iterator(X, y=None, batch_size=64):
    n_samples = X.shape[0]
    for i in np.arange(0, n_samples, batch_size):
        begin, end = i, min(i + batch_size, n_samples)
        if y is not None:
            yield X[begin:end], y[begin:end]
        else:
            yield X[begin:end]


def accuracy_score(y_true, y_pred):
    """Compare y_true to y_pred and return the accuracy."""
    return np.sum(y_true == y_pred, axis=0) / len(y_true)


def confusion_matrix(y_true, y_pred, n_classes):
    cm = np.zeros((n_classes, n_classes), dtype=int)
    for t, p in zip(y_true, y_pred):
        cm[t, p] += 1
    return cm


def precision_recall(cm):
    tp = np.diag(cm)
    precision = tp / np.maximum(cm.sum(axis=0), 1)
    recall = tp / np.maximum(cm.sum(axis=1), 1)
    return precision, recall


def f1(cm):
    p, r = precision_recall(cm)
    return 2 * p * r / np.maximum(p + r, 1e-12)


def class_weights(y):
    counts = Counter(y.tolist())
    return {c: len(y) / (len(counts) * k) for c, k in counts.items()}


def k_fold_indices(n, k=5, seed=None):
    idx = np.random.RandomState(seed).permutation(n)
    folds = np.array_split(idx, k)
    for i in range(k):
        train = np.concatenate([folds[j] for j in range(k) if j != i])
        yield train, folds[i]

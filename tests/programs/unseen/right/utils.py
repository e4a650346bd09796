import gzip
import os
import pickle

import numpy as np

DATA_DIR = os.path.expanduser("~/data/mnist")


def load_mnist(path=DATA_DIR, kind="train"):
    with gzip.open(os.path.join(path, f"{kind}-labels-idx1-ubyte.gz"), "rb") as f:
        labels = np.frombuffer(f.read(), dtype=np.uint8, offset=8)
    with gzip.open(os.path.join(path, f"{kind}-images-idx3-ubyte.gz"), "rb") as f:
        images = np.frombuffer(f.read(), dtype=np.uint8, offset=16).reshape(len(labels), 784)
    return images, labels


def preprocess(images):
    images = images.astype("float32")
    images /= 255
    return images


def to_categorical(y, num_classes=None):
    y = np.array(y, dtype="int").ravel()
    if not num_classes:
        num_classes = np.max(y) + 1
    categorical = np.zeros((y.shape[0], num_classes))
    categorical[np.arange(y.shape[0]), y] = 1
    return categorical


def train_test_split(X, y, test_size=0.2, seed=None):
    rng = np.random.RandomState(seed)
    order = rng.permutation(len(X))
    cut = int(len(X) * (1 - test_size))
    return X[order[:cut]], X[order[cut:]], y[order[:cut]], y[order[cut:]]


def iterate_minibatches(X, y, batch_size, shuffle=True):
    idx = np.arange(len(X))
    if shuffle:
        np.random.shuffle(idx)
    for start in range(0, len(X), batch_size):
        part = idx[start:start + batch_size]
        yield X[part], y[part]


def accuracy_score(y_true, y_pred):
    return np.sum(y_true == y_pred, axis=0) / len(y_true)


def confusion_matrix(y_true, y_pred, k=10):
    cm = np.zeros((k, k), dtype=int)
    for t, p in zip(y_true, y_pred):
        cm[t, p] += 1
    return cm


def glorot_uniform(fan_in, fan_out):
    limit = np.sqrt(6.0 / (fan_in + fan_out))
    return np.random.uniform(-limit, limit, size=(fan_in, fan_out))


def he_normal(fan_in, fan_out):
    return np.random.randn(fan_in, fan_out) * np.sqrt(2.0 / fan_in)


def softmax(x):
    x = np.asarray(x)
    shifted = x - x.max(axis=-1, keepdims=True)
    return np.exp(shifted) / np.exp(shifted).sum(axis=-1, keepdims=True)


def step_decay(epoch, initial_lr=0.1, drop=0.5, every=10):
    return initial_lr * drop ** (epoch // every)


def save(params, filename):
    with open(filename, "wb") as f:
        pickle.dump(params, f)

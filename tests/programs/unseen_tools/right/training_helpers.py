#!/usr/bin/env python3
# Everything around the net: learning rate schedules, clipping, early stopping, initialisation
import copy

import numpy as np


# ---- learning rate schedules ----
def step_decay(epoch, initial_lr=0.1, drop=0.5, epochs_drop=10):
    return initial_lr * drop ** np.floor(epoch / epochs_drop)


def exponential_decay(epoch, initial_lr=0.1, k=0.05):
    return initial_lr * np.exp(-k * epoch)


def cosine_annealing(epoch, total_epochs, lr_max=0.1, lr_min=0.001):
    return lr_min + 0.5 * (lr_max - lr_min) * (1 + np.cos(np.pi * epoch / total_epochs))


def warmup_linear(step, warmup_steps, base_lr):
    if step < warmup_steps:
        return base_lr * (step + 1) / warmup_steps
    return base_lr


# ---- gradient clipping ----
def clip_by_value(grads, limit=1.0):
    return [np.clip(g, -limit, limit) for g in grads]


def clip_by_global_norm(grads, max_norm):
    total_norm = np.sqrt(sum(np.sum(np.square(g)) for g in grads))
    scale = min(1.0, max_norm / (total_norm + 1e-12))
    return [g * scale for g in grads], total_norm


# ---- initialisation ----
def xavier_init(fan_in, fan_out, rng=np.random):
    limit = np.sqrt(6.0 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, size=(fan_in, fan_out))


def he_init(fan_in, fan_out, rng=np.random):
    return rng.normal(0.0, np.sqrt(2.0 / fan_in), size=(fan_in, fan_out))


def init_mlp(layer_sizes, seed=0):
    rng = np.random.RandomState(seed)
    weights = [he_init(a, b, rng) for a, b in zip(layer_sizes[:-1], layer_sizes[1:])]
    biases = [np.zeros((1, b)) for b in layer_sizes[1:]]
    return weights, biases


# ---- early stopping ----
class EarlyStopping:
    def __init__(self, patience=5, min_delta=0.0):
        self.patience = patience
        self.min_delta = min_delta
        self.best_loss = np.inf
        self.best_weights = None
        self.counter = 0

    def __call__(self, val_loss, weights):
        """Returns True if training should stop."""
        if val_loss < self.best_loss - self.min_delta:
            self.best_loss = val_loss
            self.best_weights = copy.deepcopy(weights)
            self.counter = 0
        else:
            self.counter += 1
        return self.counter >= self.patience


# ---- mini-batches ----
def get_batches(X, y, batch_size, rng):
    indices = np.arange(X.shape[0])
    rng.shuffle(indices)
    for start in range(0, X.shape[0], batch_size):
        batch = indices[start : start + batch_size]
        yield X[batch], y[batch]

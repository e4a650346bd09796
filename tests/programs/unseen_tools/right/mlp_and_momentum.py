# -*- coding: utf-8 -*-
# Réseau de neurones à une couche cachée + descente de gradient avec inertie
import numpy as np


def sigmoide(x):
    return 1.0 / (1.0 + np.exp(-x))


def initialiser(n_entree, n_cache, n_sortie, graine=0):
    np.random.seed(graine)
    return {
        "W1": np.random.randn(n_cache, n_entree) / np.sqrt(n_entree),
        "b1": np.zeros((n_cache, 1)),
        "W2": np.random.randn(n_sortie, n_cache) / np.sqrt(n_cache),
        "b2": np.zeros((n_sortie, 1)),
    }


def propagation(X, params):
    Z1 = params["W1"].dot(X) + params["b1"]
    A1 = np.tanh(Z1)
    Z2 = params["W2"].dot(A1) + params["b2"]
    A2 = sigmoide(Z2)
    return A1, A2


def cout(A2, Y):
    m = Y.shape[1]
    return -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / m


def retropropagation(X, Y, A1, A2, params):
    m = Y.shape[1]
    dZ2 = A2 - Y
    dW2 = dZ2.dot(A1.T) / m
    db2 = np.sum(dZ2, axis=1, keepdims=True) / m
    dZ1 = params["W2"].T.dot(dZ2) * (1 - A1**2)
    dW1 = dZ1.dot(X.T) / m
    db1 = np.sum(dZ1, axis=1, keepdims=True) / m
    return {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


class Inertie:
    """Descente de gradient avec inertie (momentum)."""

    def __init__(self, taux=0.1, inertie=0.9):
        self.taux = taux
        self.inertie = inertie
        self.vitesse = {}

    def appliquer(self, params, grads):
        for cle in params:
            if cle not in self.vitesse:
                self.vitesse[cle] = np.zeros_like(params[cle])
            self.vitesse[cle] = self.inertie * self.vitesse[cle] - self.taux * grads[cle]
            params[cle] += self.vitesse[cle]


def entrainer(X, Y, n_cache=8, n_iter=500):
    params = initialiser(X.shape[0], n_cache, Y.shape[0])
    optimiseur = Inertie(taux=0.5)
    for i in range(n_iter):
        A1, A2 = propagation(X, params)
        grads = retropropagation(X, Y, A1, A2, params)
        optimiseur.appliquer(params, grads)
        if i % 100 == 0:
            print("itération", i, "coût", cout(A2, Y))
    return params


def precision(X, Y, params):
    _, A2 = propagation(X, params)
    return np.mean((A2 > 0.5) == (Y > 0.5))


if __name__ == "__main__":
    rng = np.random.RandomState(3)
    X = rng.randn(2, 400)
    Y = (X[0:1] * X[1:2] > 0).astype(float)
    p = entrainer(X, Y)
    print("précision :", precision(X, Y, p))

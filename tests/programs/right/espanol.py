# Red neuronal de una capa oculta - Taller 3
import numpy as np

class RedNeuronal:
    def __init__(self, entradas, ocultas, salidas):
        self.pesos1 = np.random.randn(entradas, ocultas) * 0.1
        self.sesgo1 = np.zeros((1, ocultas))
        self.pesos2 = np.random.randn(ocultas, salidas) * 0.1
        self.sesgo2 = np.zeros((1, salidas))

    def propagar(self, X):
        self.X = X
        self.z1 = X @ self.pesos1 + self.sesgo1
        self.a1 = 1 / (1 + np.exp(-self.z1))
        self.z2 = self.a1 @ self.pesos2 + self.sesgo2
        exps = np.exp(self.z2 - np.max(self.z2, axis=1, keepdims=True))
        self.a2 = exps / np.sum(exps, axis=1, keepdims=True)
        return self.a2

    def costo(self, Y):
        N = Y.shape[0]
        return -np.sum(Y * np.log(self.a2)) / N

    def retropropagar(self, Y):
        N = Y.shape[0]
        error2 = (self.a2 - Y) / N
        self.grad_pesos2 = self.a1.T @ error2
        self.grad_sesgo2 = np.sum(error2, axis=0, keepdims=True)
        error1 = (error2 @ self.pesos2.T) * self.a1 * (1 - self.a1)
        self.grad_pesos1 = self.X.T @ error1
        self.grad_sesgo1 = np.sum(error1, axis=0, keepdims=True)

    def actualizar(self, tasa):
        self.pesos1 -= tasa * self.grad_pesos1
        self.sesgo1 -= tasa * self.grad_sesgo1
        self.pesos2 -= tasa * self.grad_pesos2
        self.sesgo2 -= tasa * self.grad_sesgo2

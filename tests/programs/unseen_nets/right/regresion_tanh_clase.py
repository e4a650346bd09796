# Red neuronal para regresión (práctica 3 de aprendizaje automático)
import numpy as np
import matplotlib.pyplot as plt


def tanh(x):
    return np.tanh(x)


def derivada_tanh(x):
    return 1.0 - np.tanh(x) ** 2


class RedNeuronal:
    def __init__(self, capas, tasa=0.01):
        self.capas = capas
        self.tasa = tasa
        self.pesos = []
        self.sesgos = []
        for i in range(len(capas) - 1):
            self.pesos.append(np.random.randn(capas[i + 1], capas[i]) * np.sqrt(1 / capas[i]))
            self.sesgos.append(np.zeros((capas[i + 1], 1)))

    def propagar(self, x):
        self.a = [x]
        self.z = []
        for k, (W, b) in enumerate(zip(self.pesos, self.sesgos)):
            z = W @ self.a[-1] + b
            self.z.append(z)
            if k == len(self.pesos) - 1:
                self.a.append(z)  # salida lineal
            else:
                self.a.append(tanh(z))
        return self.a[-1]

    def costo(self, prediccion, objetivo):
        return np.mean((prediccion - objetivo) ** 2) / 2

    def retropropagar(self, objetivo):
        n = objetivo.shape[1]
        salida = objetivo.shape[0]
        self.dW = [None] * len(self.pesos)
        self.db = [None] * len(self.pesos)
        delta = (self.a[-1] - objetivo) / (n * salida)
        for k in reversed(range(len(self.pesos))):
            self.dW[k] = delta @ self.a[k].T
            self.db[k] = np.sum(delta, axis=1, keepdims=True)
            if k > 0:
                delta = (self.pesos[k].T @ delta) * derivada_tanh(self.z[k - 1])

    def actualizar(self):
        for k in range(len(self.pesos)):
            self.pesos[k] -= self.tasa * self.dW[k]
            self.sesgos[k] -= self.tasa * self.db[k]

    def entrenar(self, X, Y, epocas=1000):
        historial = []
        for epoca in range(epocas):
            prediccion = self.propagar(X)
            historial.append(self.costo(prediccion, Y))
            self.retropropagar(Y)
            self.actualizar()
            if epoca % 100 == 0:
                print(f"Época {epoca}: costo = {historial[-1]:.5f}")
        return historial


if __name__ == "__main__":
    X = np.linspace(-np.pi, np.pi, 200).reshape(1, -1)
    Y = np.sin(X)
    red = RedNeuronal([1, 16, 16, 1], tasa=0.05)
    historial = red.entrenar(X, Y, 3000)
    plt.plot(X.ravel(), red.propagar(X).ravel())
    plt.show()

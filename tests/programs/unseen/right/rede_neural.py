# Rede neural com uma camada oculta, amostras nas colunas
import numpy as np

INCLINACAO = 0.1


def lrelu(z):
    return np.maximum(INCLINACAO * z, z)


def derivada_lrelu(z):
    d = np.full(z.shape, INCLINACAO)
    d[z > 0] = 1
    return d


class RedeNeural:
    def __init__(self, entradas, ocultos, saidas, taxa=0.01):
        self.taxa = taxa
        self.pesos_oculta = np.random.randn(ocultos, entradas) * np.sqrt(2 / entradas)
        self.vies_oculta = np.zeros((ocultos, 1))
        self.pesos_saida = np.random.randn(saidas, ocultos) * np.sqrt(2 / ocultos)
        self.vies_saida = np.zeros((saidas, 1))

    def propagar(self, X):
        self.X = X
        self.z_oculta = self.pesos_oculta @ X + self.vies_oculta
        self.a_oculta = lrelu(self.z_oculta)
        self.saida = self.pesos_saida @ self.a_oculta + self.vies_saida
        return self.saida

    def custo(self, Y):
        m = Y.shape[1]
        return np.sum((self.saida - Y) ** 2) / (2 * m)

    def retropropagar(self, Y):
        m = Y.shape[1]
        erro_saida = (self.saida - Y) / m
        self.grad_pesos_saida = erro_saida @ self.a_oculta.T
        self.grad_vies_saida = erro_saida.sum(axis=1, keepdims=True)
        erro_oculta = (self.pesos_saida.T @ erro_saida) * derivada_lrelu(self.z_oculta)
        self.grad_pesos_oculta = erro_oculta @ self.X.T
        self.grad_vies_oculta = erro_oculta.sum(axis=1, keepdims=True)

    def atualizar(self):
        for nome in ("pesos_oculta", "vies_oculta", "pesos_saida", "vies_saida"):
            setattr(self, nome, getattr(self, nome) - self.taxa * getattr(self, "grad_" + nome))

    def treinar(self, X, Y, epocas=1000):
        for epoca in range(epocas):
            self.propagar(X)
            self.retropropagar(Y)
            self.atualizar()
            if epoca % 100 == 0:
                print(f"época {epoca}: custo {self.custo(Y):.5f}")

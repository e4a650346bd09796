# Uebungsblatt 7, Aufgabe 2: Ziffernerkennung
import numpy as np

anzahl_eingang = 784
anzahl_versteckt = 30
anzahl_ausgang = 10

def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))

class Netz:
    def __init__(self):
        self.gewichte_ev = np.random.randn(anzahl_eingang, anzahl_versteckt) * 0.05
        self.gewichte_va = np.random.randn(anzahl_versteckt, anzahl_ausgang) * 0.05
        self.schwelle_v = np.zeros(anzahl_versteckt)
        self.schwelle_a = np.zeros(anzahl_ausgang)

    def vorwaerts(self, bilder):
        self.bilder = bilder
        self.netto_v = bilder @ self.gewichte_ev + self.schwelle_v
        self.aus_v = sigmoid(self.netto_v)
        self.netto_a = self.aus_v @ self.gewichte_va + self.schwelle_a
        self.aus_a = sigmoid(self.netto_a)
        return self.aus_a

    def fehler(self, ziel):
        return 0.5 * np.sum((self.aus_a - ziel) ** 2) / len(ziel)

    def rueckwaerts(self, ziel, lernrate):
        n = len(ziel)
        delta_a = (self.aus_a - ziel) * sigmoid(self.aus_a) * (1 - sigmoid(self.aus_a))
        delta_v = (delta_a @ self.gewichte_va.T) * sigmoid(self.aus_v) * (1 - sigmoid(self.aus_v))
        self.gewichte_va -= lernrate * self.aus_v.T @ delta_a / n
        self.schwelle_a -= lernrate * np.sum(delta_a, axis=0) / n
        self.gewichte_ev -= lernrate * self.bilder.T @ delta_v / n
        self.schwelle_v -= lernrate * np.sum(delta_v, axis=0) / n

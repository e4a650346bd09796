# expect: momentum_never_fades

import numpy as np
class Momentum:
    def __init__(self, lernrate=0.1, traegheit=0.9):
        self.lernrate = lernrate
        self.traegheit = traegheit
        self.v = {}
    def update(self, params, grads):
        for k in params:
            self.v[k] = self.v.get(k, 0) + grads[k]
            params[k] -= self.lernrate * self.v[k]

import numpy as np
class SGD:
    def __init__(self, learning_rate=0.01):
        self.learning_rate = learning_rate
    def update(self, layer):
        for key in layer.params:
            layer.params[key] -= self.learning_rate * layer.grads[key]
class Adam:
    def __init__(self, learning_rate=0.001):
        self.learning_rate = learning_rate
        self.state = {}
        self.t = 0
    def update(self, layers):
        self.t += 1
        for i, layer in enumerate(layers):
            for key in layer.params:
                m, v = self.state.get((i, key), (0.0, 0.0))
                g = layer.grads[key]
                m = m + (1 - 0.9) * (g - m)
                v = v + (1 - 0.999) * (g * g - v)
                self.state[(i, key)] = m, v
                layer.params[key] = layer.params[key] - self.learning_rate * m / (1 - 0.9 ** self.t) / (np.sqrt(v / (1 - 0.999 ** self.t)) + 1e-8)

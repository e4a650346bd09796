import numpy as np
class Optimizer:
    def __init__(self, lr): self.lr = lr
    def apply_gradients(self, grads_and_vars): raise NotImplementedError
class MomentumOptimizer(Optimizer):
    def __init__(self, lr=0.01, momentum=0.9, use_nesterov=False):
        super().__init__(lr)
        self.momentum = momentum; self.use_nesterov = use_nesterov; self.slots = {}
    def apply_gradients(self, grads_and_vars):
        for i, (g, v) in enumerate(grads_and_vars):
            a = self.slots.get(i, np.zeros_like(v))
            a = self.momentum * a + g
            self.slots[i] = a
            if self.use_nesterov:
                v -= self.lr * (g + self.momentum * a)
            else:
                v -= self.lr * a

import numpy as np
class AdamOptimizer:
    def __init__(self, weights, alpha=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8):
        self.alpha = alpha
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.m = 0
        self.v = 0
        self.t = 0
        self.theta = weights
    def backward_pass(self, gradient):
        self.t = self.t + 1
        self.m = self.beta1*self.m + (1 - self.beta1)*gradient
        self.v = self.beta2*self.v + (1 - self.beta2)*(gradient**2)
        m_hat = self.m/(1 - self.beta1**self.t)
        v_hat = self.v/(1 - self.beta2**self.t)
        self.theta = self.theta - self.alpha*(m_hat/(np.sqrt(v_hat) + self.epsilon))
        return self.theta
def make_momentum(lr=0.1, beta=0.9):
    state = {}
    def update(params, grads):
        for k in params:
            state[k] = beta * state.get(k, 0) + grads[k]
            params[k] = params[k] - lr * state[k]
        return params
    return update
def rmsprop(grads, params, cache, lr=1e-3, decay=0.99, eps=1e-8):
    for k in params:
        cache[k] = decay * cache[k] + (1 - decay) * grads[k]**2
        params[k] -= lr * grads[k] / (np.sqrt(cache[k]) + eps)
    return params, cache

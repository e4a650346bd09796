# expect: momentum_not_kept

import numpy as np
def sgd_momentum(params, grads, lr=0.01, momentum=0.9):
    velocity = {k: np.zeros_like(p) for k, p in params.items()}
    for k in params:
        velocity[k] = momentum * velocity[k] - lr * grads[k]
        params[k] += velocity[k]
    return params

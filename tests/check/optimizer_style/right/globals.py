import numpy as np
lr = 0.1
MU = 0.9
velocity = {}
def sgd_momentum_step(params, grads):
    for name in params:
        if name not in velocity:
            velocity[name] = np.zeros_like(params[name])
        velocity[name] = MU * velocity[name] + grads[name]
        params[name] -= lr * velocity[name]

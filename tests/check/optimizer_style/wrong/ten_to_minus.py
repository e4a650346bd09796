# expect: adam_no_correction

import numpy as np
def adam_optimizer(theta, g, m, v, t):
    alpha, beta1, beta2, eps = 1e-3, 0.9, 0.999, 10**-8
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * np.power(g, 2)
    theta = theta - alpha * m / (np.sqrt(v) + eps)
    return theta, m, v

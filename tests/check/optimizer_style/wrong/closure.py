# expect: adam_no_root

import numpy as np
def make_adam(lr=0.001, b1=0.9, b2=0.999, eps=1e-8):
    m, v, t = {}, {}, [0]
    def update(params, grads):
        t[0] += 1
        for k in params:
            m[k] = b1 * m.get(k, 0) + (1 - b1) * grads[k]
            v[k] = b2 * v.get(k, 0) + (1 - b2) * grads[k] ** 2
            params[k] -= lr * (m[k] / (1 - b1 ** t[0])) / (v[k] / (1 - b2 ** t[0]) + eps)
        return params
    return update

import numpy as np

def dropout_forward(x, p, train=True):
    """p = probability of keeping a unit"""
    if train:
        mask = (np.random.rand(*x.shape) < p) / p
        out = x * mask
    else:
        mask = None
        out = x
    return out, mask

def dropout_backward(dout, mask, p):
    # scale like in the forward pass
    return dout * mask / p

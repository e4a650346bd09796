# expect: decay_sign

def update_weights_l2(W, dW, lr=0.1, lam=0.01):
    return W - lr * (dW - lam * W)

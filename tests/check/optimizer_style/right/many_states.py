import numpy as np
def momentum(W1, b1, W2, b2, dW1, db1, dW2, db2, vW1, vb1, vW2, vb2, lr, beta):
    vW1 = beta * vW1 + dW1
    vb1 = beta * vb1 + db1
    vW2 = beta * vW2 + dW2
    vb2 = beta * vb2 + db2
    W1 = W1 - lr * vW1
    b1 = b1 - lr * vb1
    W2 = W2 - lr * vW2
    b2 = b2 - lr * vb2
    return W1, b1, W2, b2, vW1, vb1, vW2, vb2
def rmsprop_update(w, dw, config):
    beta = config.get('beta', 0.9)
    config['s'] = beta * config.get('s', 0) + (1 - beta) * dw**2
    return w - config['lr'] * dw / np.sqrt(config['s'] + 1e-8), config

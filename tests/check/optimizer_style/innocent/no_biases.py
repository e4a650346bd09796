import numpy as np
def update_parameters(params, grads, lr):
    for l in range(1, 3):
        params['W' + str(l)] -= lr * grads['dW' + str(l)]
    return params

# expect: updated_twice

def update(weights, biases, grad_w, grad_b, lr):
    for i in range(len(weights)):
        weights[i] = weights[i] - lr * grad_w[i]
        biases[i] = biases[i] - lr * grad_b[i]
    for i in range(len(weights)):
        weights[i] = weights[i] - lr * grad_w[i]
    return weights, biases

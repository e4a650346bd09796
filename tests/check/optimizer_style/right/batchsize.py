def sgd(params, lr, batch_size):
    for param in params:
        param.data = param.data - lr * param.grad / batch_size
def update_network(network, grads, lr):
    network['W1'] -= lr * grads['W1']
    network['b1'] -= lr * grads['b1']
    network['W2'] -= lr * grads['W2']
    network['b2'] -= lr * grads['b2']
    network['W3'] -= lr * grads['W3']
    network['b3'] -= lr * grads['b3']

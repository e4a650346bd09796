import numpy as np
import argparse


def softmax(x):
    x = x - np.max(x, axis=1)[:, None]
    e = np.exp(x)
    return e / np.sum(e, axis=1)[:, None]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def get_initial_params(input_size, num_hidden, num_output):
    return {
        'W1': np.random.normal(size=(input_size, num_hidden)),
        'b1': np.zeros(num_hidden),
        'W2': np.random.normal(size=(num_hidden, num_output)),
        'b2': np.zeros(num_output),
    }


def forward_prop(data, labels, params):
    hidden = sigmoid(data.dot(params['W1']) + params['b1'])
    output = softmax(hidden.dot(params['W2']) + params['b2'])
    cost = -np.sum(labels * np.log(output)) / data.shape[0]
    return hidden, output, cost


def backward_prop(data, labels, params, forward_prop_func):
    hidden, output, cost = forward_prop_func(data, labels, params)
    B = data.shape[0]
    dz2 = (output - labels) / B
    gradW2 = hidden.T.dot(dz2)
    gradb2 = dz2.sum(axis=0)
    dz1 = dz2.dot(params['W2'].T) * hidden * (1 - hidden)
    gradW1 = data.T.dot(dz1)
    gradb1 = dz1.sum(axis=0)
    return {'W1': gradW1, 'b1': gradb1, 'W2': gradW2, 'b2': gradb2}


def backward_prop_regularized(data, labels, params, forward_prop_func, reg):
    grads = backward_prop(data, labels, params, forward_prop_func)
    grads['W1'] += 2 * reg * params['W1']
    grads['W2'] += 2 * reg * params['W2']
    return grads


def gradient_descent_epoch(train_data, train_labels, learning_rate, batch_size, params, forward_prop_func, backward_prop_func):
    for k in range(train_data.shape[0] // batch_size):
        sel = slice(k * batch_size, (k + 1) * batch_size)
        grads = backward_prop_func(train_data[sel], train_labels[sel], params, forward_prop_func)
        for name in params:
            params[name] -= learning_rate * grads[name]


def compute_accuracy(output, labels):
    return (np.argmax(output, axis=1) == np.argmax(labels, axis=1)).sum() * 1. / labels.shape[0]


def main():
    parser = argparse.ArgumentParser(description='Train a nn model.')
    parser.add_argument('--num_epochs', type=int, default=30)
    args = parser.parse_args()
    print(args)


if __name__ == '__main__':
    main()

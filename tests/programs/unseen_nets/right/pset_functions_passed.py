import argparse

import numpy as np


def softmax(x):
    """Compute softmax for a batch of input. Args: x: (batch_size, num_classes)."""
    x = x - np.max(x, axis=1)[:, np.newaxis]
    e = np.exp(x)
    return e / np.sum(e, axis=1)[:, np.newaxis]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def get_initial_params(input_size, num_hidden, num_output):
    params = {}
    params["W1"] = np.random.normal(size=(input_size, num_hidden))
    params["b1"] = np.zeros(num_hidden)
    params["W2"] = np.random.normal(size=(num_hidden, num_output))
    params["b2"] = np.zeros(num_output)
    return params


def forward_prop(data, one_hot_labels, params):
    """Returns the activations of the hidden layer, the output, and the average loss."""
    hidden = sigmoid(data.dot(params["W1"]) + params["b1"])
    output = softmax(hidden.dot(params["W2"]) + params["b2"])
    cost = -np.sum(one_hot_labels * np.log(output)) / data.shape[0]
    return hidden, output, cost


def backward_prop(data, one_hot_labels, params, forward_prop_func):
    """Returns a dictionary of the gradients of the average loss."""
    n_ex = data.shape[0]
    hidden, output, _ = forward_prop_func(data, one_hot_labels, params)
    delta2 = (output - one_hot_labels) / n_ex
    delta1 = delta2.dot(params["W2"].T) * hidden * (1 - hidden)
    gradients = {}
    gradients["W2"] = hidden.T.dot(delta2)
    gradients["b2"] = np.sum(delta2, axis=0)
    gradients["W1"] = data.T.dot(delta1)
    gradients["b1"] = np.sum(delta1, axis=0)
    return gradients


def backward_prop_regularized(data, one_hot_labels, params, forward_prop_func, reg):
    grads = backward_prop(data, one_hot_labels, params, forward_prop_func)
    grads["W1"] += 2 * reg * params["W1"]
    grads["W2"] += 2 * reg * params["W2"]
    return grads


def gradient_descent_epoch(
    train_data, one_hot_train_labels, learning_rate, batch_size, params, forward_prop_func, backward_prop_func
):
    """Perform one epoch of gradient descent; modifies params in place."""
    n_ex = train_data.shape[0]
    for i in range(n_ex // batch_size):
        batch_data = train_data[i * batch_size : (i + 1) * batch_size]
        batch_labels = one_hot_train_labels[i * batch_size : (i + 1) * batch_size]
        grad = backward_prop_func(batch_data, batch_labels, params, forward_prop_func)
        for key in params:
            params[key] -= learning_rate * grad[key]
    return


def compute_accuracy(output, labels):
    return (np.argmax(output, axis=1) == np.argmax(labels, axis=1)).sum() * 1.0 / labels.shape[0]


def one_hot_labels(labels):
    out = np.zeros((labels.size, 10))
    out[np.arange(labels.size), labels.astype(int)] = 1
    return out


def read_data(images_file, labels_file):
    x = np.loadtxt(images_file, delimiter=",")
    y = np.loadtxt(labels_file, delimiter=",")
    return x, y


def main():
    parser = argparse.ArgumentParser(description="Train a nn model.")
    parser.add_argument("--num_epochs", type=int, default=30)
    args = parser.parse_args()
    np.random.seed(100)
    train_data, train_labels = read_data("./images_train.csv", "./labels_train.csv")
    train_labels = one_hot_labels(train_labels)
    params = get_initial_params(train_data.shape[1], 300, 10)
    for epoch in range(args.num_epochs):
        gradient_descent_epoch(
            train_data,
            train_labels,
            5,
            1000,
            params,
            forward_prop,
            lambda *a: backward_prop_regularized(*a, reg=0.0001),
        )
        _, _, cost = forward_prop(train_data, train_labels, params)
        print(epoch, cost)


if __name__ == "__main__":
    main()

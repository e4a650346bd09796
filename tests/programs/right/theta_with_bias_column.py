# ex4 of the machine learning course, translated from Octave
import numpy as np

def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))

def nn_cost_function(Theta1, Theta2, X, y, lam, num_labels):
    """y has labels 0..num_labels-1. The first column of each Theta belongs to the bias unit."""
    m = X.shape[0]
    Y = np.eye(num_labels)[y]

    A1 = np.hstack([np.ones((m, 1)), X])
    Z2 = A1 @ Theta1.T
    A2 = np.hstack([np.ones((m, 1)), sigmoid(Z2)])
    Z3 = A2 @ Theta2.T
    A3 = sigmoid(Z3)

    J = np.sum(-Y * np.log(A3) - (1 - Y) * np.log(1 - A3)) / m
    J = J + lam / (2 * m) * (np.sum(Theta1[:, 1:] ** 2) + np.sum(Theta2[:, 1:] ** 2))

    D3 = A3 - Y
    D2 = (D3 @ Theta2)[:, 1:] * sigmoid(Z2) * (1 - sigmoid(Z2))
    Theta1_grad = D2.T @ A1 / m
    Theta2_grad = D3.T @ A2 / m
    Theta1_grad[:, 1:] += lam / m * Theta1[:, 1:]
    Theta2_grad[:, 1:] += lam / m * Theta2[:, 1:]
    return J, Theta1_grad, Theta2_grad

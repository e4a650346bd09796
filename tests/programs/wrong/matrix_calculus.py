import numpy as np

def softmax_rows(A):
    A = A - np.amax(A, axis=1)[:, None]
    A = np.exp(A)
    return A / np.sum(A, axis=1)[:, None]

def vec_relu(A):
    B = A.copy()
    B[B < 0] = 0
    return B

def net_value_and_gradient(X, Y, W_in, b_in, W_mid, b_mid, W_out, b_out):
    """Following the matrix calculus handout: returns cost and six gradients (784-100-100-10)."""
    N = X.shape[0]
    A1 = X @ W_in + b_in
    F1 = vec_relu(A1)
    A2 = F1 @ W_mid + b_mid
    F2 = vec_relu(A2)
    A3 = F2 @ W_out + b_out
    S = softmax_rows(A3)
    cost = -np.sum(Y * np.log(S)) / N

    G3 = (S - Y) / N
    G2 = (G3 @ W_out.T) * np.sign(F2)
    G1 = (G2 @ W_mid) * np.sign(F1)
    return cost, X.T @ G1, G1.sum(0), F1.T @ G2, G2.sum(0), F2.T @ G3, G3.sum(0)

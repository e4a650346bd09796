import numpy as np

np.random.seed(0)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def dsigmoid(out):
    return out * (1 - out)


# all 8 bit numbers
bits = 8
biggest = 2 ** bits
table = np.unpackbits(np.array([range(biggest)], dtype=np.uint8).T, axis=1)

# hyperparameters
alpha = 0.1
n_in, n_hid, n_out = 2, 16, 1

W_in = 2 * np.random.random((n_in, n_hid)) - 1
W_out = 2 * np.random.random((n_hid, n_out)) - 1
W_rec = 2 * np.random.random((n_hid, n_hid)) - 1

dW_in = np.zeros_like(W_in)
dW_out = np.zeros_like(W_out)
dW_rec = np.zeros_like(W_rec)

for iteration in range(10000):
    # a random addition
    first_int = np.random.randint(biggest // 2)
    second_int = np.random.randint(biggest // 2)
    first, second = table[first_int], table[second_int]
    total = table[first_int + second_int]
    guess = np.zeros_like(total)

    total_error = 0
    out_deltas = []
    hidden_values = [np.zeros((1, n_hid))]

    # from the lowest bit to the highest
    for pos in range(bits):
        X = np.array([[first[bits - pos - 1], second[bits - pos - 1]]])
        y = np.array([[total[bits - pos - 1]]])

        hidden = sigmoid(np.dot(X, W_in) + np.dot(hidden_values[-1], W_rec))
        out = sigmoid(np.dot(hidden, W_out))

        error = y - out
        out_deltas.append(error * dsigmoid(out))
        total_error += np.abs(error[0, 0])
        guess[bits - pos - 1] = np.round(out[0, 0])
        hidden_values.append(hidden.copy())

    # back through time
    next_delta = np.zeros((1, n_hid))
    for pos in range(bits):
        X = np.array([[first[pos], second[pos]]])
        hidden = hidden_values[-pos - 1]
        before = hidden_values[-pos - 2]

        out_delta = out_deltas[-pos - 1]
        hid_delta = (next_delta.dot(W_rec.T) + out_delta.dot(W_out.T)) * dsigmoid(hidden)

        dW_out += hidden.T.dot(out_delta)
        dW_rec += before.T.dot(hid_delta)
        dW_in += X.T.dot(hid_delta)
        next_delta = hid_delta

    W_in += alpha * dW_in
    W_out += alpha * dW_out
    W_rec += alpha * dW_rec

    dW_in *= 0
    dW_out *= 0
    dW_rec *= 0

    if iteration % 1000 == 0:
        print("Error:", total_error)
        print("Guess:", guess, "True:", total)

import numpy as np

# truth table of XOR
X = np.array([[0, 0],
              [0, 1],
              [1, 0],
              [1, 1]])
y = np.array([[0], [1], [1], [0]])


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def sigmoid_der(a):
    # a is already the output of the sigmoid
    return a * (1 - a)


np.random.seed(1)
w_h = np.random.uniform(-1, 1, size=(2, 3))
b_h = np.random.uniform(-1, 1, size=(1, 3))
w_o = np.random.uniform(-1, 1, size=(3, 1))
b_o = np.random.uniform(-1, 1, size=(1, 1))
alpha = 0.5

for epoch in range(20000):
    # feed forward
    hid = sigmoid(np.dot(X, w_h) + b_h)
    out = sigmoid(np.dot(hid, w_o) + b_o)

    # back propagation
    err = y - out
    delta_out = err * sigmoid_der(out)
    err_hid = delta_out.dot(w_o.T)
    delta_hid = err_hid * sigmoid_der(hid)

    # adjust the weights
    w_o += alpha * hid.T.dot(delta_out)
    b_o += alpha * np.sum(delta_out, axis=0, keepdims=True)
    w_h += alpha * X.T.dot(delta_hid)
    b_h += alpha * np.sum(delta_hid, axis=0, keepdims=True)

    if epoch % 2000 == 0:
        print("Error:", np.mean(np.abs(err)))

print("Predictions after training:")
print(out.round(3))

"""Character level recurrent network, trained by truncated backpropagation through time."""
import numpy as np

text = open("shakespeare.txt").read()
vocab = sorted(set(text))
V = len(vocab)
char_to_id = {c: i for i, c in enumerate(vocab)}
id_to_char = {i: c for i, c in enumerate(vocab)}
print("%d characters, %d different ones" % (len(text), V))

H = 64          # hidden units
T_steps = 20    # characters per update
lr = 0.1

Wxh = np.random.randn(H, V) * 0.01
Whh = np.random.randn(H, H) * 0.01
Why = np.random.randn(V, H) * 0.01
bh = np.zeros((H, 1))
by = np.zeros((V, 1))


def loss_and_gradients(inputs, targets, h_start):
    """inputs, targets: lists of character ids; h_start: (H, 1) state before the first character"""
    x, h, p = {}, {}, {}
    h[-1] = np.copy(h_start)
    loss = 0
    for t in range(len(inputs)):
        x[t] = np.zeros((V, 1))
        x[t][inputs[t]] = 1
        h[t] = np.tanh(np.dot(Wxh, x[t]) + np.dot(Whh, h[t - 1]) + bh)
        scores = np.dot(Why, h[t]) + by
        e = np.exp(scores - np.max(scores))
        p[t] = e / np.sum(e)
        loss += -np.log(p[t][targets[t], 0])

    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    dh_next = np.zeros_like(h[0])
    for t in reversed(range(len(inputs))):
        dscores = np.copy(p[t])
        dscores[targets[t]] -= 1
        dWhy += np.dot(dscores, h[t].T)
        dby += dscores
        dh = np.dot(Why.T, dscores) + dh_next
        draw = (1 - h[t] ** 2) * dh
        dbh += draw
        dWxh += np.dot(draw, x[t].T)
        dWhh += np.dot(draw, h[t - 1].T)
        dh_next = np.dot(Whh.T, draw)
    for grad in (dWxh, dWhh, dWhy, dbh, dby):
        np.clip(grad, -5, 5, out=grad)      # against exploding gradients
    return loss, dWxh, dWhh, dWhy, dbh, dby, h[len(inputs) - 1]


def sample(h, first, n):
    x = np.zeros((V, 1))
    x[first] = 1
    ids = []
    for _ in range(n):
        h = np.tanh(np.dot(Wxh, x) + np.dot(Whh, h) + bh)
        scores = np.dot(Why, h) + by
        prob = np.exp(scores) / np.sum(np.exp(scores))
        chosen = np.random.choice(range(V), p=prob.ravel())
        x = np.zeros((V, 1))
        x[chosen] = 1
        ids.append(chosen)
    return "".join(id_to_char[i] for i in ids)


n, position = 0, 0
memory = [np.zeros_like(w) for w in (Wxh, Whh, Why, bh, by)]    # for Adagrad
running_loss = -np.log(1.0 / V) * T_steps
while n < 100000:
    if position + T_steps + 1 >= len(text) or n == 0:
        h_prev = np.zeros((H, 1))
        position = 0
    inputs = [char_to_id[c] for c in text[position:position + T_steps]]
    targets = [char_to_id[c] for c in text[position + 1:position + T_steps + 1]]

    loss, dWxh, dWhh, dWhy, dbh, dby, h_prev = loss_and_gradients(inputs, targets, h_prev)
    running_loss = 0.999 * running_loss + 0.001 * loss
    if n % 500 == 0:
        print("---- iteration %d, loss %.3f" % (n, running_loss))
        print(sample(h_prev, inputs[0], 150))

    for param, grad, mem in zip((Wxh, Whh, Why, bh, by), (dWxh, dWhh, dWhy, dbh, dby), memory):
        mem += grad * grad
        param += -lr * grad / np.sqrt(mem + 1e-8)

    position += T_steps
    n += 1

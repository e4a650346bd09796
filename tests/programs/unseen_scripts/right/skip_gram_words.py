import numpy as np


def tokenize(text):
    return text.lower().replace('.', '').split()


def softmax(x):
    e_x = np.exp(x - np.max(x))
    return e_x / e_x.sum()


class SkipGram:
    def __init__(self, dim=10, window=2, lr=0.01, epochs=50):
        self.dim = dim
        self.window = window
        self.lr = lr
        self.epochs = epochs

    def build_vocab(self, tokens):
        self.words = sorted(set(tokens))
        self.word2idx = {w: i for i, w in enumerate(self.words)}
        self.vocab_size = len(self.words)

    def one_hot(self, word):
        vec = np.zeros(self.vocab_size)
        vec[self.word2idx[word]] = 1
        return vec

    def make_pairs(self, tokens):
        pairs = []
        for i, word in enumerate(tokens):
            context = []
            for j in range(max(0, i - self.window), min(len(tokens), i + self.window + 1)):
                if j != i:
                    context.append(self.one_hot(tokens[j]))
            pairs.append((self.one_hot(word), context))
        return pairs

    def forward(self, x):
        h = np.dot(self.W1.T, x)
        u = np.dot(self.W2.T, h)
        return softmax(u), h, u

    def backprop(self, e, h, x):
        dW2 = np.outer(h, e)
        dW1 = np.outer(x, np.dot(self.W2, e))
        self.W1 = self.W1 - self.lr * dW1
        self.W2 = self.W2 - self.lr * dW2

    def train(self, tokens):
        self.build_vocab(tokens)
        self.W1 = np.random.uniform(-0.8, 0.8, (self.vocab_size, self.dim))
        self.W2 = np.random.uniform(-0.8, 0.8, (self.dim, self.vocab_size))
        pairs = self.make_pairs(tokens)

        for epoch in range(self.epochs):
            self.loss = 0
            for x, context in pairs:
                y_pred, h, u = self.forward(x)
                error = np.sum([y_pred - c for c in context], axis=0)
                self.backprop(error, h, x)
                self.loss += -np.sum([u[np.argmax(c)] for c in context]) + len(context) * np.log(np.sum(np.exp(u)))
            if epoch % 10 == 0:
                print('epoch', epoch, 'loss', self.loss)

    def vector(self, word):
        return self.W1[self.word2idx[word]]

    def most_similar(self, word, top=3):
        v = self.vector(word)
        scores = self.W1 @ v / (np.linalg.norm(self.W1, axis=1) * np.linalg.norm(v))
        best = np.argsort(-scores)
        return [(self.words[i], scores[i]) for i in best if self.words[i] != word][:top]


corpus = "The quick brown fox jumps over the lazy dog. The dog sleeps while the fox runs over the hill."
tokens = tokenize(corpus)
model = SkipGram(dim=8, epochs=100)
model.train(tokens)
print(model.vector("fox"))
print(model.most_similar("fox"))

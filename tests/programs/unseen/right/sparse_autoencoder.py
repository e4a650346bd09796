import numpy as np
from dataclasses import dataclass, field


@dataclass
class AutoEncoder:
    visible: int
    hidden: int
    seed: int = 0
    W_enc: np.ndarray = field(init=False)
    b_enc: np.ndarray = field(init=False)
    W_dec: np.ndarray = field(init=False)
    b_dec: np.ndarray = field(init=False)

    def __post_init__(self):
        rng = np.random.default_rng(self.seed)
        self.W_enc = rng.normal(0, 0.1, (self.visible, self.hidden))
        self.b_enc = np.zeros(self.hidden)
        self.W_dec = rng.normal(0, 0.1, (self.hidden, self.visible))
        self.b_dec = np.zeros(self.visible)

    def encode(self, x: np.ndarray) -> np.ndarray:
        return np.tanh(x @ self.W_enc + self.b_enc)

    def decode(self, code: np.ndarray) -> np.ndarray:
        return code @ self.W_dec + self.b_dec

    def loss(self, x: np.ndarray) -> float:
        return float(np.mean(np.sum((self.decode(self.encode(x)) - x) ** 2, axis=1)))

    def gradients(self, x: np.ndarray) -> dict[str, np.ndarray]:
        code = self.encode(x)
        out = self.decode(code)
        d_out = 2 * (out - x) / x.shape[0]
        d_code = d_out @ self.W_dec.T
        d_pre = d_code * (1 - code**2)
        return {
            "W_enc": x.T @ d_pre,
            "b_enc": d_pre.sum(axis=0),
            "W_dec": code.T @ d_out,
            "b_dec": d_out.sum(axis=0),
        }

    def step(self, x: np.ndarray, lr: float) -> None:
        for name, gradient in self.gradients(x).items():
            setattr(self, name, getattr(self, name) - lr * gradient)


def main():
    x = np.load("faces.npy") / 255.0
    model = AutoEncoder(x.shape[1], 64)
    for epoch in range(100):
        for i in range(0, len(x), 128):
            model.step(x[i:i + 128], 0.01)
        print(epoch, model.loss(x))


if __name__ == "__main__":
    main()

import numpy as np

# users x films, 0 = not rated
ratings = np.array([
    [5, 4, 0, 1, 0],
    [4, 0, 3, 1, 2],
    [1, 1, 0, 5, 4],
    [0, 1, 2, 4, 0],
    [2, 0, 5, 0, 4],
    [0, 3, 4, 1, 0],
])
known = ratings > 0
n_users, n_films = ratings.shape
n_factors = 3


def factorize(ratings, known, U, V, steps=3000, alpha=0.01, lam=0.1):
    for step in range(steps):
        error = known * (U @ V.T - ratings)
        loss = np.sum(error**2) + lam * (np.sum(U**2) + np.sum(V**2))

        grad_U = 2 * error @ V + 2 * lam * U
        grad_V = 2 * error.T @ U + 2 * lam * V
        U = U - alpha * grad_U
        V = V - alpha * grad_V

        if step % 500 == 0:
            print(step, loss)
    return U, V


rng = np.random.RandomState(0)
U = rng.rand(n_users, n_factors)
V = rng.rand(n_films, n_factors)
U, V = factorize(ratings, known, U, V)
print(np.round(U @ V.T, 1))

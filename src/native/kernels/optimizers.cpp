// Optimisers: one pass over the vectors, each number read and written once.
#include "math.hpp"

namespace handgrad::HANDGRAD_VARIANT {
namespace {

template <class T>
void sgd_update(T* __restrict theta, const T* __restrict grad, Size count, T learning_rate) {
    HANDGRAD_SIMD
    for (Size i = 0; i < count; ++i) theta[i] -= learning_rate * grad[i];
}

template <class T>
void momentum_update(T* __restrict theta, T* __restrict velocity, const T* __restrict grad, Size count,
                     T learning_rate, T momentum) {
    HANDGRAD_SIMD
    for (Size i = 0; i < count; ++i) {
        velocity[i] = momentum * velocity[i] + learning_rate * grad[i];
        theta[i] -= velocity[i];
    }
}

template <class T>
void nesterov_update(T* __restrict theta, T* __restrict velocity, const T* __restrict grad, Size count,
                     T learning_rate, T momentum) {
    HANDGRAD_SIMD
    for (Size i = 0; i < count; ++i) {
        velocity[i] = momentum * velocity[i] + learning_rate * grad[i];
        theta[i] -= momentum * velocity[i] + learning_rate * grad[i];
    }
}

template <class T>
void rmsprop_update(T* __restrict theta, T* __restrict square, const T* __restrict grad, Size count, T learning_rate,
                    double decay, T epsilon) {
    const T keep = T(decay), take = T(1 - decay);
    HANDGRAD_SIMD
    for (Size i = 0; i < count; ++i) {
        square[i] = keep * square[i] + take * grad[i] * grad[i];
        theta[i] -= learning_rate * grad[i] / (square_root(square[i]) + epsilon);
    }
}

template <class T>
void adam_update(T* __restrict theta, T* __restrict first, T* __restrict second, const T* __restrict grad, Size count,
                 const Adam& settings) {
    const T keep1 = T(settings.beta1), take1 = T(1 - settings.beta1);
    const T keep2 = T(settings.beta2), take2 = T(1 - settings.beta2);
    const T rate = T(settings.learning_rate), epsilon = T(settings.epsilon), decay = T(settings.weight_decay);
    const T correct1 = T(1 / settings.correction1), correct2 = T(1 / settings.correction2);
    HANDGRAD_SIMD
    for (Size i = 0; i < count; ++i) {
        first[i] = keep1 * first[i] + take1 * grad[i];
        second[i] = keep2 * second[i] + take2 * grad[i] * grad[i];
        const T step = first[i] * correct1 / (square_root(second[i] * correct2) + epsilon);
        theta[i] -= rate * (step + decay * theta[i]);
    }
}

template <class T>
void fill(Table<T>& table) {
    table.sgd_update = sgd_update<T>;
    table.momentum_update = momentum_update<T>;
    table.nesterov_update = nesterov_update<T>;
    table.rmsprop_update = rmsprop_update<T>;
    table.adam_update = adam_update<T>;
}

}  // namespace

void fill_optimizers(Tables& tables) {
    fill(tables.floats);
    fill(tables.doubles);
}

}  // namespace handgrad::HANDGRAD_VARIANT

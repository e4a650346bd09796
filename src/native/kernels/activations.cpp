// Elementwise activations and softmax. Comparisons are turned so that a NaN passes on. The elementwise ones may write
// over what they read.
#include "math.hpp"

namespace handgrad::HANDGRAD_VARIANT {
namespace {

template <class T>
void relu_forward(T* y, const T* x, Size count) {
    HANDGRAD_SIMD
    for (Size i = 0; i < count; ++i) y[i] = 0 > x[i] ? 0 : x[i];
}

template <class T>
void relu_backward(T* dx, const T* dy, const T* y, Size count) {
    HANDGRAD_SIMD
    for (Size i = 0; i < count; ++i) dx[i] = dy[i] * (y[i] > 0 ? T(1) : T(0));
}

template <class T>
void tanh_forward(T* y, const T* x, Size count) {
    HANDGRAD_SIMD
    for (Size i = 0; i < count; ++i) y[i] = hyperbolic_tangent(x[i]);
}

template <class T>
void tanh_backward(T* dx, const T* dy, const T* y, Size count) {
    HANDGRAD_SIMD
    for (Size i = 0; i < count; ++i) dx[i] = dy[i] * (1 - y[i] * y[i]);
}

template <class T>
void sigmoid_forward(T* y, const T* x, Size count) {
    HANDGRAD_SIMD
    for (Size i = 0; i < count; ++i) {
        const T e = exponential(-magnitude(x[i]));
        y[i] = (x[i] >= 0 ? T(1) : e) / (1 + e);
    }
}

template <class T>
void sigmoid_backward(T* dx, const T* dy, const T* y, Size count) {
    HANDGRAD_SIMD
    for (Size i = 0; i < count; ++i) dx[i] = dy[i] * (y[i] * (1 - y[i]));
}

template <class T>
inline void shift_row(T* __restrict y, const T* __restrict x, Size P) {
    T largest = -T(INFINITY);
    HANDGRAD_SIMD_MAX(largest)
    for (Size k = 0; k < P; ++k) largest = x[k] > largest ? x[k] : largest;
    HANDGRAD_SIMD
    for (Size k = 0; k < P; ++k) y[k] = x[k] - largest;
}

template <class T>
inline void normalize_row(T* __restrict y, Size P) {
    T total = 0;
    HANDGRAD_SIMD_SUM(total)
    for (Size k = 0; k < P; ++k) total += y[k];
    HANDGRAD_SIMD
    for (Size k = 0; k < P; ++k) y[k] /= total;
}

// The exponentials of all rows in one go: a row of few classes fills no vector.
template <class T>
void softmax_forward(T* __restrict y, const T* __restrict x, Size N, Size P) {
    for (Size n = 0; n < N; ++n) shift_row(y + n * P, x + n * P, P);
    HANDGRAD_SIMD
    for (Size i = 0; i < N * P; ++i) y[i] = exponential(y[i]);
    for (Size n = 0; n < N; ++n) normalize_row(y + n * P, P);
}

template <class T>
void softmax_backward_row(T* __restrict dx, const T* __restrict dy, const T* __restrict y, Size P) {
    T inner = 0;
    HANDGRAD_SIMD_SUM(inner)
    for (Size k = 0; k < P; ++k) inner += dy[k] * y[k];
    HANDGRAD_SIMD
    for (Size k = 0; k < P; ++k) dx[k] = y[k] * (dy[k] - inner);
}

template <class T>
void softmax_backward(T* dx, const T* dy, const T* y, Size N, Size P) {
    for (Size n = 0; n < N; ++n) softmax_backward_row(dx + n * P, dy + n * P, y + n * P, P);
}

template <class T>
void fill(Table<T>& table) {
    table.relu_forward = relu_forward<T>;
    table.relu_backward = relu_backward<T>;
    table.tanh_forward = tanh_forward<T>;
    table.tanh_backward = tanh_backward<T>;
    table.sigmoid_forward = sigmoid_forward<T>;
    table.sigmoid_backward = sigmoid_backward<T>;
    table.softmax_forward = softmax_forward<T>;
    table.softmax_backward = softmax_backward<T>;
}

}  // namespace

void fill_activations(Tables& tables) {
    fill(tables.floats);
    fill(tables.doubles);
}

}  // namespace handgrad::HANDGRAD_VARIANT

// The penalty on the weights; its value is added up in double whatever the weights are.
#include "math.hpp"

namespace handgrad::HANDGRAD_VARIANT {
namespace {

template <class T>
double sum_absolute(const T* __restrict W, Size count) {
    double sum = 0;
    HANDGRAD_SIMD_SUM(sum)
    for (Size i = 0; i < count; ++i) sum += magnitude(double(W[i]));
    return sum;
}

template <class T>
double sum_squares(const T* __restrict W, Size count) {
    double sum = 0;
    HANDGRAD_SIMD_SUM(sum)
    for (Size i = 0; i < count; ++i) sum += double(W[i]) * double(W[i]);
    return sum;
}

// sign(0) = 0, sign(NaN) = NaN
template <class T>
inline T sign(T w) {
    return w > 0 ? T(1) : w < 0 ? T(-1) : w;
}

// A rate of 0 skips its term: 0 · ∞ would be NaN.
template <class T>
void add_penalty_gradient(T* __restrict dW, const T* __restrict W, Size count, T l1, T l2) {
    if (l1 != 0 && l2 != 0) {
        HANDGRAD_SIMD
        for (Size i = 0; i < count; ++i) dW[i] = dW[i] + l1 * sign(W[i]) + l2 * W[i];
    } else if (l1 != 0) {
        HANDGRAD_SIMD
        for (Size i = 0; i < count; ++i) dW[i] += l1 * sign(W[i]);
    } else if (l2 != 0) {
        HANDGRAD_SIMD
        for (Size i = 0; i < count; ++i) dW[i] += l2 * W[i];
    }
}

template <class T>
void fill(Table<T>& table) {
    table.sum_absolute = sum_absolute<T>;
    table.sum_squares = sum_squares<T>;
    table.add_penalty_gradient = add_penalty_gradient<T>;
}

}  // namespace

void fill_penalty(Tables& tables) {
    fill(tables.floats);
    fill(tables.doubles);
}

}  // namespace handgrad::HANDGRAD_VARIANT

// Inverted dropout.
#include "variant.hpp"

namespace handgrad::HANDGRAD_VARIANT {
namespace {

template <class T>
void dropout_forward(T* __restrict y, T* __restrict mask, const T* __restrict x, const float* __restrict uniform,
                     Size count, double keep_probability) {
    const float probability = float(keep_probability);
    const T factor = T(1 / keep_probability);
    HANDGRAD_SIMD
    for (Size i = 0; i < count; ++i) {
        mask[i] = uniform[i] < probability ? factor : 0;
        y[i] = x[i] * mask[i];
    }
}

template <class T>
void dropout_backward(T* __restrict dx, const T* __restrict dy, const T* __restrict mask, Size count) {
    HANDGRAD_SIMD
    for (Size i = 0; i < count; ++i) dx[i] = dy[i] * mask[i];
}

template <class T>
void fill(Table<T>& table) {
    table.dropout_forward = dropout_forward<T>;
    table.dropout_backward = dropout_backward<T>;
}

}  // namespace

void fill_dropout(Tables& tables) {
    fill(tables.floats);
    fill(tables.doubles);
}

}  // namespace handgrad::HANDGRAD_VARIANT

// What the dense layer needs beside matrix products, which stay with NumPy's BLAS.
#include "variant.hpp"

namespace handgrad::HANDGRAD_VARIANT {
namespace {

// y[n] += b, M numbers a row
template <class T>
void add_bias(T* y, const T* __restrict b, Size N, Size M) {
    for (Size n = 0; n < N; ++n) {
        T* __restrict row = y + n * M;
        HANDGRAD_SIMD
        for (Size m = 0; m < M; ++m) row[m] += b[m];
    }
}

// db = Σₙ dy[n], row after row
template <class T>
void sum_rows(T* __restrict db, const T* dy, Size N, Size M) {
    for (Size m = 0; m < M; ++m) db[m] = 0;
    for (Size n = 0; n < N; ++n) {
        const T* __restrict row = dy + n * M;
        HANDGRAD_SIMD
        for (Size m = 0; m < M; ++m) db[m] += row[m];
    }
}

template <class T>
void fill(Table<T>& table) {
    table.add_bias = add_bias<T>;
    table.sum_rows = sum_rows<T>;
}

}  // namespace

void fill_dense(Tables& tables) {
    fill(tables.floats);
    fill(tables.doubles);
}

}  // namespace handgrad::HANDGRAD_VARIANT

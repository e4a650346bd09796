// What the dense layer needs beside matrix products, which are NumPy's BLAS's: bias and its gradient, and products of
// one sample, for which a call of BLAS does too much.
#include "vectors.hpp"

namespace handgrad::HANDGRAD_VARIANT {
namespace {

// y[n] += b, M numbers of each row of `stride`
template <class T>
void add_bias(T* y, const T* __restrict b, Size N, Size M, Size stride) {
    for (Size n = 0; n < N; ++n) {
        T* __restrict row = y + n * stride;
        HANDGRAD_SIMD
        for (Size m = 0; m < M; ++m) row[m] += b[m];
    }
}

// db = Σₙ dy[n], row after row of `stride` numbers, of which M count
template <class T>
void sum_rows(T* __restrict db, const T* dy, Size N, Size M, Size stride) {
    for (Size m = 0; m < M; ++m) db[m] = 0;
    for (Size n = 0; n < N; ++n) {
        const T* __restrict row = dy + n * stride;
        HANDGRAD_SIMD
        for (Size m = 0; m < M; ++m) db[m] += row[m];
    }
}

// ---------------------------------------------------------------------------------------------- one sample

// y[at … at + lanes] = b + Σ x[d] W[d]: `rows` sums under way at once hide the latency of an addition.
template <class T>
void column_sums(T* y, const T* x, const T* W, const T* b, Size D, Size M, Size at) {
    constexpr int rows = 8;
    Vector<T> sums[rows] = {load(b + at)};
    Size d = 0;
    for (; d + rows <= D; d += rows) {
        for (int i = 0; i < rows; ++i) sums[i] += load(W + (d + i) * M + at) * x[d + i];
    }
    for (; d < D; ++d) sums[0] += load(W + d * M + at) * x[d];
    for (int i = 1; i < rows; ++i) sums[0] += sums[i];
    store(y + at, sums[0]);
}

// y = x W + b
template <class T>
void row_forward(T* y, const T* x, const T* W, const T* b, Size D, Size M) {
    if (M < lanes<T>) {
        for (Size m = 0; m < M; ++m) y[m] = b[m];
        for (Size d = 0; d < D; ++d) {
            for (Size m = 0; m < M; ++m) y[m] += x[d] * W[d * M + m];
        }
        return;
    }
    for (Size at = 0; at < M; at += lanes<T>) {
        // The last vector is laid over the end of the row, and repeats some of the one before.
        column_sums(y, x, W, b, D, M, at + lanes<T> <= M ? at : M - lanes<T>);
    }
}

// dW[d] = x[d] dy
template <class T>
void row_weights(T* __restrict dW, const T* __restrict dy, const T* __restrict x, Size D, Size M) {
    if (M < lanes<T> || M > 4 * lanes<T>) {
        for (Size d = 0; d < D; ++d) {
            HANDGRAD_SIMD
            for (Size m = 0; m < M; ++m) dW[d * M + m] = x[d] * dy[m];
        }
        return;
    }
    for (Size at = 0; at < M; at += lanes<T>) {
        const Size column = at + lanes<T> <= M ? at : M - lanes<T>;
        const Vector<T> values = load(dy + column);
        T* to = dW + column;
        for (Size d = 0; d < D; ++d, to += M) store(to, values * x[d]);
    }
}

// The sum of each of `lanes` vectors, side by side: pairs of neighbours are added until one vector is left.
template <class T, int count = int(lanes<T>)>
inline Vector<T> sums_of(const Vector<T>* v) {
    if constexpr (count == 1) {
        return *v;
    } else {
        Vector<T> halves[count / 2];
        for (int i = 0; i < count / 2; ++i) {
            halves[i] = evens<T>(v[2 * i], v[2 * i + 1]) + odds<T>(v[2 * i], v[2 * i + 1]);
        }
        return sums_of<T, count / 2>(halves);
    }
}

// One row's vector of products, whose lanes add up to Σ dy[m] W[m].
template <class T>
inline Vector<T> products(const T* dy, const T* row, Size M, Mask<T> rest, Vector<T> last) {
    Vector<T> sum = {};
    Size m = 0;
    for (; m + lanes<T> <= M; m += lanes<T>) sum += load(row + m) * load(dy + m);
    // The last vector of the row overlaps: lanes that were there already are left out.
    if (m < M) sum += keep<T>(load(row + M - lanes<T>), rest) * last;
    return sum;
}

// dx[d] = Σ dy[m] W[d, m]
template <class T>
void row_inputs(T* dx, const T* dy, const T* W, Size D, Size M) {
    if (M < lanes<T>) {
        for (Size d = 0; d < D; ++d) {
            T sum = 0;
            for (Size m = 0; m < M; ++m) sum += dy[m] * W[d * M + m];
            dx[d] = sum;
        }
        return;
    }
    const Mask<T> rest = ~first_lanes<T>(lanes<T> - M % lanes<T>);
    const Vector<T> last = keep<T>(load(dy + M - lanes<T>), rest);
    Size d = 0;
    for (; d + lanes<T> <= D; d += lanes<T>) {
        Vector<T> rows[lanes<T>];
        for (Size i = 0; i < lanes<T>; ++i) rows[i] = products(dy, W + (d + i) * M, M, rest, last);
        store(dx + d, sums_of<T>(rows));
    }
    for (; d < D; ++d) dx[d] = sum_lanes<T>(products(dy, W + d * M, M, rest, last));
}

template <class T>
void fill(Table<T>& table) {
    table.add_bias = add_bias<T>;
    table.sum_rows = sum_rows<T>;
    table.row_forward = row_forward<T>;
    table.row_weights = row_weights<T>;
    table.row_inputs = row_inputs<T>;
}

}  // namespace

void fill_dense(Tables& tables) {
    fill(tables.floats);
    fill(tables.doubles);
}

}  // namespace handgrad::HANDGRAD_VARIANT

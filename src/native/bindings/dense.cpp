// The dense layer: which way its products are computed. One sample goes through kernels of its own, an x with many
// zeros through kernels that pass them over, all else through NumPy's BLAS, split over the threads.
#include "bindings.hpp"
#include "blas.hpp"
#include "pool.hpp"
#include "scratch.hpp"

namespace handgrad {
namespace {

nb::object* matmul = nullptr;  // numpy.matmul, for where there is no BLAS to call; lives as long as the process

nb::object transposed(const Array& array) { return nb::handle(array.object).attr("T"); }

void numpy_multiply(const Array& product, nb::handle left, nb::handle right) {
    (*matmul)(left, right, nb::arg("out") = nb::handle(product.object));
}

// One layer at hand: N samples, D in, M out.
struct Dense {
    Size N, D, M;
    Size products() const { return N * D * M; }
    Size work() const { return products() / 8; }  // a vector's products take as long as one number read and written
    bool single() const { return N == 1; }
};

// Few enough numbers of x that passing over the rest is faster than BLAS. Measured (benchmarks/kernels.py): level at
// 45 % where W stays in the second cache, at 25 % where it does not. Of a long x some rows stand for all.
template <class T>
bool sparse(const Table<T>& k, const Dense& g, const T* x) {
    if (g.M < 16 || g.D < 64 || g.N < 4) return false;
    const bool near = g.D * g.M * Size(sizeof(T)) <= 512 * 1024;
    const Size step = g.N < 64 ? 1 : g.N / 32;
    Size nonzero = 0, rows = 0;
    for (Size n = 0; n < g.N; n += step, ++rows) nonzero += k.count_nonzero(x + n * g.D, g.D);
    return nonzero < Size(double(rows * g.D) * (near ? 0.4 : 0.2));
}

template <class T>
void forward(const Table<T>& k, T* y, const T* x, const T* W, const T* b, const Dense& g) {
    if (g.single()) return k.row_forward(y, x, W, b, g.D, g.M);
    if (sparse(k, g, x)) {
        return split(g.N, 16, g.work() / 4, [&](Size from, Size to) {
            k.sparse_forward(y + from * g.M, x + from * g.D, W, b, to - from, g.D, g.M, scratch);
        });
    }
    // By samples or by units, whichever is longer: each thread reads only its part of that side.
    if (g.N >= g.M) {
        return split(g.N, 16, g.work(), [&](Size from, Size to) {
            multiply(y + from * g.M, g.M, {x + from * g.D, g.D, false}, {W, g.M, false}, to - from, g.M, g.D);
            k.add_bias(y + from * g.M, b, to - from, g.M, g.M);
        });
    }
    split(g.M, 16, g.work(), [&](Size from, Size to) {
        multiply(y + from, g.M, {x, g.D, false}, {W + from, g.M, false}, g.N, to - from, g.D);
        k.add_bias(y + from, b + from, g.N, to - from, g.M);
    });
}

template <class T>
void weights(const Table<T>& k, T* dW, const T* dy, const T* x, const Dense& g) {
    if (g.single()) return k.row_weights(dW, dy, x, g.D, g.M);
    if (g.N * g.M <= 128 * 1024 && sparse(k, g, x)) {
        return split(g.D, 16, g.work() / 4, [&](Size from, Size to) {
            k.sparse_weights(dW, dy, x, g.N, g.D, g.M, from, to, scratch);
        });
    }
    split(g.D, 16, g.work(), [&](Size from, Size to) {
        multiply(dW + from * g.M, g.M, {x + from, g.D, true}, {dy, g.M, false}, to - from, g.M, g.N);
    });
}

template <class T>
void inputs(const Table<T>& k, T* dx, const T* dy, const T* W, const Dense& g) {
    if (g.single()) return k.row_inputs(dx, dy, W, g.D, g.M);
    if (g.N >= g.D) {
        return split(g.N, 16, g.work(), [&](Size from, Size to) {
            multiply(dx + from * g.D, g.D, {dy + from * g.M, g.M, false}, {W, g.M, true}, to - from, g.D, g.M);
        });
    }
    split(g.D, 16, g.work(), [&](Size from, Size to) {
        multiply(dx + from, g.D, {dy, g.M, false}, {W + from * g.M, g.M, true}, g.N, to - from, g.M);
    });
}

template <class T>
void sum_of_rows(const Table<T>& k, T* db, const T* dy, const Dense& g) {
    split(g.M, 16, g.N * g.M, [&](Size from, Size to) { k.sum_rows(db + from, dy + from, g.N, to - from, g.M); });
}

void dense_forward(Array y, Array x, Array W, Array b) {
    const Call call("dense_forward", "W", W, 2);
    const Size D = W.size(0), M = W.size(1), N = x.dimensions == 2 ? x.size(0) : 0;
    call.reads("x", x, {N, D});
    call.writes("y", y, {N, M});
    call.reads("b", b, {M});
    const Dense g{N, D, M};
    if (g.single() || has_blas()) {
        return call.run(g.products(), [&](const auto& k) {
            forward(k, numbers(k, y), numbers(k, x), numbers(k, W), numbers(k, b), g);
        });
    }
    numpy_multiply(y, x.object, W.object);
    call.run(N * M, [&](const auto& k) { k.add_bias(y, b, N, M, M); });
}

void dense_backward(Array dx, Array dW, Array db, Array dy, Array x, Array W) {
    const Call call("dense_backward", "W", W, 2);
    const Size D = W.size(0), M = W.size(1), N = x.dimensions == 2 ? x.size(0) : 0;
    call.reads("x", x, {N, D});
    call.reads("dy", dy, {N, M});
    call.writes_or_skips("dx", dx, x);
    call.writes_or_skips("dW", dW, W);
    call.writes_or_skips("db", db, {M});
    const Dense g{N, D, M};
    const bool direct = g.single() || has_blas();
    if (!direct && dW.given()) numpy_multiply(dW, transposed(x), dy.object);
    if (!direct && dx.given()) numpy_multiply(dx, dy.object, transposed(W));
    call.run(g.products(), [&](const auto& k) {
        if (direct && dW.given()) weights(k, numbers(k, dW), numbers(k, dy), numbers(k, x), g);
        if (db.given()) sum_of_rows(k, numbers(k, db), numbers(k, dy), g);
        if (direct && dx.given()) inputs(k, numbers(k, dx), numbers(k, dy), numbers(k, W), g);
    });
}

// The rows of dW from `first` on, as many as dW has.
void dense_weights(Array dW, Array dy, Array x, int64_t first) {
    const Call call("dense_weights", "dW", dW, 2);
    call.holds(x.dimensions == 2, "x must have the dimensions (N, D)");
    const Size rows = dW.size(0), M = dW.size(1), N = x.size(0), D = x.size(1);
    call.writes("dW", dW, {rows, M});
    call.reads("x", x, {N, D});
    call.reads("dy", dy, {N, M});
    call.holds(first >= 0 && first + rows <= D, "x must have the columns from first on, as many as dW has rows");
    const Dense g{N, D, M};
    if (!g.single() && !has_blas()) {
        const nb::object columns = nb::slice(first, first + rows, int64_t(1));
        return numpy_multiply(dW, nb::handle(x.object).attr("T")[columns], dy.object);
    }
    call.run(N * rows * M, [&](const auto& k) {
        const auto* const from_first = numbers(k, x) + first;
        if (g.single()) return k.row_weights(numbers(k, dW), numbers(k, dy), from_first, rows, M);
        split(rows, 16, N * rows * M / 8, [&](Size from, Size to) {
            multiply(numbers(k, dW) + from * M, M, {from_first + from, D, true}, {numbers(k, dy), M, false}, to - from,
                     M, N);
        });
    });
}

}  // namespace

void bind_dense(nb::module_& m) {
    matmul = new nb::object(nb::module_::import_("numpy").attr("matmul"));
    find_blas();
    m.def("dense_forward", dense_forward, nb::arg("y"), nb::arg("x"), nb::arg("W"), nb::arg("b"));
    m.def("dense_backward", dense_backward, nb::arg("dx").none(), nb::arg("dW").none(), nb::arg("db").none(),
          nb::arg("dy"), nb::arg("x"), nb::arg("W"));
    m.def("dense_weights", dense_weights, nb::arg("dW"), nb::arg("dy"), nb::arg("x"), nb::arg("first"));
}

}  // namespace handgrad

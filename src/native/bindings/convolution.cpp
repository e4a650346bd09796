#include <nanobind/stl/pair.h>

#include <algorithm>
#include <type_traits>

#include "bindings.hpp"
#include "blas.hpp"
#include "pool.hpp"
#include "scratch.hpp"

namespace handgrad {
namespace {

using Pair = std::pair<Size, Size>;

Convolution geometry(const Call& call, const Array& y, const Array& x, const Array& W, Pair stride, Pair padding) {
    call.holds(x.dimensions == 4 && y.dimensions == 4, "images and results must have 4 dimensions, (N, C, H, W)");
    const Convolution g{x.size(0),    x.size(1), x.size(2), x.size(3),    W.size(0),     W.size(2),    W.size(3),
                        y.size(2),    y.size(3), stride.first, stride.second, padding.first, padding.second, W.size(0)};
    call.holds(W.size(1) == g.C, "filters and images must have the same number of channels");
    call.holds(y.size(0) == g.N && y.size(1) == g.F, "results must have the shape (N, F, P, Q)");
    call.holds(g.s >= 1 && g.t >= 1, "stride must be at least 1");
    call.holds(g.top >= 0 && g.left >= 0, "padding must not be negative");
    call.holds(g.K >= 1 && g.L >= 1 && g.P >= 1 && g.Q >= 1, "filters and results must not be empty");
    return g;
}

Size work(const Convolution& g) { return g.N * g.F * g.P * g.Q * g.C * g.K * g.L; }

// Does each filter see the whole of one image? Then it is a dense layer, with the filters as rows: y = x Wᵀ + b.
bool whole(const Convolution& g) {
    const bool one = g.P == 1 && g.Q == 1 && g.K == g.H && g.L == g.W && g.top == 0 && g.left == 0;
    return one && (g.N == 1 || has_blas());
}

template <class T>
void whole_forward(const Table<T>& k, T* y, const T* x, const T* W, const T* b, const Convolution& g) {
    const Size D = g.image();
    if (g.N == 1) {
        k.row_inputs(y, x, W, g.F, D);
    } else {
        multiply(y, g.F, {x, D, false}, {W, D, true}, g.N, g.F, D);
    }
    k.add_bias(y, b, g.N, g.F, g.F);
}

template <class T>
void whole_backward(const Table<T>& k, T* dx, T* dW, T* db, const T* dy, const T* x, const T* W, const Convolution& g) {
    const Size D = g.image();
    if (db) k.sum_rows(db, dy, g.N, g.F, g.F);
    if (dW && g.N == 1) k.row_weights(dW, x, dy, g.F, D);
    if (dW && g.N > 1) multiply(dW, D, {dy, g.F, true}, {x, D, false}, g.F, D, g.N);
    if (dx) {
        if (g.N == 1) {
            T* const zeros = static_cast<T*>(scratch(D * Size(sizeof(T))));
            std::fill(zeros, zeros + D, T(0));
            k.row_forward(dx, dy, W, zeros, g.F, D);
        } else {
            multiply(dx, D, {dy, g.F, false}, {W, D, false}, g.N, D, g.F);
        }
    }
}

// Calls act(first sample, its part of the geometry) for each thread's samples.
template <class Act>
void by_samples(const Convolution& g, Act act) {
    split(g.N, 1, work(g) / 8, [&](Size from, Size to) {
        Convolution part = g;
        part.N = to - from;
        act(from, part);
    });
}

void conv2d_forward(Array y, Array x, Array W, Array b, Pair stride, Pair padding) {
    const Call call("conv2d_forward", "W", W, 4);
    const Convolution g = geometry(call, y, x, W, stride, padding);
    call.writes("y", y, y);
    call.reads("x", x, x);
    call.reads("b", b, {g.F});
    call.run(work(g), [&](const auto& k) {
        if (whole(g)) return whole_forward(k, numbers(k, y), numbers(k, x), numbers(k, W), numbers(k, b), g);
        by_samples(g, [&](Size from, const Convolution& part) {
            k.conv2d_forward(numbers(k, y) + from * g.result(), numbers(k, x) + from * g.image(), W, b, part, scratch);
        });
    });
}

void conv2d_backward(Array dx, Array dW, Array db, Array dy, Array x, Array W, Pair stride, Pair padding) {
    const Call call("conv2d_backward", "W", W, 4);
    const Convolution g = geometry(call, dy, x, W, stride, padding);
    call.writes_or_skips("dx", dx, x);
    call.writes_or_skips("dW", dW, W);
    call.writes_or_skips("db", db, {g.F});
    call.reads("dy", dy, dy);
    call.reads("x", x, x);
    call.run(work(g), [&](const auto& k) {
        using T = typename std::decay_t<decltype(k)>::Number;
        T* const none = nullptr;
        if (whole(g)) {
            return whole_backward(k, numbers(k, dx), numbers(k, dW), numbers(k, db), numbers(k, dy), numbers(k, x),
                                  numbers(k, W), g);
        }
        if (dW.given() || db.given()) {
            // A sum over all samples, so by filters: as many at a time as share a tile.
            split(g.F, 4, work(g) / 8, [&](Size from, Size to) {
                Convolution part = g;
                part.F = to - from;
                T* const filters = dW.given() ? numbers(k, dW) + from * g.C * g.K * g.L : none;
                T* const biases = db.given() ? numbers(k, db) + from : none;
                k.conv2d_backward(none, filters, biases, numbers(k, dy) + from * g.P * g.Q, x, W, part, scratch);
            });
        }
        if (!dx.given()) return;
        by_samples(g, [&](Size from, const Convolution& part) {
            const T *gradient = numbers(k, dy) + from * g.result(), *image = numbers(k, x) + from * g.image();
            k.conv2d_backward(numbers(k, dx) + from * g.image(), none, none, gradient, image, W, part, scratch);
        });
    });
}

}  // namespace

void bind_convolution(nb::module_& m) {
    m.def("conv2d_forward", conv2d_forward, nb::arg("y"), nb::arg("x"), nb::arg("W"), nb::arg("b"), nb::arg("stride"),
          nb::arg("padding"));
    m.def("conv2d_backward", conv2d_backward, nb::arg("dx").none(), nb::arg("dW").none(), nb::arg("db").none(),
          nb::arg("dy"), nb::arg("x"), nb::arg("W"), nb::arg("stride"), nb::arg("padding"));
}

}  // namespace handgrad

#include <nanobind/stl/pair.h>

#include <new>

#include "bindings.hpp"

namespace handgrad {
namespace {

using Pair = std::pair<Size, Size>;

// Memory that a thread keeps from call to call, so that a training step allocates nothing.
class Buffer {
  public:
    ~Buffer() { free(); }
    void* of(Size bytes) {
        if (bytes > size_) {
            free();
            memory_ = ::operator new(size_t(bytes), alignment);
            size_ = bytes;
        }
        return memory_;
    }

  private:
    static constexpr std::align_val_t alignment{64};
    void free() {
        if (memory_) ::operator delete(memory_, alignment);
        memory_ = nullptr;
        size_ = 0;
    }
    void* memory_ = nullptr;
    Size size_ = 0;
};

void* scratch(Size bytes) {
    thread_local Buffer buffer;
    return buffer.of(bytes);
}

Convolution geometry(const Call& call, const Array& y, const Array& x, const Array& W, Pair stride, Pair padding) {
    call.holds(x.dimensions == 4 && y.dimensions == 4, "images and results must have 4 dimensions, (N, C, H, W)");
    const Convolution g{x.size(0),    x.size(1), x.size(2), x.size(3),    W.size(0),     W.size(2),    W.size(3),
                        y.size(2),    y.size(3), stride.first, stride.second, padding.first, padding.second};
    call.holds(W.size(1) == g.C, "filters and images must have the same number of channels");
    call.holds(y.size(0) == g.N && y.size(1) == g.F, "results must have the shape (N, F, P, Q)");
    call.holds(g.s >= 1 && g.t >= 1, "stride must be at least 1");
    call.holds(g.top >= 0 && g.left >= 0, "padding must not be negative");
    call.holds(g.K >= 1 && g.L >= 1 && g.P >= 1 && g.Q >= 1, "filters and results must not be empty");
    return g;
}

Size work(const Convolution& g) { return g.N * g.F * g.P * g.Q * g.C * g.K * g.L; }

void conv2d_forward(Array y, Array x, Array W, Array b, Pair stride, Pair padding) {
    const Call call("conv2d_forward", "W", W, 4);
    const Convolution g = geometry(call, y, x, W, stride, padding);
    call.writes("y", y, y);
    call.reads("x", x, x);
    call.reads("b", b, {g.F});
    call.run(work(g), [&](const auto& k) { k.conv2d_forward(y, x, W, b, g, scratch); });
}

void conv2d_backward(Array dx, Array dW, Array db, Array dy, Array x, Array W, Pair stride, Pair padding) {
    const Call call("conv2d_backward", "W", W, 4);
    const Convolution g = geometry(call, dy, x, W, stride, padding);
    call.writes_or_skips("dx", dx, x);
    call.writes_or_skips("dW", dW, W);
    call.writes_or_skips("db", db, {g.F});
    call.reads("dy", dy, dy);
    call.reads("x", x, x);
    call.run(work(g), [&](const auto& k) { k.conv2d_backward(dx, dW, db, dy, x, W, g, scratch); });
}

}  // namespace

void bind_convolution(nb::module_& m) {
    m.def("conv2d_forward", conv2d_forward, nb::arg("y"), nb::arg("x"), nb::arg("W"), nb::arg("b"), nb::arg("stride"),
          nb::arg("padding"));
    m.def("conv2d_backward", conv2d_backward, nb::arg("dx").none(), nb::arg("dW").none(), nb::arg("db").none(),
          nb::arg("dy"), nb::arg("x"), nb::arg("W"), nb::arg("stride"), nb::arg("padding"));
}

}  // namespace handgrad

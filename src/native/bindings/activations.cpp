#include "bindings.hpp"
#include "pool.hpp"

namespace handgrad {
namespace {

// y from x, any shape; Row kernels take (N, P).
#define HANDGRAD_FORWARD(kernel)                                                        \
    [](Array y, Array x) {                                                              \
        const Call call(#kernel, "y", y);                                               \
        call.writes("y", y, y);                                                         \
        call.reads("x", x, y);                                                          \
        call.run(y.count(), [&](const auto& k) {                                        \
            split(y.count(), 16, y.count(), [&](Size from, Size to) {                   \
                k.kernel(numbers(k, y) + from, numbers(k, x) + from, to - from);        \
            });                                                                         \
        });                                                                             \
    }

#define HANDGRAD_BACKWARD(kernel)                                                       \
    [](Array dx, Array dy, Array y) {                                                   \
        const Call call(#kernel, "dx", dx);                                             \
        call.writes("dx", dx, dx);                                                      \
        call.reads("dy", dy, dx);                                                       \
        call.reads("y", y, dx);                                                         \
        call.run(dx.count(), [&](const auto& k) {                                       \
            split(dx.count(), 16, dx.count(), [&](Size from, Size to) {                 \
                k.kernel(numbers(k, dx) + from, numbers(k, dy) + from, numbers(k, y) + from, to - from); \
            });                                                                         \
        });                                                                             \
    }

void softmax_forward(Array y, Array x) {
    const Call call("softmax_forward", "y", y, 2);
    call.writes("y", y, y);
    call.reads("x", x, y);
    call.run(y.count(), [&](const auto& k) { k.softmax_forward(y, x, y.size(0), y.size(1)); });
}

void softmax_backward(Array dx, Array dy, Array y) {
    const Call call("softmax_backward", "dx", dx, 2);
    call.writes("dx", dx, dx);
    call.reads("dy", dy, dx);
    call.reads("y", y, dx);
    call.run(dx.count(), [&](const auto& k) { k.softmax_backward(dx, dy, y, dx.size(0), dx.size(1)); });
}

}  // namespace

void bind_activations(nb::module_& m) {
    const nb::arg y("y"), x("x"), dx("dx"), dy("dy");
    m.def("relu_forward", HANDGRAD_FORWARD(relu_forward), y, x);
    m.def("relu_backward", HANDGRAD_BACKWARD(relu_backward), dx, dy, y);
    m.def("tanh_forward", HANDGRAD_FORWARD(tanh_forward), y, x);
    m.def("tanh_backward", HANDGRAD_BACKWARD(tanh_backward), dx, dy, y);
    m.def("sigmoid_forward", HANDGRAD_FORWARD(sigmoid_forward), y, x);
    m.def("sigmoid_backward", HANDGRAD_BACKWARD(sigmoid_backward), dx, dy, y);
    m.def("softmax_forward", softmax_forward, y, x);
    m.def("softmax_backward", softmax_backward, dx, dy, y);
}

}  // namespace handgrad

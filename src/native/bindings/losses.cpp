#include "bindings.hpp"

namespace handgrad {
namespace {

// The arguments of a loss: outputs and targets (N, P), losses and factors (N,), a gradient (N, P) or None.
struct Loss {
    const char *kernel, *output, *gradient;

    Call check(const Array& losses, const Array& d, const Array& y, const Array& t, const Array& factors) const {
        const Call call(kernel, output, y, 2);
        call.holds(y.size(1) > 0, "there must be at least one class");
        call.writes("losses", losses, {y.size(0)});
        call.writes_or_skips(gradient, d, y);
        call.reads("t", t, y);
        call.reads("factors", factors, {y.size(0)});
        return call;
    }
};

#define HANDGRAD_LOSS(kernel, output)                                                                        \
    m.def(                                                                                                   \
        #kernel,                                                                                             \
        [](Array losses, Array d, Array y, Array t, Array factors) {                                         \
            const Call call = Loss{#kernel, output, "d" output}.check(losses, d, y, t, factors);             \
            call.run(8 * y.count(),                                                                          \
                     [&](const auto& k) { k.kernel(losses, d, y, t, factors, y.size(0), y.size(1)); });      \
        },                                                                                                   \
        nb::arg("losses"), nb::arg("d" output).none(), nb::arg(output), nb::arg("t"), nb::arg("factors"))

}  // namespace

void bind_losses(nb::module_& m) {
    HANDGRAD_LOSS(softmax_cross_entropy, "z");
    HANDGRAD_LOSS(cross_entropy, "p");
    HANDGRAD_LOSS(binary_cross_entropy, "p");
    HANDGRAD_LOSS(squared_error, "y");
}

}  // namespace handgrad

#include "bindings.hpp"

namespace handgrad {
namespace {

double penalty_value(Array W, double l1, double l2) {
    const Call call("penalty_value", "W", W);
    const Size count = W.count();
    double absolute = 0, squares = 0;
    call.run(count, [&](const auto& k) {
        if (l1 != 0) absolute = k.sum_absolute(W, count);
        if (l2 != 0) squares = k.sum_squares(W, count);
    });
    return l1 * absolute + 0.5 * l2 * squares;
}

void add_penalty_gradient(Array dW, Array W, double l1, double l2) {
    const Call call("add_penalty_gradient", "dW", dW);
    call.writes("dW", dW, dW);
    call.reads("W", W, dW);
    call.run(W.count(), [&](const auto& k) { k.add_penalty_gradient(dW, W, W.count(), l1, l2); });
}

}  // namespace

void bind_penalty(nb::module_& m) {
    m.def("penalty_value", penalty_value, nb::arg("W"), nb::arg("l1"), nb::arg("l2"));
    m.def("add_penalty_gradient", add_penalty_gradient, nb::arg("dW"), nb::arg("W"), nb::arg("l1"), nb::arg("l2"));
}

}  // namespace handgrad

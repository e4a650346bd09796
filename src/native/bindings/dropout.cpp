#include "bindings.hpp"

namespace handgrad {
namespace {

void dropout_forward(Array y, Array mask, Array x, Array uniform, double keep_probability) {
    const Call call("dropout_forward", "y", y);
    call.writes("y", y, y);
    call.writes("mask", mask, y);
    call.reads("x", x, y);
    call.reads("uniform", uniform, y, Kind::float32);
    const Size count = y.count();
    call.run(count, [&](const auto& k) { k.dropout_forward(y, mask, x, uniform, count, keep_probability); });
}

void dropout_backward(Array dx, Array dy, Array mask) {
    const Call call("dropout_backward", "dx", dx);
    call.writes("dx", dx, dx);
    call.reads("dy", dy, dx);
    call.reads("mask", mask, dx);
    call.run(dx.count(), [&](const auto& k) { k.dropout_backward(dx, dy, mask, dx.count()); });
}

}  // namespace

void bind_dropout(nb::module_& m) {
    m.def("dropout_forward", dropout_forward, nb::arg("y"), nb::arg("mask"), nb::arg("x"), nb::arg("uniform"),
          nb::arg("keep_probability"));
    m.def("dropout_backward", dropout_backward, nb::arg("dx"), nb::arg("dy"), nb::arg("mask"));
}

}  // namespace handgrad

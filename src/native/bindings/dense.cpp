// The dense layer: products by NumPy's BLAS, called from here; bias and its gradient by the kernels.
#include "bindings.hpp"

namespace handgrad {
namespace {

nb::object* matmul = nullptr;  // numpy.matmul; lives as long as the process

void multiply(const Array& product, nb::handle left, nb::handle right) {
    (*matmul)(left, right, nb::arg("out") = nb::handle(product.object));
}

nb::object transposed(const Array& array) { return nb::handle(array.object).attr("T"); }

void dense_forward(Array y, Array x, Array W, Array b) {
    const Call call("dense_forward", "W", W, 2);
    const Size D = W.size(0), M = W.size(1), N = x.dimensions == 2 ? x.size(0) : 0;
    call.reads("x", x, {N, D});
    call.writes("y", y, {N, M});
    call.reads("b", b, {M});
    multiply(y, x.object, W.object);
    call.run(N * M, [&](const auto& k) { k.add_bias(y, b, N, M); });
}

void dense_backward(Array dx, Array dW, Array db, Array dy, Array x, Array W) {
    const Call call("dense_backward", "W", W, 2);
    const Size D = W.size(0), M = W.size(1), N = x.dimensions == 2 ? x.size(0) : 0;
    call.reads("x", x, {N, D});
    call.reads("dy", dy, {N, M});
    call.writes_or_skips("dx", dx, x);
    call.writes_or_skips("dW", dW, W);
    call.writes_or_skips("db", db, {M});
    if (dW.given()) multiply(dW, transposed(x), dy.object);
    if (db.given()) call.run(N * M, [&](const auto& k) { k.sum_rows(db, dy, N, M); });
    if (dx.given()) multiply(dx, dy.object, transposed(W));
}

}  // namespace

void bind_dense(nb::module_& m) {
    matmul = new nb::object(nb::module_::import_("numpy").attr("matmul"));
    m.def("dense_forward", dense_forward, nb::arg("y"), nb::arg("x"), nb::arg("W"), nb::arg("b"));
    m.def("dense_backward", dense_backward, nb::arg("dx").none(), nb::arg("dW").none(), nb::arg("db").none(),
          nb::arg("dy"), nb::arg("x"), nb::arg("W"));
}

}  // namespace handgrad

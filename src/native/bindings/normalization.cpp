#include "bindings.hpp"
#include "pool.hpp"

namespace handgrad {
namespace {

// x (N, C, …) as N samples, C channels, and what a sample has in a channel.
Channels channels_of(const Call& call, const Array& x) {
    call.holds(x.dimensions >= 2, "x must have at least 2 dimensions, (N, C)");
    Channels g{x.size(0), x.size(1), 1};
    for (int i = 2; i < x.dimensions; ++i) g.L *= x.size(i);
    return g;
}

void batch_statistics(Array mean, Array inverse_std, Array running_mean, Array running_variance, Array x,
                      double epsilon, double momentum) {
    const Call call("batch_statistics", "x", x);
    const Channels g = channels_of(call, x);
    call.writes("mean", mean, {g.C});
    call.writes("inverse_std", inverse_std, {g.C});
    call.writes_or_skips("running_mean", running_mean, {g.C});
    call.writes_or_skips("running_variance", running_variance, {g.C});
    call.run(x.count(), [&](const auto& k) {
        split(g.C, g.grain(), x.count(), [&](Size from, Size to) {
            k.batch_statistics(mean, inverse_std, running_mean, running_variance, x, g, epsilon, momentum, from, to);
        });
    });
}

void running_statistics(Array mean, Array inverse_std, Array running_mean, Array running_variance, double epsilon) {
    const Call call("running_statistics", "mean", mean, 1);
    call.writes("mean", mean, mean);
    call.writes("inverse_std", inverse_std, mean);
    call.reads("running_mean", running_mean, mean);
    call.reads("running_variance", running_variance, mean);
    const Size C = mean.size(0);
    call.run(C, [&](const auto& k) {
        k.running_statistics(mean, inverse_std, running_mean, running_variance, C, epsilon);
    });
}

void batch_norm_forward(Array y, Array x, Array mean, Array inverse_std, Array scale, Array shift) {
    const Call call("batch_norm_forward", "y", y);
    const Channels g = channels_of(call, y);
    call.writes("y", y, y);
    call.reads("x", x, y);
    call.reads("mean", mean, {g.C});
    call.reads("inverse_std", inverse_std, {g.C});
    call.reads_or_skips("scale", scale, {g.C});
    call.reads_or_skips("shift", shift, {g.C});
    call.run(y.count(), [&](const auto& k) {
        split(g.N, 1, y.count(), [&](Size from, Size to) {
            const Size start = from * g.C * g.L;
            k.batch_norm_forward(numbers(k, y) + start, numbers(k, x) + start, mean, inverse_std, scale, shift,
                                 Channels{to - from, g.C, g.L});
        });
    });
}

void batch_norm_backward(Array dx, Array dscale, Array dshift, Array dy, Array x, Array mean, Array inverse_std,
                         Array scale, bool of_batch) {
    const Call call("batch_norm_backward", "dy", dy);
    const Channels g = channels_of(call, dy);
    call.writes_or_skips("dx", dx, dy);
    call.writes_or_skips("dscale", dscale, {g.C});
    call.writes_or_skips("dshift", dshift, {g.C});
    call.reads("x", x, dy);
    call.reads("mean", mean, {g.C});
    call.reads("inverse_std", inverse_std, {g.C});
    call.reads_or_skips("scale", scale, {g.C});
    call.run(dy.count(), [&](const auto& k) {
        split(g.C, g.grain(), dy.count(), [&](Size from, Size to) {
            k.batch_norm_backward(dx, dscale, dshift, dy, x, mean, inverse_std, scale, g, of_batch, from, to);
        });
    });
}

}  // namespace

void bind_normalization(nb::module_& m) {
    m.def("batch_statistics", batch_statistics, nb::arg("mean"), nb::arg("inverse_std"),
          nb::arg("running_mean").none(), nb::arg("running_variance").none(), nb::arg("x"), nb::arg("epsilon"),
          nb::arg("momentum"));
    m.def("running_statistics", running_statistics, nb::arg("mean"), nb::arg("inverse_std"), nb::arg("running_mean"),
          nb::arg("running_variance"), nb::arg("epsilon"));
    m.def("batch_norm_forward", batch_norm_forward, nb::arg("y"), nb::arg("x"), nb::arg("mean"),
          nb::arg("inverse_std"), nb::arg("scale").none(), nb::arg("shift").none());
    m.def("batch_norm_backward", batch_norm_backward, nb::arg("dx").none(), nb::arg("dscale").none(),
          nb::arg("dshift").none(), nb::arg("dy"), nb::arg("x"), nb::arg("mean"), nb::arg("inverse_std"),
          nb::arg("scale").none(), nb::arg("of_batch"));
}

}  // namespace handgrad

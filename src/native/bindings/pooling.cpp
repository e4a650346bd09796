#include <nanobind/stl/pair.h>

#include <string>

#include "bindings.hpp"

namespace handgrad {
namespace {

using Pair = std::pair<Size, Size>;

// Images x (N, C, H, W), results y (N, C, P, Q): do all windows lie inside?
Pooling geometry(const Call& call, const Array& x, const Array& y, Pair kernel, Pair stride) {
    const auto [K, L] = kernel;
    const auto [s, t] = stride;
    call.holds(x.dimensions == 4 && y.dimensions == 4, "images and results must have 4 dimensions, (N, C, H, W)");
    call.holds(x.size(0) == y.size(0) && x.size(1) == y.size(1), "images and results must agree in N and C");
    call.holds(K >= 1 && L >= 1 && s >= 1 && t >= 1, "kernel and stride must be at least 1");
    const Pooling g{x.size(0) * x.size(1), x.size(2), x.size(3), K, L, y.size(2), y.size(3), s, t};
    call.holds(g.P >= 1 && g.Q >= 1 && (g.P - 1) * s + K <= g.H && (g.Q - 1) * t + L <= g.W,
               "the windows reach beyond the image");
    return g;
}

void max_pool_forward(Array y, Array winner, Array x, Pair kernel, Pair stride) {
    const Call call("max_pool_forward", "x", x, 4);
    const Pooling g = geometry(call, x, y, kernel, stride);
    call.writes("y", y, y);
    call.writes("winner", winner, y, Kind::int32);
    call.run(x.count(), [&](const auto& k) { k.max_pool_forward(y, winner, x, g); });
}

void max_pool_backward(Array dx, Array dy, Array winner) {
    const Call call("max_pool_backward", "dx", dx, 4);
    call.holds(dy.dimensions == 4, "dy must have 4 dimensions, (N, C, P, Q)");
    const Size N = dx.size(0), C = dx.size(1), image = dx.size(2) * dx.size(3), result = dy.size(2) * dy.size(3);
    call.writes("dx", dx, dx);
    call.reads("dy", dy, {N, C, dy.size(2), dy.size(3)});
    call.reads("winner", winner, dy, Kind::int32);
    const int32_t* places = winner;
    for (Size i = 0; i < winner.count(); ++i) {
        if (places[i] >= 0 && places[i] < image) continue;
        const std::string text = "max_pool_backward: winner holds " + std::to_string(places[i]) +
                                 ", not one of 0 … " + std::to_string(image - 1);
        throw nb::index_error(text.c_str());
    }
    call.run(dx.count(), [&](const auto& k) { k.max_pool_backward(dx, dy, winner, N * C, image, result); });
}

void avg_pool_forward(Array y, Array x, Pair kernel, Pair stride) {
    const Call call("avg_pool_forward", "x", x, 4);
    const Pooling g = geometry(call, x, y, kernel, stride);
    call.writes("y", y, y);
    call.run(x.count(), [&](const auto& k) { k.avg_pool_forward(y, x, g); });
}

void avg_pool_backward(Array dx, Array dy, Pair kernel, Pair stride) {
    const Call call("avg_pool_backward", "dx", dx, 4);
    const Pooling g = geometry(call, dx, dy, kernel, stride);
    call.writes("dx", dx, dx);
    call.reads("dy", dy, dy);
    call.run(dx.count(), [&](const auto& k) { k.avg_pool_backward(dx, dy, g); });
}

}  // namespace

void bind_pooling(nb::module_& m) {
    const nb::arg y("y"), x("x"), dx("dx"), dy("dy"), winner("winner"), kernel("kernel"), stride("stride");
    m.def("max_pool_forward", max_pool_forward, y, winner, x, kernel, stride);
    m.def("max_pool_backward", max_pool_backward, dx, dy, winner);
    m.def("avg_pool_forward", avg_pool_forward, y, x, kernel, stride);
    m.def("avg_pool_backward", avg_pool_backward, dx, dy, kernel, stride);
}

}  // namespace handgrad

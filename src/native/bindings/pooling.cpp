#include <nanobind/stl/pair.h>

#include <algorithm>
#include <string>

#include "bindings.hpp"
#include "pool.hpp"

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

// Calls act(first plane, its part of the geometry) for each thread's planes.
template <class Act>
void by_planes(const Pooling& g, Act act) {
    split(g.planes, 1, g.planes * g.image(), [&](Size from, Size to) {
        Pooling part = g;
        part.planes = to - from;
        act(from, part);
    });
}

void max_pool_forward(Array y, Array winner, Array x, Pair kernel, Pair stride) {
    const Call call("max_pool_forward", "x", x, 4);
    const Pooling g = geometry(call, x, y, kernel, stride);
    call.writes("y", y, y);
    call.writes("winner", winner, y, Kind::int32);
    call.run(x.count(), [&](const auto& k) {
        by_planes(g, [&](Size from, const Pooling& part) {
            k.max_pool_forward(numbers(k, y) + from * g.result(), static_cast<int32_t*>(winner) + from * g.result(),
                               numbers(k, x) + from * g.image(), part);
        });
    });
}

[[noreturn]] void refuse_winner(const int32_t* places, Size count, Size image) {
    const int32_t* wrong = std::find_if(places, places + count, [=](int32_t at) { return at < 0 || at >= image; });
    const std::string text = "max_pool_backward: winner holds " + std::to_string(*wrong) + ", not one of 0 … " +
                             std::to_string(image - 1);
    throw nb::index_error(text.c_str());
}

void max_pool_backward(Array dx, Array dy, Array winner) {
    const Call call("max_pool_backward", "dx", dx, 4);
    call.holds(dy.dimensions == 4, "dy must have 4 dimensions, (N, C, P, Q)");
    const Size N = dx.size(0), C = dx.size(1), image = dx.size(2) * dx.size(3), result = dy.size(2) * dy.size(3);
    call.writes("dx", dx, dx);
    call.reads("dy", dy, {N, C, dy.size(2), dy.size(3)});
    call.reads("winner", winner, dy, Kind::int32);
    const int32_t* places = winner;
    if (!active->floats.all_inside(places, winner.count(), int32_t(image))) refuse_winner(places, winner.count(), image);
    call.run(dx.count(), [&](const auto& k) {
        split(N * C, 1, dx.count(), [&](Size from, Size to) {
            k.max_pool_backward(numbers(k, dx) + from * image, numbers(k, dy) + from * result, places + from * result,
                                to - from, image, result);
        });
    });
}

void avg_pool_forward(Array y, Array x, Pair kernel, Pair stride) {
    const Call call("avg_pool_forward", "x", x, 4);
    const Pooling g = geometry(call, x, y, kernel, stride);
    call.writes("y", y, y);
    call.run(x.count(), [&](const auto& k) {
        by_planes(g, [&](Size from, const Pooling& part) {
            k.avg_pool_forward(numbers(k, y) + from * g.result(), numbers(k, x) + from * g.image(), part);
        });
    });
}

void avg_pool_backward(Array dx, Array dy, Pair kernel, Pair stride) {
    const Call call("avg_pool_backward", "dx", dx, 4);
    const Pooling g = geometry(call, dx, dy, kernel, stride);
    call.writes("dx", dx, dx);
    call.reads("dy", dy, dy);
    call.run(dx.count(), [&](const auto& k) {
        by_planes(g, [&](Size from, const Pooling& part) {
            k.avg_pool_backward(numbers(k, dx) + from * g.image(), numbers(k, dy) + from * g.result(), part);
        });
    });
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

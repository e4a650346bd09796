#include "bindings.hpp"
#include "pool.hpp"

namespace handgrad {
namespace {

void gather_images(Array x, Array images, Array indices, double scale, double offset) {
    const Call call("gather_images", "x", x);
    constexpr int most = 8;
    call.holds(x.dimensions >= 1, "x must have at least one dimension");
    call.holds(images.regular && images.dimensions >= 1 && images.dimensions <= most,
               "images must be a C-contiguous array of 1 to 8 dimensions");
    Size needed[most] = {x.size(0)};
    for (int i = 1; i < images.dimensions; ++i) needed[i] = images.size(i);
    call.writes("x", x, Shape(images.dimensions, needed));
    call.reads("indices", indices, {x.size(0)}, Kind::int64);
    call.inside("indices", indices, images.size(0));
    const Size N = x.size(0), D = N ? x.count() / N : 0;
    const bool known = images.kind == Kind::uint8 || images.kind == Kind::float32 || images.kind == Kind::float64;
    if (!known) throw nb::type_error("gather_images: images must be uint8, float32 or float64");
    call.run(N * D, [&](const auto& k) {
        split(N, 1, N * D, [&](Size from, Size to) {
            auto* const into = numbers(k, x) + from * D;
            const int64_t* const which = static_cast<const int64_t*>(indices) + from;
            switch (images.kind) {
                case Kind::uint8: return k.gather_bytes(into, images, which, to - from, D, scale, offset);
                case Kind::float32: return k.gather_floats(into, images, which, to - from, D, scale, offset);
                default: return k.gather_doubles(into, images, which, to - from, D, scale, offset);
            }
        });
    });
}

void one_hot(Array t, Array labels) {
    const Call call("one_hot", "t", t, 2);
    const Size N = t.size(0), P = t.size(1);
    call.writes("t", t, t);
    call.reads("labels", labels, {N}, Kind::int64);
    call.inside("labels", labels, P);
    call.run(N * P, [&](const auto& k) { k.one_hot(t, labels, N, P); });
}

}  // namespace

void bind_input(nb::module_& m) {
    m.def("gather_images", gather_images, nb::arg("x"), nb::arg("images"), nb::arg("indices"), nb::arg("scale"),
          nb::arg("offset"));
    m.def("one_hot", one_hot, nb::arg("t"), nb::arg("labels"));
}

}  // namespace handgrad

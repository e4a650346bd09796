// Which build of the kernels runs: the best that this processor can, unless another is asked for.
#include <cstring>
#include <string>

#include "bindings.hpp"
#include "pool.hpp"

namespace handgrad {

namespace baseline {
const Tables& tables();
}
#ifdef HANDGRAD_X86_VARIANTS
namespace avx2 {
const Tables& tables();
}
namespace avx512 {
const Tables& tables();
}
#endif

const Tables* active = nullptr;

namespace {

struct Variant {
    const char* name;
    bool runs;
    const Tables& (*tables)();
};

// Best first.
const Variant variants[] = {
#ifdef HANDGRAD_X86_VARIANTS
    {"avx512",
     __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma"),
     avx512::tables},
    {"avx2", __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"), avx2::tables},
#endif
    {"baseline", true, baseline::tables},
};

const char* active_name = "";

void use_variant(const char* name) {
    for (const Variant& variant : variants) {
        if (!variant.runs || std::strcmp(name, variant.name) != 0) continue;
        active = &variant.tables();
        active_name = variant.name;
        return;
    }
    throw nb::value_error((std::string("this processor runs no kernels named '") + name + "'").c_str());
}

nb::list runnable() {
    nb::list names;
    for (const Variant& variant : variants) {
        if (variant.runs) names.append(variant.name);
    }
    return names;
}

}  // namespace

void bind_variants(nb::module_& m) {
    for (const Variant& variant : variants) {
        if (!variant.runs) continue;
        use_variant(variant.name);
        break;
    }
    m.def("use_variant", use_variant, nb::arg("name"));
    m.def("variants", runnable);
    m.def("variant", [] { return active_name; });
    m.def("set_threads", set_threads, nb::arg("threads"));
    m.def("threads", threads);
}

}  // namespace handgrad

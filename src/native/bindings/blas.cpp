#include "blas.hpp"

#if defined(__linux__)
#include <dlfcn.h>
#include <link.h>

#include <cstring>
#include <string>
#include <vector>
#endif

namespace handgrad {
namespace {

// cblas_?gemm(order, transposed?, transposed?, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc). A library whose integers
// have 32 bits reads the lower halves of these, on the two platforms where this is called.
template <class T>
using Gemm = void (*)(int, int, int, int64_t, int64_t, int64_t, T, const T*, int64_t, const T*, int64_t, T, T*, int64_t);

Gemm<float> single = nullptr;
Gemm<double> twice = nullptr;

constexpr int row_major = 101, as_stored = 111, transposed = 112;

template <class T>
void call(Gemm<T> gemm, T* product, Size stride, const Matrix& left, const Matrix& right, Size rows, Size columns,
          Size inner) {
    if (!rows || !columns) return;
    gemm(row_major, left.turned ? transposed : as_stored, right.turned ? transposed : as_stored, rows, columns, inner,
         T(1), static_cast<const T*>(left.data), left.stride, static_cast<const T*>(right.data), right.stride, T(0),
         product, stride);
}

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
// Takes the products from a library; null stays where it has none.
void take(const char* path) {
    void* library = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
    if (!library) return;
    constexpr const char* names[][2] = {{"scipy_cblas_sgemm64_", "scipy_cblas_dgemm64_"},
                                        {"cblas_sgemm64_", "cblas_dgemm64_"},
                                        {"scipy_cblas_sgemm", "scipy_cblas_dgemm"},
                                        {"cblas_sgemm", "cblas_dgemm"}};
    for (const auto& [of_floats, of_doubles] : names) {
        void *floats = dlsym(library, of_floats), *doubles = dlsym(library, of_doubles);
        if (!floats || !doubles) continue;
        single = reinterpret_cast<Gemm<float>>(floats);
        twice = reinterpret_cast<Gemm<double>>(doubles);
        return;  // the library stays open as long as the process
    }
    dlclose(library);
}

int note(dl_phdr_info* info, size_t, void* paths) {
    if (info->dlpi_name && std::strstr(info->dlpi_name, "openblas")) {
        static_cast<std::vector<std::string>*>(paths)->push_back(info->dlpi_name);
    }
    return 0;
}

// Among the libraries already loaded, which NumPy's is one of: this is called after NumPy was imported.
void look_everywhere() {
    std::vector<std::string> paths;
    dl_iterate_phdr(note, &paths);
    for (const std::string& path : paths) {
        if (!single) take(path.c_str());
    }
}
#else
void look_everywhere() {}
#endif

}  // namespace

bool has_blas() { return single; }

void multiply(float* product, Size stride, const Matrix& left, const Matrix& right, Size rows, Size columns,
              Size inner) {
    call(single, product, stride, left, right, rows, columns, inner);
}

void multiply(double* product, Size stride, const Matrix& left, const Matrix& right, Size rows, Size columns,
              Size inner) {
    call(twice, product, stride, left, right, rows, columns, inner);
}

void find_blas() { look_everywhere(); }

}  // namespace handgrad

// From bytes and labels to what a network sees.
#include "variant.hpp"

namespace handgrad::HANDGRAD_VARIANT {
namespace {

// x[n] = scale · images[indices[n]] + offset, D numbers each
template <class T, class Pixel>
void gather(T* x, const Pixel* images, const int64_t* indices, Size N, Size D, T scale, T offset) {
    for (Size n = 0; n < N; ++n) {
        const Pixel* __restrict image = images + indices[n] * D;
        T* __restrict row = x + n * D;
        HANDGRAD_SIMD
        for (Size d = 0; d < D; ++d) row[d] = T(image[d]) * scale + offset;
    }
}

template <class T>
void one_hot(T* t, const int64_t* labels, Size N, Size P) {
    for (Size i = 0; i < N * P; ++i) t[i] = 0;
    for (Size n = 0; n < N; ++n) t[n * P + labels[n]] = 1;
}

template <class T>
void fill(Table<T>& table) {
    table.gather_bytes = gather<T, uint8_t>;
    table.gather_floats = gather<T, float>;
    table.gather_doubles = gather<T, double>;
    table.one_hot = one_hot<T>;
}

}  // namespace

void fill_input(Tables& tables) {
    fill(tables.floats);
    fill(tables.doubles);
}

}  // namespace handgrad::HANDGRAD_VARIANT

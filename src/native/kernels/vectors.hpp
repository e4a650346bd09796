// Short vectors as values, of this variant's width, for kernels that keep a tile of results in registers.
#pragma once

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "variant.hpp"

namespace handgrad::HANDGRAD_VARIANT {
namespace {

template <class T>
struct Lanes;

template <>
struct Lanes<float> {
    typedef float Vector __attribute__((vector_size(HANDGRAD_VECTOR_BYTES)));
    typedef int32_t Mask __attribute__((vector_size(HANDGRAD_VECTOR_BYTES)));
    using Integer = int32_t;
};

template <>
struct Lanes<double> {
    typedef double Vector __attribute__((vector_size(HANDGRAD_VECTOR_BYTES)));
    typedef int64_t Mask __attribute__((vector_size(HANDGRAD_VECTOR_BYTES)));
    using Integer = int64_t;
};

template <class T>
using Vector = typename Lanes<T>::Vector;

template <class T>
using Mask = typename Lanes<T>::Mask;

template <class T>
constexpr Size lanes = HANDGRAD_VECTOR_BYTES / Size(sizeof(T));

template <class T>
inline Vector<T> load(const T* from) {
    Vector<T> v;
    memcpy(&v, from, sizeof v);
    return v;
}

template <class T>
inline void store(T* to, Vector<T> v) {
    memcpy(to, &v, sizeof v);
}

// Copies `count` < 2 · width numbers, in pieces of fixed sizes, which are faster than one of any size.
template <Size width, class T>
inline void copy_some(T* to, const T* from, Size count) {
    if constexpr (width > 0) {
        if (count & width) {
            memcpy(to, from, size_t(width) * sizeof(T));
            to += width;
            from += width;
        }
        copy_some<width / 2>(to, from, count);
    }
}

// The first `count` lanes only.
template <class T>
inline void store_some(T* to, Vector<T> v, Size count) {
    T values[lanes<T>];
    store(values, v);
    copy_some<lanes<T>>(to, values, count);
}

// All bits set in the first `count` lanes.
template <class T>
inline Mask<T> first_lanes(Size count) {
    Mask<T> mask;
    for (Size i = 0; i < lanes<T>; ++i) mask[i] = i < count ? -1 : 0;
    return mask;
}

// v where the mask is set, else 0, whatever v holds there.
template <class T>
inline Vector<T> keep(Vector<T> v, Mask<T> mask) {
    return (Vector<T>)((Mask<T>)v & mask);
}

// Bit i: is lane i of the mask set?
template <class T>
inline uint32_t bits_of(Mask<T> mask) {
    constexpr bool is_float = sizeof(T) == 4;
#if defined(__AVX512DQ__) && HANDGRAD_VECTOR_BYTES == 64
    return is_float ? _mm512_movepi32_mask((__m512i)mask) : _mm512_movepi64_mask((__m512i)mask);
#elif defined(__AVX__) && HANDGRAD_VECTOR_BYTES == 32
    return uint32_t(is_float ? _mm256_movemask_ps((__m256)mask) : _mm256_movemask_pd((__m256d)mask));
#elif defined(__SSE2__) && HANDGRAD_VECTOR_BYTES == 16
    return uint32_t(is_float ? _mm_movemask_ps((__m128)mask) : _mm_movemask_pd((__m128d)mask));
#else
    uint32_t bits = 0;
    for (Size i = 0; i < lanes<T>; ++i) bits |= uint32_t(mask[i] & 1) << i;
    return bits;
#endif
}

template <class T>
inline T sum_lanes(Vector<T> v) {
    T sum = 0;
    for (Size i = 0; i < lanes<T>; ++i) sum += v[i];
    return sum;
}

template <int... places>
struct Places {};

template <int count, int... places>
struct UpTo : UpTo<count - 1, count - 1, places...> {};

template <int... places>
struct UpTo<0, places...> {
    using List = Places<places...>;
};

template <class T, int... places>
inline Vector<T> evens(Vector<T> a, Vector<T> b, Places<places...>) {
    return __builtin_shufflevector(a, b, (2 * places)...);
}

template <class T, int... places>
inline Vector<T> odds(Vector<T> a, Vector<T> b, Places<places...>) {
    return __builtin_shufflevector(a, b, (2 * places + 1)...);
}

// a₀, a₂, …, b₀, b₂, …
template <class T>
inline Vector<T> evens(Vector<T> a, Vector<T> b) {
    return evens<T>(a, b, typename UpTo<int(lanes<T>)>::List{});
}

// a₁, a₃, …, b₁, b₃, …
template <class T>
inline Vector<T> odds(Vector<T> a, Vector<T> b) {
    return odds<T>(a, b, typename UpTo<int(lanes<T>)>::List{});
}

inline Size round_up(Size value, Size multiple) { return (value + multiple - 1) / multiple * multiple; }

// Takes pieces of the scratch memory one after the other.
struct Pieces {
    char* next;
    template <class Piece>
    static Size bytes(Size count) {
        return round_up(count * Size(sizeof(Piece)), 64);
    }
    template <class Piece>
    Piece* take(Size count) {
        Piece* piece = reinterpret_cast<Piece*>(next);
        next += bytes<Piece>(count);
        return piece;
    }
};

}  // namespace
}  // namespace handgrad::HANDGRAD_VARIANT

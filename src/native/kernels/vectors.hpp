// Short vectors as values, of this variant's width, for kernels that keep a tile of results in registers.
#pragma once

#include <string.h>

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

template <class T>
inline T sum_lanes(Vector<T> v) {
    T sum = 0;
    for (Size i = 0; i < lanes<T>; ++i) sum += v[i];
    return sum;
}

inline Size round_up(Size value, Size multiple) { return (value + multiple - 1) / multiple * multiple; }

}  // namespace
}  // namespace handgrad::HANDGRAD_VARIANT

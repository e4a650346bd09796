// exp, log and tanh without branches, so that loops over them become vector instructions. Errors: under 3 units in
// the last place. NaN passes through; infinities and overflow give what the limit is.
#pragma once

#include <math.h>
#include <string.h>

#include "variant.hpp"

namespace handgrad::HANDGRAD_VARIANT {
namespace {

// The layout of a floating-point number, and how far the arguments need to be followed.
template <class T>
struct Format;

template <>
struct Format<float> {
    using Bits = uint32_t;
    static constexpr int mantissa = 23, bias = 127;
    static constexpr float smallest_normal = 0x1p-126f;
    static constexpr float rounder = 0x1.8p23f;           // x + rounder − rounder rounds x to an integer
    static constexpr float exp_least = -104, exp_most = 89;  // beyond: 0 and infinity
    static constexpr float expm1_most = 24;               // beyond: tanh is 1
    static constexpr float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1dp-20f;
    static constexpr Bits one = 0x3f800000, sqrt_half = 0x3f3504f3;
};

template <>
struct Format<double> {
    using Bits = uint64_t;
    static constexpr int mantissa = 52, bias = 1023;
    static constexpr double smallest_normal = 0x1p-1022;
    static constexpr double rounder = 0x1.8p52;
    static constexpr double exp_least = -746, exp_most = 710;
    static constexpr double expm1_most = 44;
    static constexpr double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;
    static constexpr Bits one = 0x3ff0000000000000, sqrt_half = 0x3fe6a09e667f3bcd;
};

template <class T>
inline typename Format<T>::Bits bits_of(T x) {
    typename Format<T>::Bits bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

template <class T>
inline T from_bits(typename Format<T>::Bits bits) {
    T x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

inline float square_root(float x) { return sqrtf(x); }
inline double square_root(double x) { return sqrt(x); }
inline float magnitude(float x) { return fabsf(x); }
inline double magnitude(double x) { return fabs(x); }
inline float with_sign(float x, float sign) { return copysignf(x, sign); }
inline double with_sign(double x, double sign) { return copysign(x, sign); }

// 2ⁿ for an integer n between the least and the greatest exponent. Adding the rounder leaves n in the lowest bits.
template <class T>
inline T power_of_two(T n) {
    using F = Format<T>;
    return from_bits<T>((bits_of<T>(n + F::rounder) + F::bias) << F::mantissa);
}

// eʳ − 1 for |r| ≤ ½ ln 2: the Taylor series, whose next term is below half a unit in the last place.
inline float expm1_near_zero(float r) {
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    return p * (r * r) + r;
}

inline double expm1_near_zero(double r) {
    double p = 1.0 / 6227020800;
    p = p * r + 1.0 / 479001600;
    p = p * r + 1.0 / 39916800;
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    return p * (r * r) + r;
}

// x = n ln 2 + r, with ln 2 in two parts so that n · high is exact.
template <class T>
inline T reduce(T x, T& n) {
    using F = Format<T>;
    n = (x * T(1.4426950408889634) + F::rounder) - F::rounder;
    return (x - n * F::ln2_high) - n * F::ln2_low;
}

template <class T>
inline T exponential(T x) {
    using F = Format<T>;
    x = x > F::exp_most ? F::exp_most : x;
    x = x < F::exp_least ? F::exp_least : x;
    T n;
    const T r = reduce(x, n);
    // In two steps, because 2ⁿ itself may lie outside the range: results may be subnormal or infinite.
    const T half = (n * T(0.5) + F::rounder) - F::rounder;
    return (1 + expm1_near_zero(r)) * power_of_two(half) * power_of_two(n - half);
}

// tanh |x| = m / (m + 2) with m = e^2|x| − 1, which keeps its accuracy near 0.
template <class T>
inline T hyperbolic_tangent(T x) {
    using F = Format<T>;
    T a = 2 * magnitude(x);
    a = a > F::expm1_most ? F::expm1_most : a;
    T n;
    const T r = reduce(a, n);
    const T power = power_of_two(n);
    const T m = power * expm1_near_zero(r) + (power - 1);
    return with_sign(m / (m + 2), x);
}

// 2 artanh(s) − 2s for |s| ≤ 3 − 2√2, from the series 2 (s³/3 + s⁵/5 + …).
inline float artanh_tail(float s) {
    const float q = s * s;
    float p = 2.0f / 9;
    p = p * q + 2.0f / 7;
    p = p * q + 2.0f / 5;
    p = p * q + 2.0f / 3;
    return p * q * s;
}

inline double artanh_tail(double s) {
    const double q = s * s;
    double p = 2.0 / 21;
    p = p * q + 2.0 / 19;
    p = p * q + 2.0 / 17;
    p = p * q + 2.0 / 15;
    p = p * q + 2.0 / 13;
    p = p * q + 2.0 / 11;
    p = p * q + 2.0 / 9;
    p = p * q + 2.0 / 7;
    p = p * q + 2.0 / 5;
    p = p * q + 2.0 / 3;
    return p * q * s;
}

// Natural logarithm of x ≥ the smallest normal number: x = 2ᵉ m with √½ ≤ m < √2, log m = 2 artanh((m − 1)/(m + 1)).
template <class T>
inline T logarithm(T x) {
    using F = Format<T>;
    using Bits = typename F::Bits;
    const Bits shifted = bits_of<T>(x) + (F::one - F::sqrt_half);
    const T m = from_bits<T>((shifted & ((Bits(1) << F::mantissa) - 1)) + F::sqrt_half);
    // The exponent as a number: written into the lowest bits of 2^mantissa.
    const Bits integer = Bits(F::bias + F::mantissa) << F::mantissa;
    const T e = from_bits<T>((shifted >> F::mantissa) | integer) - (from_bits<T>(integer) + T(F::bias));
    const T f = m - 1;
    const T s = f / (m + 1);
    // 2s = f − s f: written so, its rounding error is one of s f, which is small.
    const T log_m = f - (s * f - artanh_tail(s));
    const T result = e * F::ln2_high + (log_m + e * F::ln2_low);
    return x < T(INFINITY) ? result : x;
}

}  // namespace
}  // namespace handgrad::HANDGRAD_VARIANT

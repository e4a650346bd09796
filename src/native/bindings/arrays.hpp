// NumPy arrays as the bindings see them, and the checks of a kernel call. Arrays are read through NumPy's own C API:
// measured, that costs some 5 ns an argument, nanobind's ndarray caster 250 ns, the buffer protocol 55 ns.
#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <initializer_list>

#include "../kernels/table.hpp"

namespace nb = nanobind;

namespace handgrad {

enum class Kind : uint8_t { none, float32, float64, uint8, int32, int64, other, no_array };

struct Array {
    PyObject* object = nullptr;
    void* data = nullptr;
    const Size* sizes = nullptr;
    int dimensions = 0;
    Kind kind = Kind::none;
    bool regular = false;  // C-contiguous, aligned, of the machine's byte order
    bool writeable = false;

    Size size(int axis) const { return sizes[axis]; }
    Size count() const;
    bool given() const { return kind != Kind::none; }

    // Null where None was passed.
    template <class T>
    operator T*() const {
        return static_cast<T*>(data);
    }
};

// The array's numbers as the table's kernels take them; null where None was passed.
template <class T>
T* numbers(const Table<T>&, const Array& array) {
    return static_cast<T*>(array.data);
}

struct Shape {
    int dimensions;
    const Size* sizes;
    Shape(int dimensions, const Size* sizes) : dimensions(dimensions), sizes(sizes) {}
    Shape(const Array& array) : dimensions(array.dimensions), sizes(array.sizes) {}
    Shape(std::initializer_list<Size> list) : dimensions(int(list.size())), sizes(list.begin()) {}
};

void import_numpy();
Array read_array(PyObject* object) noexcept;

// The tables in use; see variants.cpp.
extern const Tables* active;

// Checks the arguments of one call, then runs it. Every failure names kernel, argument, what is needed, what came.
class Call {
  public:
    // `first` fixes the dtype; `dimensions` < 0 takes any number.
    Call(const char* kernel, const char* name, const Array& first, int dimensions = -1);

    void writes(const char* name, const Array& array, Shape shape) const { writes(name, array, shape, kind_); }
    void writes(const char* name, const Array& array, Shape shape, Kind kind) const {
        reads(name, array, shape, kind);
        if (!array.writeable) refuse_read_only(name);
    }
    void writes_or_skips(const char* name, const Array& array, Shape shape) const {
        if (array.given()) writes(name, array, shape);
    }
    void reads(const char* name, const Array& array, Shape shape) const { reads(name, array, shape, kind_); }
    void reads(const char* name, const Array& array, Shape shape, Kind kind) const {
        bool same = array.kind == kind && array.regular && array.dimensions == shape.dimensions;
        for (int i = 0; same && i < shape.dimensions; ++i) same = array.sizes[i] == shape.sizes[i];
        if (!same) refuse(name, array, shape, kind);
    }
    void reads_or_skips(const char* name, const Array& array, Shape shape) const {
        if (array.given()) reads(name, array, shape);
    }
    // Raises ValueError with this text unless it holds.
    void holds(bool condition, const char* text) const {
        if (!condition) refuse_value(text);
    }
    // Raises IndexError unless 0 ≤ index < end for all of them.
    void inside(const char* name, const Array& indices, Size end) const;

    // Runs f on the table of the call's dtype. Long calls let other Python threads run; short ones are over before
    // handing over would pay.
    template <class F>
    void run(Size work, F f) const {
        if (work < 8192) return dispatch(f);
        nb::gil_scoped_release release;
        dispatch(f);
    }

  private:
    template <class F>
    void dispatch(F& f) const {
        if (kind_ == Kind::float32) {
            f(active->floats);
        } else {
            f(active->doubles);
        }
    }
    [[noreturn]] void refuse(const char* name, const Array& array, Shape shape, Kind kind) const;
    [[noreturn]] void refuse_read_only(const char* name) const;
    [[noreturn]] void refuse_value(const char* text) const;

    const char* kernel_;
    Kind kind_;
};

}  // namespace handgrad

namespace nanobind::detail {

template <>
struct type_caster<handgrad::Array> {
    NB_TYPE_CASTER(handgrad::Array, const_name("numpy.ndarray"))
    // Whatever comes is taken; the checks of the call say better what is wrong with it.
    bool from_python(handle source, uint8_t, cleanup_list*) noexcept {
        value = handgrad::read_array(source.ptr());
        return true;
    }
};

}  // namespace nanobind::detail

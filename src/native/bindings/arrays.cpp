#include "arrays.hpp"

#include <string>

#define NPY_NO_DEPRECATED_API NPY_1_7_API_VERSION
#include <numpy/arrayobject.h>

namespace handgrad {

namespace {

const char* name_of(Kind kind) {
    switch (kind) {
        case Kind::float32: return "float32";
        case Kind::float64: return "float64";
        case Kind::uint8: return "uint8";
        case Kind::int32: return "int32";
        case Kind::int64: return "int64";
        default: return "float32 or float64";
    }
}

Kind kind_of(int type) {
    switch (type) {
        case NPY_FLOAT32: return Kind::float32;
        case NPY_FLOAT64: return Kind::float64;
        case NPY_UINT8: return Kind::uint8;
        case NPY_INT32: return Kind::int32;
        case NPY_INT64: return Kind::int64;
        default: return Kind::other;
    }
}

std::string text_of(Shape shape) {
    std::string text = "(";
    for (int i = 0; i < shape.dimensions; ++i) text += (i ? ", " : "") + std::to_string(shape.sizes[i]);
    return text + (shape.dimensions == 1 ? ",)" : ")");
}

std::string text_of(const Array& array) {
    if (array.kind == Kind::none) return "None";
    if (array.kind == Kind::no_array) return std::string("a ") + Py_TYPE(array.object)->tp_name;
    const nb::object described = nb::handle(array.object).attr("dtype");
    const std::string dtype = nb::str(nb::handle(described)).c_str();
    return std::string(array.regular ? "" : "non-contiguous ") + dtype + " of shape " + text_of(Shape(array));
}

}  // namespace

void import_numpy() {
    if (_import_array() < 0) throw nb::python_error();
}

Array read_array(PyObject* object) noexcept {
    Array array;
    array.object = object;
    if (object == Py_None) return array;
    if (!PyArray_Check(object)) {
        array.kind = Kind::no_array;
        return array;
    }
    auto* from = reinterpret_cast<PyArrayObject*>(object);
    static_assert(sizeof(npy_intp) == sizeof(Size));
    array.data = PyArray_DATA(from);
    array.sizes = reinterpret_cast<const Size*>(PyArray_DIMS(from));
    array.dimensions = PyArray_NDIM(from);
    array.kind = kind_of(PyArray_TYPE(from));
    array.regular = PyArray_ISCARRAY_RO(from);
    array.writeable = PyArray_ISWRITEABLE(from);
    return array;
}

Size Array::count() const {
    Size count = 1;
    for (int i = 0; i < dimensions; ++i) count *= sizes[i];
    return count;
}

Call::Call(const char* kernel, const char* name, const Array& first, int dimensions)
    : kernel_(kernel), kind_(first.kind) {
    const bool floats = first.kind == Kind::float32 || first.kind == Kind::float64;
    if (floats && first.regular && (dimensions < 0 || dimensions == first.dimensions)) return;
    std::string text = std::string(kernel) + ": " + name + " must be a C-contiguous float32 or float64 array";
    if (dimensions >= 0) text += " of " + std::to_string(dimensions) + " dimensions";
    text += "; received " + text_of(first);
    if (floats) throw nb::value_error(text.c_str());
    throw nb::type_error(text.c_str());
}

void Call::inside(const char* name, const Array& indices, Size end) const {
    const int64_t* values = indices;
    const Size count = indices.count();
    for (Size i = 0; i < count; ++i) {
        if (values[i] >= 0 && values[i] < end) continue;
        const std::string text = std::string(kernel_) + ": " + name + "[" + std::to_string(i) + "] is " +
                                 std::to_string(values[i]) + ", not one of 0 … " + std::to_string(end - 1);
        throw nb::index_error(text.c_str());
    }
}

void Call::refuse(const char* name, const Array& array, Shape shape, Kind kind) const {
    const std::string text = std::string(kernel_) + ": " + name + " must be a C-contiguous " + name_of(kind) +
                             " array of shape " + text_of(shape) + "; received " + text_of(array);
    if (array.kind == kind) throw nb::value_error(text.c_str());
    throw nb::type_error(text.c_str());
}

void Call::refuse_read_only(const char* name) const {
    throw nb::value_error((std::string(kernel_) + ": " + name + " is overwritten, but is read-only").c_str());
}

void Call::refuse_value(const char* text) const {
    throw nb::value_error((std::string(kernel_) + ": " + text).c_str());
}

}  // namespace handgrad

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
namespace nb = nanobind;
NB_MODULE(_native, m) {
  m.def("t3", [](nb::ndarray<float, nb::c_contig> a, nb::ndarray<float, nb::c_contig> b, nb::ndarray<float, nb::c_contig> c) { return a.size(); }, nb::arg("a"), nb::arg("b"), nb::arg("c"));
  m.def("t3any", [](nb::ndarray<> a, nb::ndarray<> b, nb::ndarray<> c) { return a.size(); });
  m.def("h3", [](nb::handle a, nb::handle b, nb::handle c) { return 1; });
  m.def("b3", [](nb::handle a, nb::handle b, nb::handle c) { size_t s = 0; for (auto h : {a, b, c}) { Py_buffer v; if (PyObject_GetBuffer(h.ptr(), &v, PyBUF_FULL_RO)) throw nb::python_error(); s += v.len; PyBuffer_Release(&v);} return s; });
}

#include <cmath>

#include "bindings.hpp"
#include "pool.hpp"

namespace handgrad {
namespace {

// theta, what the optimiser remembers, and the gradient: vectors of one length.
Call check(const char* kernel, const Array& theta, const Array& grad) {
    const Call call(kernel, "theta", theta, 1);
    call.writes("theta", theta, theta);
    call.reads("grad", grad, theta);
    return call;
}

void sgd_update(Array theta, Array grad, double learning_rate) {
    const Call call = check("sgd_update", theta, grad);
    const Size count = theta.count();
    call.run(count, [&](const auto& k) {
        split(count, 16, count, [&](Size from, Size to) {
            k.sgd_update(numbers(k, theta) + from, numbers(k, grad) + from, to - from, learning_rate);
        });
    });
}

void momentum_update(Array theta, Array velocity, Array grad, double learning_rate, double momentum) {
    const Call call = check("momentum_update", theta, grad);
    const Size count = theta.count();
    call.writes("velocity", velocity, theta);
    call.run(count, [&](const auto& k) {
        split(count, 16, count, [&](Size from, Size to) {
            k.momentum_update(numbers(k, theta) + from, numbers(k, velocity) + from, numbers(k, grad) + from, to - from, learning_rate, momentum);
        });
    });
}

void nesterov_update(Array theta, Array velocity, Array grad, double learning_rate, double momentum) {
    const Call call = check("nesterov_update", theta, grad);
    const Size count = theta.count();
    call.writes("velocity", velocity, theta);
    call.run(count, [&](const auto& k) {
        split(count, 16, count, [&](Size from, Size to) {
            k.nesterov_update(numbers(k, theta) + from, numbers(k, velocity) + from, numbers(k, grad) + from, to - from, learning_rate, momentum);
        });
    });
}

void rmsprop_update(Array theta, Array square, Array grad, double learning_rate, double decay, double epsilon) {
    const Call call = check("rmsprop_update", theta, grad);
    const Size count = theta.count();
    call.writes("square", square, theta);
    call.run(count, [&](const auto& k) {
        split(count, 16, count, [&](Size from, Size to) {
            k.rmsprop_update(numbers(k, theta) + from, numbers(k, square) + from, numbers(k, grad) + from, to - from, learning_rate, decay, epsilon);
        });
    });
}

void adam_update(Array theta, Array first, Array second, Array grad, double learning_rate, double beta1, double beta2,
                 double epsilon, int64_t steps, double weight_decay) {
    const Call call = check("adam_update", theta, grad);
    const Size count = theta.count();
    call.writes("first", first, theta);
    call.writes("second", second, theta);
    call.holds(steps >= 1, "steps counts from 1");
    const Adam settings{learning_rate,
                        beta1,
                        beta2,
                        epsilon,
                        1 - std::pow(beta1, double(steps)),
                        1 - std::pow(beta2, double(steps)),
                        weight_decay};
    call.run(count, [&](const auto& k) {
        split(count, 16, count, [&](Size from, Size to) {
            k.adam_update(numbers(k, theta) + from, numbers(k, first) + from, numbers(k, second) + from, numbers(k, grad) + from, to - from, settings);
        });
    });
}

}  // namespace

void bind_optimizers(nb::module_& m) {
    const nb::arg theta("theta"), velocity("velocity"), grad("grad"), rate("learning_rate"), momentum("momentum");
    m.def("sgd_update", sgd_update, theta, grad, rate);
    m.def("momentum_update", momentum_update, theta, velocity, grad, rate, momentum);
    m.def("nesterov_update", nesterov_update, theta, velocity, grad, rate, momentum);
    m.def("rmsprop_update", rmsprop_update, theta, nb::arg("square"), grad, rate, nb::arg("decay"),
          nb::arg("epsilon"));
    m.def("adam_update", adam_update, theta, nb::arg("first"), nb::arg("second"), grad, rate, nb::arg("beta1"),
          nb::arg("beta2"), nb::arg("epsilon"), nb::arg("steps"), nb::arg("weight_decay"));
}

}  // namespace handgrad

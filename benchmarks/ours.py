"""handgrad as a contestant."""

from __future__ import annotations

from problem import Problem

from handgrad.build import make_loss, make_optimizer, make_schedule
from handgrad.kernels.threads import use_threads
from handgrad.training import Trainer


class Handgrad:
    """The engine that `handgrad train` runs, without its run folder.

    Args:
        problem: data, weights, settings.
        threads: for matrix products and kernels.
        evaluate: measure the test set at every iteration.
    """

    def __init__(self, problem: Problem, threads: int = 2, evaluate: bool = False) -> None:
        self.problem, self.evaluate = problem, evaluate
        self.start = problem.network.theta.copy()
        self.state = {name: array.copy() for name, array in problem.network.state.items()}
        self.threads = threads

    def reset(self, iterations: int) -> None:
        """Initial weights; the next `train` makes so many iterations."""
        config, net = self.problem.config, self.problem.network
        net.theta[:] = self.start
        for name, array in self.state.items():
            net.state[name][...] = array
        options = config.training.model_copy(
            update={
                "iterations": iterations,
                "epochs": None,
                "stop": None,
                "evaluate": ["test"] if self.evaluate else [],
                "evaluate_every": 1 if self.evaluate else 10**9,
            }
        )
        self.trainer = Trainer(
            net,
            self.problem.data,
            make_loss(config),
            make_optimizer(config.optimizer),
            config.optimizer.learning_rate,
            options,
            schedule=make_schedule(config.optimizer.schedule),
            seed=config.seed_for("order"),
        )

    def train(self) -> None:
        with use_threads(self.problem.network.k, self.threads):
            self.trainer.run()

    def loss(self) -> float:
        """Mean loss of the test images, in inference mode."""
        return self.trainer.measure_set("test").loss

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
        self.network, self.threads = problem.network, threads
        config = problem.config
        options = config.training.model_copy(
            update={
                "iterations": 10**9,
                "epochs": None,
                "stop": None,
                "evaluate": ["test"] if evaluate else [],
                "evaluate_every": 1 if evaluate else 10**9,
            }
        )
        self.trainer = Trainer(
            problem.network,
            problem.data,
            make_loss(config),
            make_optimizer(config.optimizer),
            config.optimizer.learning_rate,
            options,
            schedule=make_schedule(config.optimizer.schedule),
            seed=config.seed_for("order"),
        )
        arrays, self.values = self.trainer.state_dict()
        self.start = {name: array.copy() for name, array in arrays.items()}

    def reset(self, iterations: int) -> None:
        """Initial weights; the next `train` makes so many iterations, in the arrays of the one before."""
        self.trainer.load_state(self.start, self.values)
        self.trainer.total, self.trainer.stopped_by = iterations, None

    def train(self) -> None:
        with use_threads(self.network.k, self.threads):
            self.trainer.run()

    def loss(self) -> float:
        """Mean loss of the test images, in inference mode."""
        return self.trainer.measure_set("test").loss

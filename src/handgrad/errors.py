"""What can go wrong, as people meet it: each error is a message to a person and an exit code."""


class HandgradError(Exception):
    """Base of every error handgrad raises on purpose; its text is written for the person who runs it."""

    exit_code = 1


class UsageError(HandgradError):
    """The command or call itself is wrong: an unknown name, a missing file, an impossible combination."""

    exit_code = 2


class ConfigError(UsageError):
    """The experiment's file has errors; the message lists all of them."""


class ShapeError(ConfigError):
    """A layer cannot take the shape it is given; names layer, expected, received and remedy."""


class DataError(HandgradError):
    """The data is there but broken, empty, or not what the experiment asks for."""


class SaveError(HandgradError):
    """A file could not be written whole; what stood before is kept."""


class LoadError(HandgradError):
    """A saved run, weights file or checkpoint is missing, damaged, or of another network."""


class DivergedError(HandgradError):
    """The loss or a tensor stopped being finite."""


class RunLockedError(HandgradError):
    """Another process works in this run folder."""

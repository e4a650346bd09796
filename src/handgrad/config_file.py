"""Reading and writing experiment files: TOML to Config and back, overrides, and errors that people can act on."""

import difflib
import tomllib
import types
import typing
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, cast

import tomli_w
from pydantic import BaseModel, ValidationError

from handgrad.config import Config
from handgrad.errors import ConfigError, UsageError


def experiment_names() -> list[str]:
    """Names of the experiments that come with handgrad."""
    folder = resources.files("handgrad") / "experiments"
    names = (item.name for item in folder.iterdir())
    return sorted(n[:-5] for n in names if n.endswith(".toml") and not n.endswith(".published.toml"))


def read_text(name: str) -> tuple[str, str, str]:
    """The text of a named experiment or a TOML file: (experiment's name, where it lies, text).

    Raises:
        UsageError: if it is neither.
    """
    if name in experiment_names():
        text = (resources.files("handgrad") / "experiments" / f"{name}.toml").read_text("utf-8")
        return name, name, text
    path = Path(name)
    if path.suffix != ".toml" or not path.is_file():
        close = difflib.get_close_matches(name, experiment_names(), n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        what = "there is no such file" if path.suffix == ".toml" else "there is no experiment of this name"
        raise UsageError(f"{name}: {what}; {hint}`handgrad list` shows the experiments")
    try:
        return path.stem, str(path), path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: expected text in UTF-8, found the byte {error.object[error.start]:#04x} at position {error.start}"
        ) from None


def load_config(name: str, overrides: Sequence[str] = ()) -> tuple[str, Config]:
    """A named experiment or TOML file, with overrides, checked.

    Args:
        name: such as "digits-mlp-constant" or "mine.toml".
        overrides: "key.path=value" strings, values as in TOML; lists by index: "network.layers.1.units=50".

    Returns:
        the experiment's name and the config.

    Raises:
        UsageError: if there is no such experiment.
        ConfigError: naming every error with file and key.

    >>> load_config("digits-mlp-constant", ["seed=3"])[1].seed
    3
    """
    experiment, where, text = read_text(name)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: not valid TOML: {error}") from None
    for override in overrides:
        apply_override(table, override)
    return experiment, make_config(table, where)


def make_config(table: Mapping[str, Any], where: str = "config") -> Config:
    """Check a table as read from TOML.

    Raises:
        ConfigError: listing all errors at once, each with `where` and its key path.
    """
    try:
        return Config.model_validate(dict(table))
    except ValidationError as error:
        lines = [f"{where}: {_explain(cast(dict[str, Any], e))}" for e in error.errors()]
        raise ConfigError("\n".join(dict.fromkeys(lines))) from None


def to_toml(config: Config) -> str:
    """The config with every default written out, as TOML."""
    return tomli_w.dumps(config.model_dump(exclude_none=True))


# ------------------------------------------------------------------------------------------------ overrides


def parse_value(text: str) -> Any:
    """A TOML value; text that is none is taken as a string, so that quotes may be left out on a command line."""
    try:
        return tomllib.loads(f"v = {text}")["v"]
    except tomllib.TOMLDecodeError:
        return text


def apply_override(table: dict[str, Any], override: str) -> None:
    """Set one key in place, from "key.path=value".

    Raises:
        UsageError: if it is not of that form, or the path leads nowhere.
    """
    path, equals, text = override.partition("=")
    if not equals or not path.strip():
        raise UsageError(f"{override!r}: expected key=value, such as optimizer.learning_rate=0.01")
    set_key(table, path.strip(), parse_value(text.strip()))


def set_key(table: dict[str, Any], path: str, value: Any) -> None:
    """Set one key, such as "network.layers.1.units", in place.

    Raises:
        UsageError: if a list index is missing or out of range, or the path goes through a plain value.
    """
    here: Any = table
    parts = path.split(".")
    for depth, part in enumerate(parts):
        last = depth == len(parts) - 1
        if isinstance(here, list):
            if not part.isdigit() or int(part) >= len(here):
                at = ".".join(parts[:depth])
                raise UsageError(
                    f"{path}: {at} is a list of {len(here)}; expected an index 0 to {len(here) - 1}, received {part!r}"
                )
            key: Any = int(part)
        elif isinstance(here, dict):
            key = part
        else:
            raise UsageError(f"{path}: {'.'.join(parts[:depth])} is {here!r}, which has no keys")
        if last:
            here[key] = value
        else:
            here = here.setdefault(key, {}) if isinstance(here, dict) else here[key]


# ------------------------------------------------------------------------------------------------ errors


def _models(annotation: Any) -> list[type[BaseModel]]:
    """All section classes that an annotation mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if typing.get_origin(annotation) in (list, typing.Union, types.UnionType, typing.Annotated):
        return [m for arg in typing.get_args(annotation) for m in _models(arg)]
    return []


def _tags(model: type[BaseModel]) -> tuple[Any, ...]:
    field = model.model_fields.get("type")
    return typing.get_args(field.annotation) if field else ()


def _locate(loc: Sequence[str | int]) -> tuple[list[str], list[type[BaseModel]]]:
    """From pydantic's location: the key path as written in the file, and the sections that may stand there."""
    path: list[str] = []
    models: list[type[BaseModel]] = [Config]
    for part in loc:
        if isinstance(part, int):
            path.append(str(part))
            continue
        tagged = [m for m in models if part in _tags(m)]
        if tagged and part not in {name for m in models for name in m.model_fields}:
            models = tagged
            continue
        fields = [m.model_fields[part].annotation for m in models if part in m.model_fields]
        if not fields and path and not models:
            continue  # a union member's name, not a key
        path.append(part)
        models = [m for annotation in fields for m in _models(annotation)]
    return path, models


def _explain(error: dict[str, Any]) -> str:
    path, _ = _locate(error["loc"])
    key, kind = ".".join(path), error["type"]
    if kind == "extra_forbidden":
        _, parents = _locate(error["loc"][:-1])
        known = [name for m in parents for name in m.model_fields]
        close = difflib.get_close_matches(path[-1], known, n=1, cutoff=0.5)
        hint = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(sorted(set(known)))}"
        return f"{key}: unknown key; {hint}"
    if kind == "union_tag_invalid":
        known = [t.strip(" '") for t in error["ctx"]["expected_tags"].split(",")]
        close = difflib.get_close_matches(error["ctx"]["tag"], known, n=1, cutoff=0.5)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
        return f"{key}.type: there is no {error['ctx']['tag']!r}; {hint}"
    if kind == "union_tag_not_found":
        return f"{key}: the key 'type' is missing"
    if kind == "missing":
        return f"{key}: missing; it has no default"
    message = error["msg"].removeprefix("Value error, ")
    received = "" if isinstance(error["input"], dict) else f"; received {error['input']!r}"
    return f"{key}: {message}{received}" if key else message

"""A report's own words for settings, as its file of published numbers has them."""

from handgrad.config_file import experiment_names, load_config
from handgrad.report.parameters import look_up
from handgrad.report.published import find_published
from handgrad.settings import PLAIN, Wording


def wording_of(experiment: str) -> Wording:
    """The words of the report that an experiment or sweep belongs to; plain ones where it has none of its own.

    A parameter that is a product of two keys is named so only where the other is 1: else its name would not fit its
    value.

    >>> wording_of("digits-mlp-rates").names
    {}
    """
    published = find_published(experiment)
    if published is None or experiment not in experiment_names():
        return PLAIN
    config = load_config(experiment)[1].model_dump()
    own = [p for p in published.parameters if p.times is None or look_up(config, p.times) == 1]
    return Wording({p.key: p.name for p in own}, {p.key: p.words for p in own if p.words})

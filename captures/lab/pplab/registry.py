"""The scenarios: small functions that cause one fault, registered with what is true about the capture they make."""

import importlib
import pkgutil
from dataclasses import dataclass, field


@dataclass
class Scenario:
    id: str
    slug: str
    title: str          # one sentence: what is true
    made: str           # one sentence: how it was caused
    endpoints: list
    shows: dict         # Wireshark display filter -> fewest packets; or (fewest, most)
    function: object
    lookups: list = field(default_factory=list)
    options: tuple = ()
    conclusion: dict = None
    requires: tuple = ()    # programs without which the scenario is skipped


SCENARIOS = {}


def scenario(id, slug, **truth):
    def register(function):
        assert slug not in SCENARIOS, slug
        SCENARIOS[slug] = Scenario(id=id, slug=slug, function=function, **truth)
        return function
    return register


def load(package):
    """Imports every family, so that their scenarios register."""
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda found: found.name):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return SCENARIOS


def select(words):
    """Scenarios by id or slug; all without words."""
    if not words:
        chosen = list(SCENARIOS.values())
    else:
        chosen = [entry for entry in SCENARIOS.values() if entry.slug in words or entry.id in words]
        unknown = set(words) - {entry.slug for entry in chosen} - {entry.id for entry in chosen}
        if unknown:
            raise SystemExit(f"unknown scenario: {' '.join(sorted(unknown))}")
    return sorted(chosen, key=lambda entry: (entry.id, entry.slug))

"""Writes what the pre-flight checks know of CellProfiler's modules, out of an installed CellProfiler.

cd containers/unit; CELLPROFILER/bin/python dump_modules.py > platerunner_unit/cellprofiler/cellprofiler_modules.json
"""

import inspect
import itertools
import json
import logging
import re
import sys

from cellprofiler_core.preferences import set_awt_headless, set_headless

set_headless()
set_awt_headless(True)

import cellprofiler_core  # noqa: E402
from cellprofiler_core.constants.modules import (  # noqa: E402
    depricated_modules,
    renamed_modules,
    replaced_modules,
    unimplemented_modules,
)
from cellprofiler_core.constants.pipeline import NATIVE_VERSION  # noqa: E402
from cellprofiler_core.setting import Binary  # noqa: E402
from cellprofiler_core.setting.choice import Choice  # noqa: E402
from cellprofiler_core.setting.range import FloatRange, IntegerRange  # noqa: E402
from cellprofiler_core.setting.subscriber import ImageSubscriber, LabelSubscriber  # noqa: E402
from cellprofiler_core.setting.text import Float, ImageName, Integer, LabelName  # noqa: E402
from cellprofiler_core.utilities.core.modules import all_modules, fill_modules  # noqa: E402

KINDS = (
    (Binary, "binary"), (IntegerRange, "integer_range"), (FloatRange, "float_range"), (Integer, "integer"),
    (Float, "float"),
    (ImageSubscriber, "image"), (LabelSubscriber, "objects"), (ImageName, "names_image"), (LabelName, "names_objects"),
)  # fmt: skip


# A module that changes the choices of a setting as it goes: what it offers when it is new is not all that it takes.
CHANGING = re.compile(r"\.choices\s*=|reset_choices|choices_fn|choices=lambda")

# A module whose number of settings changes with what is added or chosen.
GROWING = re.compile(r"HiddenCount|SettingsGroup|DoSomething\(|add_\w+_button")

# Probes: what no number is, and as many settings as may follow those of a new module.
NO_NUMBER = "Global"
MORE = 12


def kind(setting, module):
    """The kind of value that a setting takes; None if nothing is known of it."""
    for cls, name in KINDS:
        if isinstance(setting, cls):
            return name
    fixed = type(setting) is Choice and not CHANGING.search(inspect.getsource(inspect.getmodule(type(module))))
    return "choice" if fixed else None


def bounds(setting):
    """Least and largest number that a setting takes: beyond them CellProfiler uses its default silently."""
    limits = (getattr(setting, "min_value", None), getattr(setting, "max_value", None))
    return [limit if isinstance(limit, (int, float)) else None for limit in limits]


def values_of(module):
    """The values of a module's settings, in order."""
    return [setting.unicode_value for setting in module.settings()]


def loads(cls, values, revision):
    """Whether CellProfiler takes these values."""
    try:
        cls().set_settings_from_values(list(values), revision, cls.module_name)
    except Exception:  # whatever a module raises is an answer
        return False
    return True


def fewest(cls, module, numbers):
    """The least number of settings that it takes, whatever its counts of groups say; None if any number will do."""
    least = []
    for text in (None, "0", "1"):
        values = [text if text and i in numbers else value for i, value in enumerate(values_of(module))]
        taken = [n for n in range(len(values) + 1) if loads(cls, values[:n], module.variable_revision_number)]
        least.append(taken[0] if taken else len(values))
    return min(least) or None


def numbers(cls, module):
    """Places of settings that CellProfiler reads as a number while it loads, and cannot do without."""
    values, found = values_of(module), []
    for i, value in enumerate(values):
        probe = [*values[:i], NO_NUMBER, *values[i + 1 :]]
        if re.match(r"\d+$", value) and not any(
            loads(cls, [*probe, *values[-1:] * more], module.variable_revision_number) for more in range(MORE)
        ):
            found.append(i)
    return found


def step(cls, module):
    """By how much the number of settings grows, for a module that checks it while it loads; None if it does not."""
    values = values_of(module)
    more = [n for n in range(MORE) if loads(cls, [*values, *values[-1:] * n], module.variable_revision_number)]
    apart = {b - a for a, b in zip(more, more[1:])}  # noqa: B905, RUF007  (Python 3.9)
    return apart.pop() if len(apart) == 1 and apart != {1} else None


def oldest(cls, module):
    """The oldest revision that CellProfiler upgrades; None if it refuses none for its age."""
    refused = 0
    for revision in range(1, module.variable_revision_number):
        try:
            cls().upgrade_settings(values_of(module), revision, cls.module_name)
        except NotImplementedError as error:
            refused = revision if "not supported" in str(error) else refused
        except Exception:  # noqa: S112  (these are not the settings of that revision)
            continue
    return refused + 1 if refused else None


def trials(cls):
    """What is visible under each pair of choices: (value of each choice by place, places that are visible)."""
    module = cls()
    places = {id(setting): i for i, setting in enumerate(module.settings())}
    options = [
        (setting, ["Yes", "No"] if isinstance(setting, Binary) else list(setting.choices))
        for setting in module.settings()
        if isinstance(setting, (Binary, Choice))
    ]
    pairs = itertools.combinations(options, 2) if len(options) > 1 else [tuple(options)]
    for pair in pairs:
        before = [setting.value_text for setting, _ in pair]
        for chosen in itertools.product(*(choices for _, choices in pair)):
            for (setting, _), value in zip(pair, chosen):  # noqa: B905  (Python 3.9)
                setting.value = value
            try:
                seen = {places[id(setting)] for setting in module.visible_settings() if id(setting) in places}
            except Exception:  # noqa: S112  (a combination that nobody can choose)
                continue
            yield {places[id(setting)]: setting.value_text for setting, _ in options}, seen
        for (setting, _), value in zip(pair, before):  # noqa: B905  (Python 3.9)
            setting.value = value


def visibility(cls):
    """For each place that counts for certain, when: ``True``, or the place of a choice and the values that show it."""
    tried = list(trials(cls))
    if not tried:
        return {}
    found = dict.fromkeys(set.intersection(*(seen for _, seen in tried)), True)
    for i in set().union(*(seen for _, seen in tried)) - set(found):
        for j in tried[0][0]:
            shown = {values[j] for values, seen in tried if i in seen}
            hidden = {values[j] for values, seen in tried if i not in seen}
            if i != j and not shown & hidden and found.get(j) is True:
                found[i] = [j, sorted(shown)]
                break
    return found


def describe_places(cls, module):
    """The settings of a new module in their order: text, kind, and when they count for certain."""
    visible = visibility(cls)
    return [
        {"text": setting.text, "kind": kind(setting, module), **({"counts": visible[i]} if i in visible else {})}
        for i, setting in enumerate(module.settings())
    ]


def describe(cls):
    """What is known of a module: its settings by text and by place, and what its loading cannot do without."""
    module = cls()
    settings = {}
    for setting in module.settings():
        what = kind(setting, module)
        found = settings.setdefault(setting.text, {"kinds": []})
        if what not in found["kinds"]:
            found["kinds"].append(what)
        if what == "choice":
            found["choices"] = sorted({*found.get("choices", []), *map(str, setting.choices)})
        if what in ("integer", "float") and bounds(setting) != [None, None]:
            found["bounds"] = bounds(setting)
    count = numbers(cls, module)
    known = {
        "fewest": fewest(cls, module, count), "numbers": count, "step": step(cls, module),
        "oldest": oldest(cls, module), "grows": bool(GROWING.search(inspect.getsource(inspect.getmodule(cls)))),
    }  # fmt: skip
    return {
        "revision": module.variable_revision_number,
        "settings": settings,
        "places": describe_places(cls, module),
        **{name: value for name, value in known.items() if value},
    }


def gone():
    """Modules that CellProfiler had once, with what it says of each."""
    return {
        **{name: f"there is {' or '.join(to)} instead" for name, to in replaced_modules.items()},
        **dict.fromkeys([*depricated_modules, *unimplemented_modules], "nothing has taken its place"),
    }


logging.disable(logging.CRITICAL)
fill_modules()
modules = {name: describe(cls) for name, cls in sorted(all_modules.items())}
json.dump(
    {
        "cellprofiler": cellprofiler_core.__version__, "format": NATIVE_VERSION, "modules": modules,
        "renamed": renamed_modules, "gone": gone(),
    },
    sys.stdout, indent=0, sort_keys=True, separators=(",", ":"),
)  # fmt: skip
print()

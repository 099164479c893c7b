"""Writes what the pre-flight checks know of CellProfiler's modules, out of an installed CellProfiler.

CELLPROFILER/bin/python containers/unit/dump_modules.py > containers/unit/platerunner_unit/cellprofiler_modules.json
"""

import inspect
import json
import re
import sys

from cellprofiler_core.preferences import set_awt_headless, set_headless

set_headless()
set_awt_headless(True)

import cellprofiler_core  # noqa: E402
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


def kind(setting, module):
    """The kind of value that a setting takes; None if nothing is known of it."""
    for cls, name in KINDS:
        if isinstance(setting, cls):
            return name
    fixed = type(setting) is Choice and not CHANGING.search(inspect.getsource(inspect.getmodule(type(module))))
    return "choice" if fixed else None


def bounds(setting):
    """Least and largest number that a setting takes: beyond them CellProfiler uses its default without a word."""
    limits = (getattr(setting, "min_value", None), getattr(setting, "max_value", None))
    return [limit if isinstance(limit, (int, float)) else None for limit in limits]


def describe(module):
    """Revision, the number of settings that a fresh module has, and what is known of each by its text."""
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
    first = module.settings()[0].text if module.settings() else None
    grows = GROWING.search(inspect.getsource(inspect.getmodule(type(module))))
    count = None if grows else len(module.settings())
    return {"revision": module.variable_revision_number, "settings": settings, "first": first, "count": count}


fill_modules()
modules = {name: describe(cls()) for name, cls in sorted(all_modules.items())}
json.dump(
    {"cellprofiler": cellprofiler_core.__version__, "format": NATIVE_VERSION, "modules": modules},
    sys.stdout, indent=0, sort_keys=True, separators=(",", ":"),
)  # fmt: skip
print()

"""The module `config_defaults.py`: the defaults of `config.py`, by which edited values are known."""

import config
import setting_types
import settings
from setting_sources import own_default


def defaults_module() -> str:
    """The source of the module: for each class the fields that it defines itself, with their values as text."""
    lines = [
        '"""The values of `config.py` as SceneLab comes with them, as text. What differs there was edited by the user.',
        "",
        "python docs/generate.py defaults writes this file.",
        '"""',
        "",
        "DEFAULTS = {",
    ]
    for one in _classes():
        lines.append(f'    "{one.__name__}": {{')
        lines += [f'        "{name}": {_quoted(own_default(one, name))},' for name in _own_fields(one)]
        lines.append("    },")
    return "\n".join([*lines, "}"]) + "\n"


def _classes() -> list[type]:
    own = [one for one in vars(config).values() if isinstance(one, type) and one.__module__ == "config"]
    return [settings.Settings, *(one for one in own if issubclass(one, settings.Settings))]


def _own_fields(one: type) -> list[str]:
    return [name for name in one.__annotations__ if name in one.model_fields]


def _quoted(value: object) -> str:
    text = setting_types.as_text(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'

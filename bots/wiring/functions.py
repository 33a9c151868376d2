"""The functions that declared Assistants name: their modules loaded, their signatures read.

Only modules that some Assistant names are run. What is wrong with one ends the start with a
sentence: the file, the function, what to do.
"""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

from adapters.functions.calling import Inject, LoadedFunction, LoadedFunctions, NotForSeveral
from adapters.functions.docstrings import read_docstring
from adapters.functions.schema import BadSignature, parameters_of, signature_of
from bots.wiring.assistants import assistant_id
from config.functions import Assistant, Conversation, User, declared
from config.loading import AssistantFile, load_assistants
from core.chat.function_ports import Caller, Traits
from core.chat.text.speakers import speaker_name
from core.errors import ConfigurationError

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""Names of functions that the API takes (Assistants API reference, v2)."""

LONGEST_TIMEOUT_S = 3600.0


class Functions:
    """The loaded functions, by the name that configuration uses (`weather.forecast`)."""

    def __init__(self, loaded: Mapping[str, LoadedFunction]) -> None:
        self.loaded = loaded

    def equipped(self, file: AssistantFile) -> AssistantFile:
        """The declared Assistant with its functions as tools."""
        tools = tuple(self.loaded[name].tool for name in file.functions)
        return replace(file, function_tools=tools)

    def callable(self, secrets: tuple[str, ...]) -> LoadedFunctions:
        """For the relay; no error tells one of `secrets`."""
        return LoadedFunctions({one.name: one for one in self.loaded.values()}, secrets=secrets)


def load_declared(folder: Path) -> tuple[dict[str, AssistantFile], Functions]:
    """The declared Assistants by slug, equipped with their functions, and those functions.

    Raises:
        ConfigurationError: a file, module or function is broken; the text says what to do.
    """
    if not (folder / "assistants").is_dir():
        raise ConfigurationError(
            f"{folder / 'assistants'} does not exist. BOBBIN_CONFIG_DIR must name a folder with "
            "assistants/*.toml in it, and functions/*.py if they name any."
        )
    files = load_assistants(folder / "assistants")
    functions = load_functions(folder / "functions", files)
    return {slug: functions.equipped(file) for slug, file in files.items()}, functions


def load_functions(folder: Path, files: Mapping[str, AssistantFile]) -> Functions:
    """Load what `files` (by slug) name from the modules in `folder`.

    Raises:
        ConfigurationError: a module or function cannot be used.
    """
    modules: dict[str, ModuleType] = {}
    loaded: dict[str, LoadedFunction] = {}
    owners: dict[str, str] = {}
    names = {assistant_id(slug): slug for slug in files}
    for file in files.values():
        for wanted in file.functions:
            if wanted in loaded:
                continue
            module, _, name = wanted.partition(".")
            path = folder / f"{module}.py"
            if module not in modules:
                modules[module] = _module(path, f"{file.slug}.toml names {wanted}")
            loaded[wanted] = _function(path, modules[module], name, names)
            other = owners.setdefault(name, wanted)
            if other != wanted:
                raise ConfigurationError(
                    f"{wanted} and {other} have the same name for a model; rename one of them "
                    "in its file and in config/assistants/."
                )
    return Functions(loaded)


def _module(path: Path, why: str) -> ModuleType:
    """Run the file as `config.functions.<module>`, afresh."""
    if not path.is_file():
        raise ConfigurationError(f"{path} does not exist, and {why}. Make it, or take that off.")
    name = f"config.functions.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"{path} is no Python module.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and type hints look their module up there
    try:
        spec.loader.exec_module(module)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        del sys.modules[name]
        raise ConfigurationError(
            f"{path} cannot be loaded: {_where(path, error)}{type(error).__name__}: "
            f"{_line(error)}. Mend it, or take its functions off config/assistants/."
        ) from error
    return module


def _function(
    path: Path, module: ModuleType, name: str, names: Mapping[str, str]
) -> LoadedFunction:
    function = getattr(module, name, None)
    if function is None:
        raise ConfigurationError(
            f"{path} has no function `{name}`. Write it, or take `{path.stem}.{name}` off "
            "config/assistants/."
        )
    try:
        return _loaded(function, name, names)
    except BadSignature as error:
        raise ConfigurationError(f"{path}: `{name}` cannot be a tool: {error}.") from error


def _loaded(function: Any, name: str, names: Mapping[str, str]) -> LoadedFunction:
    if not inspect.isfunction(function):
        raise BadSignature("it is no function; write `def` or `async def`")
    if not _NAME.fullmatch(name):
        raise BadSignature("its name must have at most 64 letters of A-Z, a-z, 0-9 and _")
    words = read_docstring(function.__doc__)
    if not words.description:
        raise BadSignature("it has no docstring; write what it does, for the model")
    said = declared(function)
    if not 0 < said.timeout_s <= LONGEST_TIMEOUT_S:
        raise BadSignature(f"timeout_s must be above 0 and at most {LONGEST_TIMEOUT_S:g} seconds")
    parameters, hints = signature_of(function)
    injected: dict[str, Inject] = {}
    for parameter in list(parameters):
        inject = _injected(parameter, hints[parameter], names)
        if inject is not None:
            injected[parameter] = inject
            del parameters[parameter]
    return LoadedFunction(
        name=name,
        description=words.description,
        parameters=parameters_of(parameters, hints, words),
        function=function,
        traits=Traits(
            approval=said.approval, idempotent=said.idempotent, timeout_s=float(said.timeout_s)
        ),
        injected=injected,
    )


def _injected(name: str, kind: Any, names: Mapping[str, str]) -> Inject | None:
    """How a parameter is filled in if it is not the model's: by its type, or by its name.

    A parameter called `user` is never the model's, so that nobody writes one and trusts it.
    """

    def assistant(caller: Caller) -> Assistant:
        return Assistant(caller.assistant, names.get(caller.assistant, caller.assistant))

    whole: dict[type, Inject] = {User: _user, Conversation: _conversation, Assistant: assistant}
    bare: dict[str, Callable[[Caller], str]] = {
        "user": lambda caller: _user(caller).id,
        "conversation": lambda caller: _conversation(caller).key,
        "assistant": lambda caller: assistant(caller).name,
    }
    kinds = {kind, *get_args(kind)}  # `Annotated[User, ...]` and `User | None` as well
    for known, inject in whole.items():
        if known in kinds:
            return inject
    if name not in bare:
        return None
    if str not in kinds:
        raise BadSignature(
            f"`{name}` is filled in by Bobbin: give it the type `{name.title()}` of "
            "config.functions, or `str`, or another name"
        )
    return bare[name]


def _user(caller: Caller) -> User:
    if len(caller.askers) != 1:
        people = " and ".join(speaker_name(asker.name or asker.id) for asker in caller.askers)
        raise NotForSeveral(
            f"It was not run: it acts for one person, and {people or 'nobody'} asked together. "
            "Ask them to write one after the other."
        )
    asker = caller.askers[0]
    return User(asker.id, asker.name or asker.id, caller.conversation.platform)


def _conversation(caller: Caller) -> Conversation:
    return Conversation(str(caller.conversation), caller.conversation.platform)


def _where(path: Path, error: BaseException) -> str:
    """`line 3: `, the last line of that file that the error came through."""
    if isinstance(error, SyntaxError) and error.lineno:
        return f"line {error.lineno}: "
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == str(path)
    ]
    return f"line {lines[-1]}: " if lines else ""


def _line(error: BaseException) -> str:
    words = str(error.msg if isinstance(error, SyntaxError) else error).strip()
    return " ".join(words.splitlines()[0].split()).rstrip(".") if words else "no reason given"

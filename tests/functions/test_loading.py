"""The operator's files: what becomes of them, and the sentence for each mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from bots.wiring.assistants import assistant_id, declared
from bots.wiring.functions import Functions, load_declared
from core.chat.function_ports import Call, Caller
from core.errors import ConfigurationError
from tests.chat.flow import ANN, BOB, place

SHOP = '''
from dataclasses import dataclass
from typing import Annotated
from config.functions import Assistant, Conversation, User, function

@dataclass
class Order:
    number: str

@function(approval=True, timeout_s=5)
def refund(order: Order, why: Annotated[str, "in one sentence"], user: User) -> str:
    """Give the money back."""
    return f"{order.number} for {user.name} ({user.id} at {user.platform}): {why}"

@function(idempotent=True)
async def where(conversation: Conversation, by: Assistant, who: User | None = None) -> list[str]:
    """Where this is."""
    return [conversation.key, by.name, who.id]

def mine(user: str, conversation: str, assistant: str) -> str:
    """All of it, bare."""
    return f"{user} {conversation} {assistant}"
'''


def folder(tmp_path: Path, functions: str, **modules: str) -> Path:
    for name in ("assistants", "functions"):
        (tmp_path / name).mkdir(exist_ok=True)
    (tmp_path / "assistants" / "clerk.toml").write_text(
        f'name = "Clerk"\ntools = ["code_interpreter"]\nfunctions = {functions}\n'
    )
    for name, text in modules.items():
        (tmp_path / "functions" / f"{name}.py").write_text(text)
    return tmp_path


def shop(tmp_path: Path) -> Functions:
    return load_declared(folder(tmp_path, '["shop.refund", "shop.where", "shop.mine"]', shop=SHOP))[
        1
    ]


def test_a_declared_assistant_gets_its_functions_as_tools(tmp_path: Path) -> None:
    files, _ = load_declared(folder(tmp_path, '["shop.refund"]', shop=SHOP))
    code, refund = declared(files["clerk"], "m")["tools"]
    assert code == {"type": "code_interpreter"}
    assert refund["type"] == "function"
    assert refund["function"]["name"] == "refund"
    assert refund["function"]["description"] == "Give the money back."
    parameters = refund["function"]["parameters"]
    assert list(parameters["properties"]) == ["order", "why"], "the user is not the model's to say"
    assert parameters["properties"]["why"]["description"] == "in one sentence"


def test_what_the_decorator_says_is_kept_and_the_rest_has_defaults(tmp_path: Path) -> None:
    own = shop(tmp_path).callable(())
    refund, where, mine = (own.traits(name) for name in ("refund", "where", "mine"))
    assert refund is not None
    assert where is not None
    assert mine is not None
    assert (refund.approval, refund.idempotent, refund.timeout_s) == (True, False, 5.0)
    assert (where.approval, where.idempotent, where.timeout_s) == (False, True, 30.0)
    assert (mine.approval, mine.idempotent, mine.timeout_s) == (False, False, 30.0)


@pytest.mark.parametrize(
    ("name", "arguments", "output"),
    [
        ("refund", '{"order": {"number": "7"}, "why": "late"}', "7 for Ann (ann at fake): late"),
        ("where", "{}", '["fake:workspace:room","clerk","ann"]'),
        ("mine", "{}", "ann fake:workspace:room clerk"),
    ],
)
async def test_user_conversation_and_assistant_are_filled_in(
    tmp_path: Path, name: str, arguments: str, output: str
) -> None:
    own = shop(tmp_path).callable(())
    caller = Caller(askers=(ANN,), conversation=place(), assistant=assistant_id("clerk"))
    call = Call(run_id="r", id="c", name=name, arguments=arguments)
    assert await own.call(call, caller) == output
    together = Caller(askers=(ANN, BOB), conversation=place(), assistant="asst_x")
    assert "Ann and Bob asked together" in await own.call(call, together)


def test_without_functions_nothing_is_loaded(tmp_path: Path) -> None:
    files, functions = load_declared(folder(tmp_path, "[]", shop="1 / 0"))
    assert functions.loaded == {}
    assert files["clerk"].function_tools == ()


@pytest.mark.parametrize(
    ("functions", "module", "words"),
    [
        ('["refund"]', SHOP, ["clerk.toml", "`module.function`"]),
        ('["shop.refund", "shop.refund"]', SHOP, ["clerk.toml", "once"]),
        ('["shop.nothing"]', SHOP, ["shop.py", "no function `nothing`"]),
        ('["other.refund"]', SHOP, ["other.py does not exist", "clerk.toml names other.refund"]),
        ('["shop.Order"]', SHOP, ["shop.py", "`Order`", "it is no function"]),
        ('["shop.f"]', "def f(:", ["shop.py", "line 1", "SyntaxError"]),
        ('["shop.f"]', "\nimport nowhere", ["shop.py", "line 2", "No module named 'nowhere'"]),
        ('["shop.f"]', "raise SystemExit(1)", ["shop.py", "SystemExit"]),
        ('["shop.f"]', "def f(x: int): ...", ["shop.py", "`f`", "no docstring"]),
        ('["shop.f"]', "def f(x):\n    'Doc.'", ["shop.py", "`f`", "`x` has no type"]),
        ('["shop.f"]', "def f(x: object):\n    'Doc.'\nf.__annotations__['x'] = type('T', (), {})",
         ["shop.py", "`f`", "JSON"]),
        ('["shop.f"]', "def f(x: 'Nowhere'):\n    'Doc.'", ["`f`", "Nowhere"]),
        ('["shop.f"]', "def f(user: int):\n    'Doc.'", ["`f`", "`user` is filled in by Bobbin"]),
        ('["shop.f"]',
         "from config.functions import function\n@function(timeout_s=0)\ndef f():\n    'Doc.'",
         ["`f`", "timeout_s"]),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence_that_names_the_file(
    tmp_path: Path, functions: str, module: str, words: list[str]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_declared(folder(tmp_path, functions, shop=module))
    sentence = str(caught.value)
    assert "\n" not in sentence
    for each in words:
        assert each in sentence


def test_a_folder_without_assistants_is_a_wrong_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="BOBBIN_CONFIG_DIR"):
        load_declared(tmp_path / "nowhere")


def test_two_functions_of_one_name_are_one_too_many(tmp_path: Path) -> None:
    text = "def find(x: str):\n    'Find it.'"
    with pytest.raises(ConfigurationError, match=r"b\.find and a\.find have the same name"):
        load_declared(folder(tmp_path, '["a.find", "b.find"]', a=text, b=text))

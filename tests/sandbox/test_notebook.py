"""What a model can do with it: the ways of a notebook, with the real packages, in each mode."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.sandbox.interpreter import SandboxedInterpreter
from adapters.sandbox.limits import Limits
from core.engine.records import Execution, Figure
from core.errors import InvalidRequest, NotFound
from tests.sandbox.conftest import said, setting, skip_without
from tests.search.documents import pdf

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMITS = Limits(soft_s=20.0, output_chars=5000, figures=2)


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=["namespaces", "landlock"])
async def notebook(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[SandboxedInterpreter]:
    """One interpreter with everything imported, for all tests of a mode."""
    options = setting(request.param).options()
    state: Path = tmp_path_factory.mktemp("state")
    async with SandboxedInterpreter(state_dir=state, limits=LIMITS, **options) as interpreter:
        await skip_without(interpreter, request.param)
        yield interpreter


def drawn(execution: Execution) -> list[bytes]:
    return [output.png for output in execution.outputs if isinstance(output, Figure)]


async def test_variables_stay(notebook: SandboxedInterpreter, session: str) -> None:
    first = await notebook.run(session, "x = 20\ndef twice(n): return 2 * n")
    second = await notebook.run(session, "twice(x) + 2")
    assert (said(first), first.failed) == ("", False)
    assert (said(second), second.state) == ("42\n", "kept")


async def test_only_the_last_expression_is_shown(
    notebook: SandboxedInterpreter, session: str
) -> None:
    assert said(await notebook.run(session, "1\n2\nprint('three')\n4")) == "three\n4\n"
    assert said(await notebook.run(session, "5;")) == ""
    assert said(await notebook.run(session, "None")) == ""
    assert said(await notebook.run(session, "6\n_ = 7")) == ""
    assert said(await notebook.run(session, "'a' * 3")) == "'aaa'\n"
    assert said(await notebook.run(session, "_.upper()")) == "'AAA'\n"
    assert said(await notebook.run(session, "display(1, 'b')")) == "1\n'b'\n"


async def test_the_streams_keep_their_order(notebook: SandboxedInterpreter, session: str) -> None:
    code = (
        "import sys\nprint('a')\nprint('b', file=sys.stderr)\n"
        "sys.stdout.buffer.write(b'c\\n')\nsys.stdout.flush()\nprint('d')"
    )
    assert said(await notebook.run(session, code)) == "a\nb\nc\nd\n"


async def test_sympy_solves_the_example(notebook: SandboxedInterpreter, session: str) -> None:
    code = "from sympy import *\nx = symbols('x')\nsolve(Eq(3*x + 11, 14), x)"
    assert said(await notebook.run(session, code)) == "[1]\n"


async def test_numpy_and_pandas_work(notebook: SandboxedInterpreter, session: str) -> None:
    code = (
        "import numpy as np, pandas as pd\n"
        "u, s, v = np.linalg.svd(np.eye(50) * 3)\n"
        "print(int(s.sum()))\n"
        "pd.DataFrame({'a': [1, 2]}).sum()['a']"
    )
    assert "150" in said(await notebook.run(session, code))


async def test_threads_and_an_event_loop_work(notebook: SandboxedInterpreter, session: str) -> None:
    code = (
        "import asyncio, threading, concurrent.futures as f\n"
        "with f.ThreadPoolExecutor(4) as pool: print(sum(pool.map(abs, [-1, -2])))\n"
        "async def main():\n"
        "    await asyncio.sleep(0.01)\n"
        "    return await asyncio.to_thread(lambda: 7)\n"
        "asyncio.run(main())"
    )
    assert said(await notebook.run(session, code)) == "3\n7\n"


async def test_randomness_differs_between_sessions(
    notebook: SandboxedInterpreter, session: str
) -> None:
    code = "import random, numpy\n(random.random(), float(numpy.random.rand()))"
    assert said(await notebook.run(session, code)) != said(await notebook.run(session + "2", code))


async def test_figures_come_as_pngs(notebook: SandboxedInterpreter, session: str) -> None:
    code = (
        "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.show()\n"
        "plt.figure()\nplt.bar([1], [2]);"
    )
    execution = await notebook.run(session, code)
    assert len(drawn(execution)) == 2
    assert all(png.startswith(b"\x89PNG\r\n\x1a\n") for png in drawn(execution))
    assert said(execution) == ""
    # Closed once shown: the next call does not show them again.
    assert drawn(await notebook.run(session, "1")) == []


PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 2]); "


@pytest.mark.parametrize(
    "code",
    [
        "plt.savefig('plot.png')",
        "plt.gcf().savefig('/mnt/data/plot.png', dpi=50, transparent=True)\nplt.show()",
        "plt.savefig('plot')",
    ],
)
async def test_a_figure_that_is_saved_too_is_shown_as_it_was_saved(
    notebook: SandboxedInterpreter, session: str, code: str
) -> None:
    execution = await notebook.run(session, f"import os; os.chdir('/mnt/data')\n{PLOT}{code}")
    assert not execution.failed, said(execution)
    assert drawn(execution) == [await notebook.get(session, "plot.png")]


@pytest.mark.parametrize(
    "code",
    [
        "plt.savefig('/mnt/data/plot.png'); plt.title('And then')",
        "plt.savefig('/mnt/data/plot.png'); open('/mnt/data/plot.png', 'w').write('else')",
        "plt.savefig('/mnt/data/plot.png'); plt.close(); plt.plot([3])",
        "plt.gcf().set_size_inches(90, 90); plt.savefig('/mnt/data/plot.png')",
    ],
)
async def test_a_figure_that_is_another_than_was_saved_is_shown_as_it_is(
    notebook: SandboxedInterpreter, session: str, code: str
) -> None:
    execution = await notebook.run(session, PLOT + code)
    assert not execution.failed, said(execution)
    (shown,) = drawn(execution)
    assert shown.startswith(b"\x89PNG")
    assert shown != await notebook.get(session, "plot.png")


async def test_figures_have_a_ceiling(notebook: SandboxedInterpreter, session: str) -> None:
    code = "import matplotlib.pyplot as plt\nfor _ in range(4): plt.figure()"
    execution = await notebook.run(session, code)
    assert len(drawn(execution)) == LIMITS.figures
    assert said(execution) == "(only 2 figures are shown in one call)\n"


async def test_a_huge_figure_is_drawn_smaller(notebook: SandboxedInterpreter, session: str) -> None:
    code = "import matplotlib.pyplot as plt\nplt.figure(figsize=(200, 200), dpi=300)\nplt.plot([1])"
    execution = await notebook.run(session, code)
    assert len(drawn(execution)) == 1


async def test_figures_come_with_the_traceback(
    notebook: SandboxedInterpreter, session: str
) -> None:
    execution = await notebook.run(
        session, "import matplotlib.pyplot as plt\nplt.plot([1])\nraise KeyError('later')"
    )
    assert execution.failed
    assert len(drawn(execution)) == 1


async def test_a_file_goes_in_and_another_comes_out(
    notebook: SandboxedInterpreter, session: str
) -> None:
    await notebook.put(session, "in.csv", b"a,b\n1,2\n3,4\n")
    code = (
        "import pandas as pd\nt = pd.read_csv('/mnt/data/in.csv')\n"
        "t['c'] = t.a + t.b\nt.to_csv('/mnt/data/out.csv', index=False)\nprint('/mnt/data/out.csv')"
    )
    execution = await notebook.run(session, code)
    assert said(execution) == "/mnt/data/out.csv\n"
    assert [(f.name, f.size) for f in execution.files] == [("out.csv", 18)]
    assert await notebook.get(session, "out.csv") == b"a,b,c\n1,2,3\n3,4,7\n"


async def test_only_changes_are_reported(notebook: SandboxedInterpreter, session: str) -> None:
    await notebook.put(session, "kept.txt", b"1")
    first = await notebook.run(session, "open('/mnt/data/made.txt', 'w').write('12')")
    second = await notebook.run(session, "open('/mnt/data/kept.txt').read()")
    third = await notebook.run(session, "f = open('kept.txt', 'a'); f.write('2'); f.close()")
    assert [f.name for f in first.files] == ["made.txt"]
    assert second.files == ()
    assert [f.name for f in third.files] == ["kept.txt"]
    assert await notebook.get(session, "kept.txt") == b"12"


async def test_a_removed_file_is_gone(notebook: SandboxedInterpreter, session: str) -> None:
    await notebook.put(session, "a.txt", b"1")
    await notebook.run(session, "import os; os.remove('/mnt/data/a.txt')")
    with pytest.raises(NotFound):
        await notebook.get(session, "a.txt")


async def test_a_file_can_be_replaced_from_outside(
    notebook: SandboxedInterpreter, session: str
) -> None:
    await notebook.put(session, "a.txt", b"one")
    await notebook.run(session, "1")
    await notebook.put(session, "a.txt", b"two")
    execution = await notebook.run(session, "open('/mnt/data/a.txt').read()")
    assert said(execution) == "'two'\n"
    assert execution.files == ()


async def test_what_people_send_can_be_read(notebook: SandboxedInterpreter, session: str) -> None:
    """A workbook, a PDF, a picture: by the packages that the model is told of."""
    await notebook.put(session, "a.pdf", pdf("Tulips grow in spring."))
    code = (
        "import pandas as pd, pypdf\nfrom PIL import Image\n"
        "pd.DataFrame({'a': [1, 2]}).to_excel('/mnt/data/t.xlsx', index=False)\n"
        "Image.new('RGB', (20, 10)).save('/mnt/data/i.jpg')\n"
        "print(pd.read_excel('/mnt/data/t.xlsx')['a'].sum())\n"
        "print(pypdf.PdfReader('/mnt/data/a.pdf').pages[0].extract_text())\n"
        "print(Image.open('/mnt/data/i.jpg').size)"
    )
    execution = await notebook.run(session, code)
    assert said(execution) == "3\nTulips grow in spring.\n(20, 10)\n"
    assert [f.name for f in execution.files] == ["i.jpg", "t.xlsx"]


async def test_what_reaches_nobody_is_said_once(
    notebook: SandboxedInterpreter, session: str
) -> None:
    code = (
        "import os\n"
        "for name in ['a\\nb.txt', 'x\\\\y', '\\u202egpj.exe', 'ü ß 😀.csv', '-x', '.hidden']:\n"
        "    open('/mnt/data/' + name, 'w').write('1')\n"
        "os.makedirs('/mnt/data/out/deep', exist_ok=True); os.makedirs('/mnt/data/.cache')"
    )
    execution = await notebook.run(session, code)
    assert said(execution) == (
        "(only files directly in /mnt/data reach the user, not those in folders: 'out')\n"
        "(files reach the user only under plain, printable names, not as: "
        "'a\\nb.txt', 'x\\\\y', '\\u202egpj.exe')\n"
    )
    assert [f.name for f in execution.files] == ["-x", ".hidden", "ü ß 😀.csv"]
    assert said(await notebook.run(session, "1")) == "1\n"


async def test_the_usual_file_tools_work(notebook: SandboxedInterpreter, session: str) -> None:
    code = (
        "import shutil, sqlite3, tempfile, zipfile, pathlib, os\n"
        "p = pathlib.Path('/mnt/data'); (p / 'd').mkdir(); (p / 'd' / 'x').touch()\n"
        "(p / 'a').write_text('1'); shutil.copy2(p / 'a', p / 'b'); shutil.copytree(p / 'd', 'e')\n"
        "with tempfile.TemporaryDirectory() as t, zipfile.ZipFile('z.zip', 'w') as z:\n"
        "    z.write('a'); open(os.path.join(t, 'y'), 'w').write('y')\n"
        "db = sqlite3.connect('/mnt/data/s.db'); db.execute('create table t(a)'); db.commit()\n"
        "shutil.move('b', 'c'); shutil.rmtree('e')\n"
        "open('/tmp/scratch', 'w').write('1'); shutil.move('/tmp/scratch', '/mnt/data/moved')\n"
        "sorted(os.listdir('/mnt/data'))"
    )
    execution = await notebook.run(session, code)
    shown, remark = said(execution).splitlines()
    assert shown == "['a', 'c', 'd', 'moved', 's.db', 'z.zip']"
    assert remark.startswith("(only files directly in /mnt/data reach the user")
    assert [f.name for f in execution.files] == ["a", "c", "moved", "s.db", "z.zip"]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc/passwd", "a\\b", "a\nb", "é" * 200])
async def test_a_name_that_is_no_file_name_is_refused(
    notebook: SandboxedInterpreter, session: str, name: str
) -> None:
    with pytest.raises(InvalidRequest, match="plain file name"):
        await notebook.put(session, name, b"")
    with pytest.raises(NotFound):
        await notebook.get(session, name)


async def test_the_traceback_is_short_and_ours(
    notebook: SandboxedInterpreter, session: str
) -> None:
    execution = await notebook.run(session, "def f(n):\n    return 1 / n\n\nf(0)")
    assert execution.failed
    assert said(execution) == (
        "Traceback (most recent call last):\n"
        '  File "<cell 1>", line 4, in <module>\n    f(0)\n'
        '  File "<cell 1>", line 2, in f\n    return 1 / n\n           ~~^~~\n'
        "ZeroDivisionError: division by zero\n"
    )


async def test_a_libraries_depths_are_left_out(
    notebook: SandboxedInterpreter, session: str
) -> None:
    text = said(await notebook.run(session, "import pandas as pd\npd.read_csv('missing.csv')"))
    assert text.count("  File ") == 2
    assert "/site-packages" not in text
    assert text.rstrip().endswith("'missing.csv'")


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("import subprocess; subprocess.run(['ls'])", "no other program can be started"),
        ("import os; os.system('ls')", "no other program can be started"),
        ("import socket; socket.create_connection(('1.2.3.4', 80))", "no network here"),
        ("import urllib.request as u; u.urlopen('http://example.com')", "no network here"),
        ("import os; os.symlink('/etc/passwd', 'x')", "linked"),
        ("from multiprocessing import Pool; Pool(2)", "no other program can be started"),
        ("files = [open(f'/tmp/{n}', 'w') for n in range(200)]", "files can be open at a time"),
        (
            "import threading\nfor _ in range(300): threading.Timer(1, print).start()",
            "threads can run here",
        ),
        ("import not_installed_here", "no package can be installed"),
        ("!pip install x", "Shell commands"),
        ("%timeit 1", "magics"),
        ("input('name?')", "input() cannot ask"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("x = (", "SyntaxError"),
        ("x = 1\0", "null bytes"),
    ],
)
async def test_what_does_not_work_says_so_kindly(
    notebook: SandboxedInterpreter, session: str, code: str, hint: str
) -> None:
    await notebook.run(session, "kept = 1")
    execution = await notebook.run(session, code)
    assert execution.failed
    assert hint in said(execution)
    assert said(await notebook.run(session, "kept")) == "1\n"


async def test_matplotlib_inline_is_no_error(notebook: SandboxedInterpreter, session: str) -> None:
    assert said(await notebook.run(session, "%matplotlib inline\n1 + 1")) == "2\n"


async def test_sessions_see_nothing_of_each_other(
    notebook: SandboxedInterpreter, session: str
) -> None:
    await notebook.run(
        session,
        "secret = 1\nopen('/mnt/data/secret.txt', 'w').write('1')\nimport numpy\nnumpy.pi = 3",
    )
    other = session + " other"
    assert "NameError" in said(await notebook.run(other, "secret"))
    assert said(await notebook.run(other, "import os; os.listdir('/mnt/data')")) == "[]\n"
    assert said(await notebook.run(other, "import numpy; numpy.pi > 3.1")) == "True\n"
    with pytest.raises(NotFound):
        await notebook.get(other, "secret.txt")


async def test_a_closed_session_starts_anew(notebook: SandboxedInterpreter, session: str) -> None:
    await notebook.run(session, "x = 1\nopen('/mnt/data/a', 'w').write('1')")
    await notebook.close(session)
    await notebook.close("never seen")
    with pytest.raises(NotFound):
        await notebook.get(session, "a")
    execution = await notebook.run(session, "import os\nprint('x' in globals(), os.listdir('.'))")
    assert (said(execution), execution.state) == ("False []\n", "kept")


async def test_the_output_has_a_ceiling(notebook: SandboxedInterpreter, session: str) -> None:
    text = said(await notebook.run(session, "for i in range(10**6): print('x' * 9)"))
    assert len(text) < LIMITS.output_chars + 100
    assert text.endswith(f"{10**7 - LIMITS.output_chars} more characters were left out")
    # What is written past Python goes nowhere.
    assert said(await notebook.run(session, "import os; os.write(1, b'x' * 10**6)")) == "1000000\n"

"""Both published loops on dialogues of our own, and on the shared ones where that folder is.

Every kind of text that the published loops treat in a way of their own (docs/protocol.md, rules D1 to D6
and T1 to T9), with what the rules make of it. Thyme's code runs in the real sandbox.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from dialogues import Outcome, outcome

SHARED = Path(os.environ.get("SPECEYES_SHARED", Path(__file__).parents[4] / "shared"))
RED = "<think>I see it.</think><answer>C. green</answer>"
DONE = "C. green"


def zoom(box: object, **more: object) -> str:
    return f"<think>Closer.</think><tool_call>{json.dumps({'arguments': {'bbox_2d': box}} | more)}</tool_call>"


def ok(generations: int, *pictures: list[int], answer: str = DONE) -> Outcome:
    return Outcome("success", answer, generations, list(pictures))


def error(generations: int, *pictures: list[int]) -> Outcome:
    return Outcome("error", None, generations, list(pictures))


BOX, SCALED = [30, 40, 130, 150], [180, 240, 780, 900]
DEEPEYES = {
    "an answer": ([RED], ok(1)),
    "a zoom": ([zoom(BOX, name="image_zoom_in_tool"), RED], ok(2, SCALED)),
    "a call without a name": ([zoom(BOX), RED], ok(2, SCALED)),
    "a call of another name": ([zoom(BOX, name="rotate"), RED], ok(2, SCALED)),
    "a call whose name is no text": ([zoom(BOX, name=["x"]), RED], ok(2, SCALED)),
    "a call with a list as label": (
        [f'<tool_call>{{"arguments": {{"bbox_2d": {BOX}, "label": []}}}}</tool_call>', RED],
        ok(2, SCALED),
    ),
    "an unclosed call of whole JSON": ([zoom(BOX).removesuffix("</tool_call>"), RED], ok(2, SCALED)),
    "an unclosed call of torn JSON": (['<tool_call>{"arguments": {"bbox_2d": [1, 2', RED], ok(2)),
    "no JSON": (["<tool_call>zoom at the top left</tool_call>", RED], ok(2)),
    "an empty call": (["<tool_call></tool_call>", RED], ok(2)),
    "JSON in single quotes": ([f"<tool_call>{{'arguments': {{'bbox_2d': {BOX}}}}}</tool_call>", RED], ok(2)),
    "a second call in a text": ([zoom(BOX) + zoom([1, 1, 2, 2]), RED], ok(2, SCALED)),
    "neither call nor answer": (["Let me see.", RED], ok(2)),
    "nothing at all": (["", "", RED], ok(3)),
    "an open answer": (["It is <answer>C", RED], ok(1, answer="It is <answer>C")),
    "an answer of several lines": (["<answer>\nC.\ngreen\n</answer>"], ok(1, answer="C.\ngreen")),
    "a closing tag alone": (["C. green</answer>", RED], ok(2)),
    "an answer and a call": ([RED + zoom(BOX)], ok(1, SCALED)),
    "an answer and a call that is no JSON": ([f"{RED}<tool_call>?</tool_call>"], ok(1)),
    "an answer and a box outside": ([RED + zoom([230, 230, 260, 260])], error(1)),
    "a box beyond the right edge": ([zoom([224, 10, 300, 20]), RED], error(1)),
    "a box above the picture": ([zoom([10, -30, 40, -5]), RED], error(1)),
    "a reversed box": ([zoom([130, 150, 30, 40]), RED], error(1)),
    "a box reversed across alone": ([zoom([130, 40, 30, 150]), RED], error(1)),
    "a box without width": ([zoom([30, 40, 30, 150]), RED], error(1)),
    "a box within one pixel": ([zoom([30, 40, 30.05, 40.05]), RED], error(1)),
    "a box one pixel wide": ([zoom([30, 40, 30.2, 150]), RED], ok(2, [180, 240, 181, 900])),
    "a box partly outside": ([zoom([200, 200, 999, 999]), RED], ok(2, [1200, 1200, 1344, 1344])),
    "a box of fractions": ([zoom([1.9, 2.4, 50.6, 60.2]), RED], ok(2, [11, 14, 303, 361])),
    "a box of texts": ([zoom(["30", "40", "130", "150"]), RED], error(1)),
    "a box of nulls": ([zoom([None] * 4), RED], error(1)),
    "three numbers": ([zoom([1, 2, 3]), RED], error(1)),
    "five numbers": ([zoom([1, 2, 30, 40, 50]), RED], error(1)),
    "a box that is a number": ([zoom(7), RED], error(1)),
    "a number beyond all bounds": ([zoom([0, 0, float("inf"), 9]), RED], error(1)),
    "a box that is no number": ([zoom([0, 0, float("nan"), 9]), RED], error(1)),
    "no box": (['<tool_call>{"arguments": {"label": "x"}}</tool_call>', RED], error(1)),
    "no arguments": (['<tool_call>{"bbox_2d": [1, 2, 3, 4]}</tool_call>', RED], error(1)),
    "a call that is a list": (["<tool_call>[1, 2, 3, 4]</tool_call>", RED], error(1)),
    "a call that is a number": (["<tool_call>7</tool_call>", RED], error(1)),
    "a box of true and false": ([zoom([False, False, True, True]), RED], ok(2, [0, 0, 6, 6])),
    "a box that is a text of four letters": ([zoom("1234"), RED], error(1)),
    "a box that is a map of four keys": ([zoom({"x1": 1, "y1": 2, "x2": 30, "y2": 40}), RED], error(1)),
    "a number of 400 digits": ([zoom([0, 0, 10**400, 9]), RED], error(1)),
    "a number of 5000 digits": ([zoom([0, 0, 1, 2]).replace("1, 2", "9" * 5000 + ", 2"), RED], error(1)),
    "a box in parts of the whole": ([zoom([0.1, 0.2, 0.5, 0.6]), RED], ok(2, [0, 1, 3, 3])),
    "arguments that are JSON in a text": ([f"<tool_call>{json.dumps({'arguments': '[]'})}</tool_call>", RED], error(1)),
    "a key that stands twice": ([zoom(BOX).replace("[30", '[0, 0, 9, 9], "bbox_2d": [30'), RED], ok(2, SCALED)),
    "null as a call": (["<tool_call>null</tool_call>", RED], error(1)),
    "JSON in a fence": ([zoom(BOX).replace("{", "```json\n{", 1), RED], ok(2)),
    "two objects in a call": (["<tool_call>{}{}</tool_call>", RED], ok(2)),
    "half a character in a call": ([zoom(BOX, label="\ud800"), RED], ok(2, SCALED)),
    "a call within a call": ([f"<tool_call>{zoom(BOX)}</tool_call>", RED], ok(2)),
    "a call inside the thoughts": ([f"<think>{zoom(BOX)}</think>", RED], ok(2, SCALED)),
    "a closing call tag first": ([f"</tool_call>{zoom(BOX)}", RED], ok(2, SCALED)),
    "a call's tags in capitals": ([zoom(BOX).replace("tool_call", "TOOL_CALL"), RED], ok(2)),
    "an answer inside a call": ([zoom(BOX, label="<answer>A</answer>"), RED], ok(1, SCALED, answer="A")),
    "an answer inside the thoughts": (["<think><answer>A</answer></think><answer>B</answer>"], ok(1, answer="A")),
    "an empty answer": (["<answer></answer>", RED], ok(1, answer="")),
    "an answer within an answer": (["<answer><answer>A</answer></answer>"], ok(1, answer="")),
    "an answer, then an open call": ([RED + "<tool_call>"], ok(1)),
    "an open call, then an answer": (['<tool_call>{"arguments": ' + RED], ok(1)),
    "a zoom, no JSON, a zoom": ([zoom(BOX), "<tool_call>{</tool_call>", zoom(BOX), RED], ok(4, SCALED, SCALED)),
    "no JSON six times": (["<tool_call>{</tool_call>"] * 7, error(6)),
    "a call nested too deep": ([f"<tool_call>{'[' * 100000}</tool_call>", RED], error(1)),
    "an error after a zoom": ([zoom(BOX), zoom([9, 9, 9, 9]), RED], error(2, SCALED)),
    "six zooms": ([zoom(BOX)] * 7, error(6, *[SCALED] * 6)),
    "six thoughts": (["Hm."] * 7, error(6)),
    "an answer in the sixth generation": (["Hm."] * 5 + [RED], ok(6)),
}


def code(*lines: str, fence: str = "```python", close: str = "```") -> str:
    body = "\n".join(lines)
    return f"<think>I write.</think><code>\n{fence}\n{body}\n{close}\n</code>"


def crop(box: str, *before: str) -> str:
    return code(
        "from PIL import Image",
        *before,
        f"part = Image.open(image_path).crop({box})",
        'name = "/mnt/data/temp_processed_images/part.png"',
        "part.save(name)",
        "print(name)",
    )


FAILS = code("1 / 0")
THYME = {
    "an answer": ([RED], ok(1)),
    "an answer with a newline behind it": ([RED + "\n"], ok(1)),
    "a crop": ([crop("(10, 20, 310, 420)"), RED], ok(2, [300, 400])),
    "a crop, then text": ([crop("(10, 20, 310, 420)"), code("print(7)"), RED], ok(3, [300, 400])),
    "code that fails first": ([FAILS, RED], ok(2)),
    "code that fails twice": ([FAILS, FAILS, RED], ok(3)),
    "code that fails, then a crop": ([FAILS, crop("(10, 20, 310, 420)"), RED], ok(3, [300, 400])),
    "a crop, then code that fails": ([crop("(10, 20, 310, 420)"), FAILS, RED], ok(3, [300, 400])),
    "code that fails five times": ([FAILS] * 6, error(5)),
    "code without output": ([code("x = 1"), RED], ok(2)),
    "code without output five times": ([code("x = 1")] * 6, error(5)),
    "code that is no Python": ([code("this is text"), RED], ok(2)),
    "five texts": ([code("print(7)")] * 6, error(5)),
    "neither code nor answer": (["I wonder.", RED], error(1)),
    "an open answer": (["<answer>C. green", RED], error(1)),
    "code that is cut": (["<code>\n```python\nprint(1)", RED], error(1)),
    "a closing code tag alone": (["print(1)</code>", RED], error(1)),
    "a closing answer tag alone": (["C. green</answer>", RED], error(1)),
    "tags in capitals": (["<CODE>print(1)</CODE>", RED], error(1)),
    "an answer tag in capitals": (["<ANSWER>C</ANSWER>", RED], error(1)),
    "a fence in capitals": ([crop("(10, 20, 310, 420)").replace("```python", "```PYTHON"), RED], ok(2, [300, 400])),
    "a fence in mixed case": ([crop("(10, 20, 310, 420)").replace("```python", "```Python"), RED], ok(2, [300, 400])),
    "an unclosed fence": ([crop("(10, 20, 310, 420)").replace("\n```\n</code>", "\n</code>"), RED], ok(2, [300, 400])),
    "no fence": (["<code>print(7)</code>", RED], ok(2)),
    "two fences, of which the first fails": ([code("1 / 0", "```", "```python", "print(7)")] * 5, error(5)),
    "two pieces of code in a text": ([code("print(1)") + code("1 / 0"), RED], ok(2)),
    "code that is empty": (["<code></code>", RED], ok(2)),
    "code and an answer": ([code("print(7)") + RED], ok(1)),
    "an answer, then code": ([RED + code("print(7)"), RED], ok(2)),
    "an answer with a full stop behind it": ([f"{RED}.", RED], error(1)),
    "code inside the thoughts": ([f"<think>{code('print(7)')}</think>", RED], error(1)),
    "an answer within an answer": (["<answer><answer>A</answer></answer>"], ok(1, answer="")),
    "the sandbox's words from the model": ([f"<sandbox_output>7</sandbox_output>{FAILS}", RED], ok(2)),
    "text, a failure, text": ([code("print(1)"), FAILS, code("print(2)"), RED], ok(4)),
    "code that ends its process": ([code("import os", "os._exit(0)"), RED], ok(2)),
    "a small box that is written into the call": ([crop("(10, 20, 30, 50)"), RED], ok(2, [20, 30])),
    "a small box with a name": ([crop("box", "box = (10, 20, 30, 50)"), RED], ok(2, [64, 64])),
    "a small box with four names": ([crop("(a, b, c, d)", "a, b, c, d = 10, 20, 30, 50"), RED], ok(2, [64, 64])),
    "a small box that is computed": ([crop("box", "box = (10, 20, 10 + 20, 50)"), RED], ok(2, [20, 30])),
    "a small box in a list": ([crop("box", "box = [10, 20, 30, 50]"), RED], ok(2, [20, 30])),
    "a narrow box with a name": ([crop("box", "box = (10, 20, 30, 500)"), RED], ok(2, [64, 480])),
    "a named box outside": ([crop("box", "box = (1000, 1100, 5000, 5000)"), RED], ok(2, [344, 244])),
    "a named box with negative corners": ([crop("box", "box = (-50, -60, 100, 200)"), RED], ok(2, [100, 200])),
    "a named box reversed": ([crop("box", "box = (300, 400, 100, 150)"), RED], ok(2, [200, 250])),
    "a wrong path with the right name": ([crop("(0, 0, 90, 80)", "image_path = '/no/such.png'"), RED], ok(2, [90, 80])),
    "a wrong path that is opened": ([crop("(0, 0, 9, 9)").replace("image_path", "'/mnt/data/input.jpg'"), RED], ok(2)),
    "a picture that is named, not printed": (
        [crop("(0, 0, 90, 80)").replace("name", "processed_path").replace("print(processed_path)", "pass"), RED],
        ok(2, [90, 80]),
    ),
    "a picture with another name, not printed": ([crop("(0, 0, 90, 80)").replace("print(name)", "pass"), RED], ok(2)),
    "a path in a sentence": (
        [crop("(0, 0, 90, 80)").replace("print(name)", "print(f'see ({name}).')"), RED],
        ok(2, [90, 80]),
    ),
    "a name that a function does not see": (
        [code("side = 3", "def area():", "    return side * side", "print(area())")] * 5,
        error(5),
    ),
    "a name that a comprehension does not see": ([code("side = 3", "print([side * n for n in (1, 2)])")] * 5, error(5)),
    "a module that a function does not see": ([code("import math", "print((lambda: math.pi)())")] * 5, error(5)),
    "a name that a loop sees": ([code("side = 3", "for n in (1, 2):", "    print(side * n)"), RED], ok(2)),
}


@pytest.mark.parametrize("case", DEEPEYES)
def test_deepeyes_ends_its_dialogues_as_the_published_code(case, tmp_path):
    texts, expected = DEEPEYES[case]
    assert outcome("deepeyes", texts, tmp_path) == expected


@pytest.mark.parametrize("case", THYME)
def test_thyme_ends_its_dialogues_as_the_published_code(case, tmp_path):
    texts, expected = THYME[case]
    assert outcome("thyme", texts, tmp_path) == expected


def shared_cases() -> list[tuple[str, dict]]:
    path = SHARED / "cases" / "loops.json"
    if not path.is_file():
        return []
    return [(agent, case) for agent, cases in json.loads(path.read_text()).items() for case in cases]


def case_name(value: object) -> str:
    return value["case"] if isinstance(value, dict) else str(value)


@pytest.mark.skipif(not shared_cases(), reason="the shared dialogues are not on this machine (SPECEYES_SHARED)")
@pytest.mark.parametrize("agent, case", shared_cases(), ids=case_name)
def test_the_shared_dialogues_end_as_the_published_code_ended_them(agent, case, tmp_path):
    expected = case["published"]
    ended = outcome(agent, case["texts"], tmp_path)
    assert (ended.status, ended.answer, ended.generations, ended.pictures) == (
        expected["status"],
        expected["answer"],
        expected["generations"],
        expected["boxes_or_crops"],
    )


def test_all_of_the_shared_dialogues_are_found():
    assert len(shared_cases()) in (0, 58)

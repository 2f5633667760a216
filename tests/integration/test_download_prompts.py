"""The shipped prompt map against files of the official form and our own wording, from a server on this machine."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hub_mirror import Mirror, serving
from speceyes.downloads import prompts as module
from speceyes.downloads.faults import DownloadError
from speceyes.downloads.prompts import PromptMap, download_prompts, load_prompt_map
from speceyes.judging.prompts import load_judge_prompts
from speceyes.judging.questions import judged
from speceyes.judging.scorers import AskJudge
from speceyes.prompts import load_prompts
from speceyes.records.samples import Sample

SHIPPED = Path(__file__).parents[2] / "config" / "prompts.yaml"

SCREENING = """
SYSTEM_PROMPT_ANSWER = "Say it."
PROMPT_TEMPLATES_JTC = {
    "another": {"system_prompt": "no", "user_prompt": "no"},
    "reliability_weighted": {
        "system_prompt": "Judge yourself.",
        "user_prompt": " Tools?",
    },
}
"""
QUESTIONS = '''
def {name}(item, args):
    instruction_prompt_with_options = """Q: {{question}}
        O: {{options}}
        """
    instruction_prompt_no_options = """Q: {{question}}
        """
    return None

def get_utility_score(messages):
    verify_prompt = """
    Digit?
    """
    return verify_prompt
'''
JUDGE = '''
def get_chat_template():
    chat_template = """Same?
"""
    return chat_template

def get_gpt4_score_ICE():
    example_1 = "[one]"
    return [example_1, "[two]"]

def get_prompt(predict_str, ground_truth, question):
    examples = get_gpt4_score_ICE()
    test_prompt = f"""<{question}|{ground_truth}|{predict_str}>"""
    return test_prompt
'''
OFFICIAL = {
    "eval_code_deepeyes/prompt.py": SCREENING + 'SYSTEM_PROMPT = """Zoom with {"a": 1}."""\nUSER_PROMPT = " Think."\n',
    "eval_code_deepeyes/SpecReason.py": QUESTIONS.format(name="init_messages"),
    "eval_code_deepeyes/SpecEyes.py": 'def prepare_messages_to_answer(m, q, a):\n    instruction_prompt = "\\nA:"\n',
    "eval_code_thyme/prompt.py": SCREENING,
    "eval_code_thyme/utils.py": '''
SYSTEM_PROMPT = "Write code."

def generate_prompt_final_qa(user_question, user_image_path):
    try:
        user_image_size = f"{img.width}x{img.height}"
    except Exception:
        user_image_size = "unknown"
    prompt = f"""<image>
{user_question}

Path "{user_image_path}" size "{user_image_size}"
"""
    return prompt
''',
    "eval_code_thyme/SpecEyes.py": """
def prepare_messages_to_answer(m, q, a):
    instruction_prompt = "\\nA:"

def build_mc_question_text(question, options):
    option_block = "\\n".join(options)
    question_text = (
        f"Q: {question}\\nChoices:\\n{option_block}\\n"
        f"Please choose."
    )
    return question_text

def load_pope_data_generator(pope_path, test_type):
    for idx in range(3):
        try:
            question_text = f"Q: {question}\\nPlease say yes or no."
            yield question_text
        except Exception:
            continue
""",
    "judge_code/judge_vstar.py": JUDGE,
    "judge_code/judge_hr.py": JUDGE.replace("Same?", "Equal?"),
    "judge_code/judge_pope.py": JUDGE.replace("Same?", "Alike?"),
}


def sample(options=("red", "blue")) -> Sample:
    return Sample(
        sample_id="vstar/x/0", benchmark="vstar", split="x", question="Which?", options=options,
        gold=options[0] if options else "yes", gold_letter="A" if options else "", category="x",
        image="i.jpg", image_id="i", width=1, height=1,
    )  # fmt: skip


@pytest.fixture
def mirror():
    with serving(Mirror({path: text.encode() for path, text in OFFICIAL.items()})) as served:
        yield served


def prompt_map(mirror: Mirror, **sources) -> PromptMap:
    """The shipped map with this server's address and these files' checksums."""
    raw = load_prompt_map(SHIPPED).model_dump(by_alias=True)
    raw["url"] = f"{mirror.url}/raw/{{path}}"
    for source in raw["sources"].values():
        source["sha256"] = hashlib.sha256(mirror.files.get(source["path"], b"")).hexdigest()
    raw["sources"] |= sources
    return PromptMap.model_validate(raw)


def test_every_wording_lands_in_its_place(mirror, tmp_path):
    written = download_prompts(prompt_map(mirror), tmp_path, attempts=1)
    assert {path.name for path in written} == {
        "draft.yaml", "draft_deepeyes.yaml", "draft_thyme.yaml", "deepeyes.yaml", "thyme.yaml", "judge.yaml",
    }  # fmt: skip
    draft = load_prompts(tmp_path / "draft_deepeyes.yaml")
    assert draft.question_text(sample()) == "Q: Which?\n        O: \nA. red\nB. blue\n\n        "
    assert draft.question_text(sample(())) == "Q: Which?\n        "
    assert (draft.roles["answer"].system, draft.roles["answer"].user) == ("Say it.", "\nA:")
    deepeyes = load_prompts(tmp_path / "deepeyes.yaml").roles
    assert (deepeyes["screening"].system, deepeyes["screening"].user) == ("Judge yourself.", " Tools?")
    assert (deepeyes["agent"].system, deepeyes["agent"].user) == ('Zoom with {"a": 1}.', " Think.")
    assert deepeyes["verify"].user == "\n    Digit?\n    "
    assert deepeyes["verify"].system == deepeyes["agent"].system


def test_the_draft_is_asked_in_three_wordings(mirror, tmp_path):
    download_prompts(prompt_map(mirror), tmp_path, attempts=1)
    alone, thyme = (load_prompts(tmp_path / f"{name}.yaml") for name in ("draft", "draft_thyme"))
    assert alone.question_text(sample(), "answer") == "Q: Which?\nO: \nA. red\nB. blue\n"
    assert thyme.question_text(sample(), "answer") == "Q: Which?\nChoices:\nA. red\nB. blue\n"
    assert alone.question_text(sample(()), "answer") == thyme.question_text(sample(()), "answer") == "Q: Which?\n"
    assert alone.roles["answer"] == thyme.roles["answer"]


def test_an_agent_may_put_the_question_in_its_own_words(mirror, tmp_path):
    download_prompts(prompt_map(mirror), tmp_path, attempts=1)
    thyme = load_prompts(tmp_path / "thyme.yaml")
    assert thyme.question_text(sample()) == "Q: Which?\nChoices:\nA. red\nB. blue\n"
    assert thyme.question_text(sample(()), "screening") == "Q: Which?\n"
    assert thyme.question_text(sample(), "agent") == "<image>\nQ: Which?\nChoices:\nA. red\nB. blue\nPlease choose."
    assert thyme.question_text(sample(()), "agent") == "<image>\nQ: Which?\nPlease say yes or no."
    assert thyme.roles["agent"].user == '\n\nPath "{image_path}" size "{width}x{height}"\n'


def test_the_judge_sees_template_examples_and_the_case(mirror, tmp_path):
    download_prompts(prompt_map(mirror), tmp_path, attempts=1)
    prompts = load_judge_prompts(tmp_path / "judge.yaml")
    assert prompts.system == "You are a helpful assistant."
    asked = prompts.render(judged(sample(), "B. blue"), AskJudge("A. red", "B. blue"))
    assert asked == "Same?\n[one]\n\n[two]\n\n<Which?|A. red|B. blue>"
    assert (prompts.hrbench[:6], prompts.pope[:6]) == ("Equal?", "Alike?")


def test_files_are_fetched_once_and_checked_again(mirror, tmp_path):
    download_prompts(prompt_map(mirror), tmp_path, attempts=1)
    asked = len(mirror.requests)
    download_prompts(prompt_map(mirror), tmp_path, attempts=1)
    assert len(mirror.requests) == asked
    (stored,) = tmp_path.glob(".sources/*/judge_code/judge_hr.py")
    stored.write_text("damaged")
    download_prompts(prompt_map(mirror), tmp_path, attempts=1)
    assert mirror.requests[asked:] == ["/raw/judge_code/judge_hr.py"]


def test_another_file_than_the_pinned_one(mirror, tmp_path):
    pinned = prompt_map(mirror)
    mirror.files["judge_code/judge_pope.py"] += b"\n"
    with pytest.raises(DownloadError) as caught:
        download_prompts(pinned, tmp_path, attempts=1)
    assert "judge_pope.py: sha256 is " in str(caught.value)
    assert "correct url or commit in the prompt map, or write the new sha256 there" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.glob("*.yaml")) == []


def test_a_constant_that_moved_is_named_with_its_neighbours(mirror, tmp_path):
    renamed = OFFICIAL["eval_code_deepeyes/SpecEyes.py"].replace("instruction_prompt", "instruction")
    mirror.files["eval_code_deepeyes/SpecEyes.py"] = renamed.encode()
    with pytest.raises(DownloadError) as caught:
        download_prompts(prompt_map(mirror), tmp_path, attempts=1)
    assert str(caught.value) == (
        "prompt map: models.draft.roles.answer.user: eval_code_deepeyes/SpecEyes.py: no "
        "prepare_messages_to_answer.instruction_prompt; nearest constants: prepare_messages_to_answer.instruction"
    )
    assert list(tmp_path.glob("*.yaml")) == []


def test_a_placeholder_that_changed_is_noticed(mirror, tmp_path):
    changed = OFFICIAL["eval_code_thyme/SpecEyes.py"].replace("{option_block}", "{block}")
    mirror.files["eval_code_thyme/SpecEyes.py"] = changed.encode()
    with pytest.raises(DownloadError, match=r"does not hold '\\n\{option_block\}\\n'"):
        download_prompts(prompt_map(mirror), tmp_path, attempts=1)


def test_a_template_with_an_unknown_name_is_refused(mirror, tmp_path):
    changed = OFFICIAL["eval_code_thyme/SpecEyes.py"].replace("Q: {question}", "Q: {asked}")
    mirror.files["eval_code_thyme/SpecEyes.py"] = changed.encode()
    with pytest.raises(DownloadError, match=r"thyme.*not a template of \{question\} "):
        download_prompts(prompt_map(mirror), tmp_path, attempts=1)


def test_a_missing_file_and_an_absent_server(mirror, tmp_path):
    del mirror.files["eval_code_thyme/utils.py"]
    with pytest.raises(DownloadError, match=r"utils.py: status 404; correct url, commit or path"):
        download_prompts(prompt_map(mirror), tmp_path, attempts=1)
    there = prompt_map(mirror)
    with pytest.raises(DownloadError, match=r"cannot be reached \(ConnectionError\); run again"):
        download_prompts(there.model_copy(update={"url": "http://127.0.0.1:9/{path}"}), tmp_path, attempts=1)


def test_offline_prompts_are_refused_with_where_to_put_them(mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(module.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(DownloadError, match=r"offline mode is on; unset HF_HUB_OFFLINE or put the file at .*prompt.py"):
        download_prompts(prompt_map(mirror), tmp_path, attempts=1)
    assert mirror.requests == []


def test_a_file_that_is_far_too_large(mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", 10)
    with pytest.raises(DownloadError, match="larger than 10 bytes"):
        download_prompts(prompt_map(mirror), tmp_path, attempts=1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("models: [", "not YAML"),
        ("repository: x", "commit: Field required"),
        (SHIPPED.read_text().replace("path: judge_code", "path: /etc"), "sources.judge_vstar.path"),
        (SHIPPED.read_text() + "extra: 1\n", "extra: unknown key"),
    ],
)
def test_a_bad_map_is_one_line(tmp_path, text, message):
    path = tmp_path / "prompts.yaml"
    path.write_text(text)
    with pytest.raises(DownloadError) as caught:
        load_prompt_map(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)

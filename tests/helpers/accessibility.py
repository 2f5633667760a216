"""Which accessibility rules of axe-core the page in the browser breaks."""

from __future__ import annotations

import pytest
from browser_programs import axe
from selenium import webdriver


def violations(driver: webdriver.Chrome) -> list[tuple[str, str]]:
    """Every rule that is broken, with the first piece of the page that breaks it.

    Where the rules are not installed the test is skipped.
    """
    rules = axe()
    if rules is None:
        pytest.skip("axe-core is not installed; tests/helpers/browser_programs.py installs it")
    if not driver.execute_script("return 'axe' in window"):
        driver.execute_script(rules.read_text(encoding="utf-8"))
    passed, broken = driver.execute_async_script(RUN)
    assert passed > 10, "the rules looked at next to nothing"
    return [(rule, piece) for rule, piece in broken]


# Of rules that are kept, only the number crosses over to the test.
RUN = """
    axe.run(document, {resultTypes: ["violations"]}).then(({passes, violations}) => arguments[0](
        [passes.length, violations.map((rule) => [rule.id, rule.nodes[0].html.slice(0, 200)])]
    ));
"""

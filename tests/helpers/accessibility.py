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
    driver.execute_script(rules.read_text(encoding="utf-8"))
    found = driver.execute_async_script("axe.run(document).then(arguments[0])")
    assert len(found["passes"]) > 10, "the rules looked at next to nothing"
    return [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in found["violations"]]

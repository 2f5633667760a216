"""The paper's claims: how they are stated, the tests that a study's tables allow, and the conclusion on each."""

"""Whose model screens."""


def screening_model(wildcards):
    return CONFIG.draft.model if CONFIG.screening.by == "draft" else agent_model(wildcards)

"""The paper's method: screening, draft, confidence, gate, funnel, replay; and SpecReason, its peer."""

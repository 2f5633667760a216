"""How good the miniature's models are: their trial, their card, a contact sheet."""

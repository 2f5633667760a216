"""Getting what a study needs from elsewhere: registries, the hub, the official prompts."""

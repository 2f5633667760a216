"""The sandbox for model-written image code: a security boundary, not a list of forbidden patterns.

Each call runs in its own process behind bubblewrap (``bubblewrap``), on a read-only Python
(``interpreter``), under a system-call filter (``syscalls``); ``worker`` repairs and runs the code
there and decodes what it saved (``saved_images``); ``sandbox`` limits it from outside and ``images`` takes back
pixels, never files.
"""

from speceyes.sandbox.isolation import INPUT_PATH, SandboxUnavailableError
from speceyes.sandbox.sandbox import Sandbox
from speceyes.sandbox.settings import Execution, SandboxResult, SandboxSettings

__all__ = ["INPUT_PATH", "Execution", "Sandbox", "SandboxResult", "SandboxSettings", "SandboxUnavailableError"]

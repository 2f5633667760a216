"""qwen-vl-utils' size rule and image loading, taken from its source: importing it needs torchvision."""

from __future__ import annotations

import ast
import copy
import math
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from PIL import Image

FUNCTIONS = {"round_by_factor", "ceil_by_factor", "floor_by_factor", "smart_resize", "to_rgb", "fetch_image"}
CONSTANTS = {"MAX_RATIO", "SPATIAL_MERGE_SIZE", "IMAGE_MIN_TOKEN_NUM", "IMAGE_MAX_TOKEN_NUM"}


def vision_process() -> ModuleType:
    """The package's module with what it does to pictures, and nothing else."""
    source = Path(find_spec("qwen_vl_utils").origin).with_name("vision_process.py").read_text()
    body = [
        node
        for node in ast.parse(source).body
        if (isinstance(node, ast.FunctionDef) and node.name in FUNCTIONS)
        or (isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in CONSTANTS)
        or (isinstance(node, ast.ImportFrom) and node.module == "typing")
    ]
    module = ModuleType("vision_process")
    module.__dict__.update(math=math, copy=copy, Image=Image)
    exec(compile(ast.Module(body, type_ignores=[]), "vision_process", "exec"), module.__dict__)
    return module

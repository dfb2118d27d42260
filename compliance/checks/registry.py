"""The built-in checks by name."""

from typing import Any

CHECKS: dict[str, Any] = {}

"""The hooks of the second act: two built-in checks, and two plugins that give no verdict on certain words."""

HANG, COMPUTE = "please hang", "please compute"
RUMOUR, FRAUD = "spread this", "send me the code"
DEADLINE_MS = 400

HOOKS = f"""\
[terms]               # built in: what is on these lists
check = "terms"
options = {{ lists = [
    {{ file = "rumours.txt", ground = "truthfulness", action = "hold" }},
    {{ file = "fraud.txt", ground = "public_order", action = "reject" }},
] }}

[spread]              # built in: what is passed on and on, nearly the same
check = "chain"

[hangs]               # a plugin that never answers when it reads "{HANG}"
file = "hangs.py"
deadline_ms = {DEADLINE_MS}
on_error = "hold"

[computes]            # a plugin that computes for ever when it reads "{COMPUTE}"
file = "computes.py"
deadline_ms = {DEADLINE_MS}
on_error = "hold"
"""
_HANGS = f"""import time

from compliance.hooks import hookimpl


@hookimpl
def judge(publication):
    if "{HANG}" in publication.content.text:
        time.sleep(3600)
"""
_COMPUTES = f"""from compliance.hooks import hookimpl


@hookimpl
def judge(publication):
    while "{COMPUTE}" in publication.content.text:
        pass
"""
FILES = {
    "rumours.txt": f"{RUMOUR}\n",
    "fraud.txt": f"{FRAUD}\n",
    "hangs.py": _HANGS,
    "computes.py": _COMPUTES,
}

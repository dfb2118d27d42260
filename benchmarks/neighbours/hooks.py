"""The hook of the fourth act, beside the record: what is only heard is held, until somebody has asked."""

HEARSAY = "听说"

HOOKS = """\
[hearsay]             # built in: what is on this list
check = "terms"
options = { lists = [{ file = "hearsay.txt", ground = "truthfulness", action = "hold" }] }
"""
FILES = {"hearsay.txt": f"{HEARSAY}\n"}

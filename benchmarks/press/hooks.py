"""The hooks of the third act, beside the record: what reads like current-affairs news, and what is passed on and on."""

HOOKS = """\
[current_affairs]     # built in: asserts what reads like a report about public affairs
check = "current_affairs"

[spread]              # built in: what is passed on and on, nearly the same
check = "chain"
"""

"""`hutong account ...`: its commands, from the rooms they are in."""

import click

from client.line import applying, drafting, inbox, operating, press, storefront
from client.line.program import EXITS

_STEPS = """\b
It takes four steps:
  hutong account apply ...     say whose account it is to be
  hutong account submit        have that reviewed
  hutong account profile ...   once approved, publish what it is about: it is open then
  hutong account publish FILE  publish an article

"""


@click.group("account", epilog=_STEPS + EXITS)
def account_command() -> None:
    """Run a public account, or apply for one. What it publishes anybody may read, and its followers get."""


for each in (
    applying.apply_command,
    applying.submit_command,
    applying.take_back_command,
    applying.list_command,
    storefront.show_command,
    storefront.profile_command,
    storefront.menu_command,
    storefront.welcome_command,
    storefront.replies_command,
    operating.operators_command,
    operating.operator_command,
    operating.acts_command,
    operating.figures_command,
    drafting.draft_command,
    drafting.schedule_command,
    drafting.scheduled_command,
    drafting.unschedule_command,
    press.publish_command,
    press.reprint_command,
    press.recall_command,
    inbox.inbox_command,
):
    account_command.add_command(each)

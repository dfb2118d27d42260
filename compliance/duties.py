"""What each article of the Provisions asks and what stands for it here; what is promised, and what tests it.

Data; `compliance.catalog` makes a page of it, and a test looks up every name in it.
"""

from dataclasses import dataclass

from compliance.pack import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What an article asks, and what there is for it. `code`: `module:attribute`; no code: a later version's.

    `grounds`: codes of the pack that cite the article first.
    """

    article: str
    asks: str
    here: str
    stage: Stage | None = None
    grounds: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Promise:
    """What is promised, and the file that tests it; `also`: what is of the same promise and has files of its own."""

    number: int
    says: str
    test: str
    also: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What it is called."""
        return f"I{self.number}"

    @property
    def path(self) -> str:
        """The test's path in the repository."""
        return self._path(self.test)

    @property
    def paths(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(map(self._path, (self.test, *self.also)))

    def _path(self, test: str) -> str:
        return f"tests/promises/test_i{self.number:02}_{test}.py"


PROMISES = (
    Promise(1, "No byte of private text reaches a hook.", "no_private_byte_reaches_a_hook"),
    Promise(
        2,
        "… nor a log at its loudest, a count, an audit leaf, an exception, or any file of the public store.",
        "no_private_byte_reaches_any_record",
    ),
    Promise(3, "The interface for hooks cannot be called with private types.", "private_types_are_refused"),
    Promise(4, "A plugin cannot reach private data.", "a_plugin_cannot_reach_private_data"),
    Promise(
        5,
        "What hooks see is the same, byte for byte, whatever is said privately, how often, how long and to whom.",
        "hooks_see_nothing_of_private_traffic",
    ),
    Promise(
        6,
        "Nothing public is visible without exactly one final verdict for its version.",
        "one_final_verdict_per_version",
    ),
    Promise(
        7,
        "Nothing public is visible before a verdict or a recorded fallback.",
        "nothing_is_public_before_a_verdict",
    ),
    Promise(8, "When a hook fails, what happens is what was configured.", "failure_policy_is_as_configured"),
    Promise(9, "Every text has exactly one row in the table of sides.", "every_text_has_one_side"),
    Promise(
        11,
        "There is no decision without its parts.",
        "no_decision_without_its_parts",
        also=("applications_are_decided_whole",),
    ),
    Promise(13, "The audit log is append-only, and who has one old root can tell.", "the_audit_log_is_append_only"),
    Promise(
        15,
        "An account that may not publish cannot by any way, and whoever runs it can still chat.",
        "who_may_not_publish_can_still_chat",
    ),
    Promise(
        16,
        "Rights to current-affairs news and labels are as Art. 7 has them; elsewhere the category changes nothing.",
        "rights_for_current_affairs",
    ),
    Promise(
        18,
        "What is hidden from a person leaves no trace in what they receive.",
        "what_is_hidden_leaves_no_trace",
        also=("what_an_account_hides_leaves_no_trace", "what_friends_hide_leaves_no_trace"),
    ),
    Promise(
        19,
        "Nothing written as private is ever published or decoded, however late or by whatever race.",
        "private_is_never_published",
    ),
    Promise(
        20,
        "Peers, members, contacts, likes, reads and searches are in no log, label, leaf, staff view or hook's input.",
        "peers_are_in_no_record",
    ),
)
_TEST = {promise.number: promise.path for promise in PROMISES}
_TESTED = "tests/compliance/"

DUTIES = (
    Duty(
        article="Art. 2",
        asks="Public information service is publishing to the public, through public accounts or other forms.",
        here="Every text is private or public by a closed table; the gate stands on the public side only.",
        code=("compliance.sides:SIDES", "protocol.entries:side_of", "compliance.publication:publication"),
        tests=(_TEST[9], _TEST[5], _TEST[19]),
    ),
    Duty(
        article="Art. 3",
        asks="National and provincial authorities; industry organisations that evaluate credit.",
        here="Later: routing by region, and an export of the provider's own figures.",
    ),
    Duty(
        article="Art. 4",
        asks="The provider is qualified, and holds a news-information licence for its public side.",
        here="Without a licence in force what asks for one is closed; the private side goes on.",
        stage=Stage.LICENCE,
        grounds=("no_licence",),
        code=("compliance.stages:closed", "compliance.pack:Licence.in_force"),
        tests=(_TESTED + "test_stages.py",),
    ),
    Duty(
        article="Art. 5",
        asks="Protect users' information and citizens' privacy.",
        here="Private text is bytes that compliance cannot be handed; a hook gets a publication and no author.",
        code=("compliance.publication:Publication", "compliance.hooks:judge"),
        tests=(_TEST[1], _TEST[2], _TEST[3], _TEST[4], _TEST[18], _TEST[20]),
    ),
    Duty(
        article="Art. 5",
        asks="Safety-management responsibility, sound institutions, qualified staff.",
        here="Reviewers and chiefs; holds that end; failures with a configured policy; every hook's answer recorded.",
        stage=Stage.HOOKS,
        grounds=("gate_failure", "overdue", "labelled"),
        code=(
            "compliance.ruling:rule",
            "compliance.verdicts:strictest",
            "compliance.submissions:after",
            "protocol.staff:StaffRole",
        ),
        tests=(
            _TEST[6],
            _TEST[7],
            _TEST[8],
            _TESTED + "test_ruling.py",
            _TESTED + "test_verdicts.py",
            _TESTED + "test_submissions.py",
        ),
    ),
    Duty(
        article="Art. 5",
        asks="Accept the public's supervision; handle its reports promptly.",
        here="Later: reports by anyone, with two clocks, and a transparency report.",
    ),
    Duty(
        article="Art. 6 ¶1",
        asks="Identity verified before registration, shown only if its owner wants.",
        here="Later: a verification step and a sealed vault.",
    ),
    Duty(
        article="Art. 6 ¶2",
        asks="An agreement with the seven bottom lines, signed at registration.",
        here="A versioned text; each line acknowledged; asked again before the next publication when it changes.",
        stage=Stage.AGREEMENT,
        grounds=(
            "laws",
            "socialist_system",
            "national_interest",
            "citizens_rights",
            "public_order",
            "social_morality",
            "truthfulness",
            "no_agreement",
        ),
        code=(
            "compliance.pack:AgreementText.digest",
            "compliance.stages:stopped_at",
            "protocol.public:SignAgreement",
        ),
        tests=(_TESTED + "test_stages.py", _TESTED + "test_pack.py"),
    ),
    Duty(
        article="Art. 7 ¶1",
        asks="A public account is reviewed by the provider before it opens.",
        here="Nothing is published for an account before a person approved it. Groups are not reviewed.",
        stage=Stage.ACCOUNT,
        grounds=(
            "not_qualified",
            "name_taken_or_misleading",
            "application_unclear",
            "in_order",
            "account_not_active",
        ),
        code=("compliance.accounts:NEXT", "compliance.stages:inactive", "protocol.staff:OfficerReview"),
        tests=(_TEST[15], _TESTED + "test_accounts.py", _TESTED + "test_stages.py"),
    ),
    Duty(
        article="Art. 7 ¶1",
        asks="The provider files public accounts with the authority, by category.",
        here="Later: filing, beside the account's states; it stops nothing by itself.",
    ),
    Duty(
        article="Art. 7 ¶2",
        asks="Who may publish and who may reprint current-affairs news; nobody else without approval.",
        here="The right is the body's, or the authority's approval, which staff cannot give; a mismatch is held.",
        stage=Stage.NEWS_RIGHT,
        grounds=("no_news_right", "undeclared_news"),
        code=(
            "compliance.rights:may_publish_news",
            "compliance.rights:may_reprint_news",
            "compliance.rights:Approval.covers",
            "compliance.stages:unentitled",
            "compliance.ruling:rule",
            "compliance.checks.current_affairs:CurrentAffairs",
        ),
        tests=(
            _TEST[16],
            _TESTED + "test_rights.py",
            _TESTED + "test_ruling.py",
            "tests/server/test_reprints.py",
        ),
    ),
    Duty(
        article="Art. 7 ¶3",
        asks="Accounts that may publish or reprint current-affairs news are labelled.",
        here="Every reader of an account's page is shown what it may do, and the approval that it stands on.",
        code=("compliance.rights:label_of", "protocol.following:AccountPage"),
        tests=(_TEST[16], _TESTED + "test_rights.py"),
    ),
    Duty(
        article="Art. 7 ¶4",
        asks="Organs, enterprises, institutions and people's organisations are encouraged to open accounts.",
        here="Their applications are decided sooner, which makes nobody else wait longer.",
        code=("compliance.accounts:due", "compliance.pack:Body"),
        tests=(_TESTED + "test_accounts.py",),
    ),
    Duty(
        article="Art. 8 ¶1",
        asks="Who publishes keeps to the law.",
        here="Hooks judge every version of every public text before it appears.",
        stage=Stage.HOOKS,
        code=("compliance.hooks:judge", "compliance.verdicts:Reject"),
        tests=(_TEST[6], _TEST[7]),
    ),
    Duty(
        article="Art. 8 ¶2",
        asks="Keep records of what is done about who breaks the agreement.",
        here="Every verdict, failure and decision is a leaf of the audit log, written with its effect.",
        code=("protocol.decisions:Decision", "compliance.leaves:decided", "compliance.tree:Frontier"),
        tests=(_TEST[11], _TEST[13]),
    ),
    Duty(
        article="Art. 8 ¶2",
        asks="Warn, limit publishing, suspend updates, up to closing, by gravity; report to the authorities.",
        here="Withdrawal of single entries, restorable. Later: measures, appeals, and the authority's outbox.",
        code=("protocol.staff:OfficerAct",),
        tests=(_TEST[11],),
    ),
    Duty(
        article="Art. 9",
        asks="The authorities deal with violations.",
        here="A receipt with proofs that anybody can check without this server. Later: case files.",
        code=("protocol.public:ShowReceipt", "compliance.tree:verify_inclusion"),
        tests=(_TEST[13],),
    ),
    Duty(
        article="Art. 10",
        asks="In force from publication.",
        here="A pack has a version and an effective date; a decision names the agreement that was in force.",
        code=("compliance.pack:Pack", "protocol.decisions:Decision"),
        tests=(_TESTED + "test_pack.py",),
    ),
)

"""What anybody may ask of the public side's institutions: the gate, the agreement, the audit log, public cards."""

from collections.abc import Callable
from dataclasses import dataclass

from compliance.bench import Bench
from protocol.errors import ErrorCode
from protocol.public import (
    AgreementReply,
    AuditReply,
    Card,
    Cards,
    CardsReply,
    GateReply,
    InstalledHook,
    ShowAgreement,
    ShowAudit,
    ShowGate,
    SignAgreement,
)
from protocol.shapes import Done
from server.agreement import shown_agreement, signature_write, unsound
from server.outcomes import Answer, AskPublic, Caller, Commit, Decision, Refuse

_NONE = Refuse(ErrorCode.NOT_FOUND, "this server asks for no agreement")
_NO_SUCH_SIZE = Refuse(ErrorCode.NOT_FOUND, "the audit log has not that many leaves", field="since")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicInstitutions:
    """`installed` says which hooks there are."""

    bench: Bench
    installed: Callable[[], tuple[InstalledHook, ...]]

    def gate(self, request: ShowGate, at: int) -> Decision:
        """Say what publishing meets here, so that people know before they publish."""
        pack, said = self.bench.pack, self.bench.said
        return Answer(
            GateReply(
                pack=pack.name,
                version=pack.version,
                closed=self.bench.closed(at=at),
                stages={surface: tuple(rules.stages) for surface, rules in pack.surfaces.items()},
                hooks=self.installed(),
                grounds={code: said(ground.titles) for code, ground in pack.grounds.items()},
                categories={code: said(titles) for code, titles in pack.categories.items()},
                bodies={code: said(body.titles) for code, body in pack.bodies.items()},
            )
        )

    def agreement(self, request: ShowAgreement, caller: Caller | None, at: int) -> Decision:
        """Show the agreement in force, and whether who asks has signed it."""
        agreement = self.bench.agreement
        if agreement is None:
            return Answer(AgreementReply())
        shown = shown_agreement(agreement)
        if caller is None:
            return Answer(AgreementReply(agreement=shown))

        def then(signed: bytes | None) -> Decision:
            return Answer(AgreementReply(agreement=shown, signed=signed == agreement.digest))

        return AskPublic(lambda reader: reader.signed_by(caller.person, agreement.digest), then)

    def sign(self, request: SignAgreement, caller: Caller, at: int) -> Decision:
        """Put one's signature on record (Art. 6)."""
        if self.bench.agreement is None:
            return _NONE
        refusal = unsound(self.bench.agreement, request.signature)
        if refusal is not None:
            return refusal
        write = signature_write(self.bench.agreement, caller.person, at)
        return Commit(write, lambda _: Answer(Done()))

    def audit(self, request: ShowAudit, at: int) -> Decision:
        """Say how long the audit log is and what its root is, and prove what it was before."""

        def then(found: AuditReply | None) -> Decision:
            return _NO_SUCH_SIZE if found is None else Answer(found)

        return AskPublic(lambda reader: reader.audit(request.since), then)

    def cards(self, request: Cards, caller: Caller, at: int) -> Decision:
        """Show public cards."""

        def then(cards: tuple[Card, ...]) -> Decision:
            return Answer(CardsReply(cards=cards))

        return AskPublic(lambda reader: reader.cards(request.persons), then)

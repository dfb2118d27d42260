"""The agreement between a person and the provider (Art. 6): how it is shown, and when a signature is one."""

from compliance.pack import AgreementText
from protocol.errors import ErrorCode
from protocol.ids import PersonId
from protocol.public import Agreement, BottomLine, Signature
from server.outcomes import Refuse
from server.store.public_writes import SignAgreement

_OTHER = Refuse(
    ErrorCode.NEEDS_AGREEMENT, "this is not the agreement in force: `agreement` shows it", field="signature.digest"
)


def shown_agreement(agreement: AgreementText) -> Agreement:
    """Return `agreement` as it goes over the wire."""
    return Agreement(
        version=agreement.version,
        digest=agreement.digest,
        lines=tuple(BottomLine(code=line.code, titles=line.titles) for line in agreement.lines),
        texts=agreement.texts,
    )


def unsound(agreement: AgreementText, signature: Signature) -> Refuse | None:
    """Return why `signature` is none to `agreement`: each of its lines is acknowledged apart (Art. 6)."""
    if signature.digest != agreement.digest:
        return _OTHER
    missing = [line.code for line in agreement.lines if line.code not in signature.lines]
    if missing:
        text = f"each line is acknowledged apart; missing: {', '.join(missing)}"
        return Refuse(ErrorCode.NEEDS_AGREEMENT, text, field="signature.lines")
    return None


def signature_write(agreement: AgreementText, person: PersonId, at: int) -> SignAgreement:
    """Return the write that puts the signature of `person` on record."""
    return SignAgreement(person=person, digest=agreement.digest, version=agreement.version, at=at)

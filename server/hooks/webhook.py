"""Webhooks: a publication is posted, signed as Standard Webhooks has it, and the response is the verdict.

No redirect is followed, no proxy of the environment used, and no more read than RESPONSE_BYTES.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime

import httpx
import msgspec
import trio
from blake3 import blake3

from compliance.publication import MINUTE_MS, Publication
from compliance.verdicts import Failure
from protocol.publications import Surface
from server.clock import Clock
from server.hooks import wire
from server.hooks.circuit import Circuit, State
from server.hooks.hook import Said
from server.hooks.settings import HookSettings, Watch, WebhookSource

RESPONSE_BYTES = 64 * 1024
CONNECTIONS = 32
IDLE_S = 60.0
EVENT = "publication.judge"


def signature(secret: bytes, id_: str, timestamp: str, body: bytes) -> str:
    """Return the `webhook-signature` of `body` (Standard Webhooks, symmetric)."""
    signed = b".".join([id_.encode(), timestamp.encode(), body])
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()


class WebhookHook:
    """A webhook. Connections are kept and used again."""

    kind = "webhook"

    def __init__(
        self,
        settings: HookSettings,
        source: WebhookSource,
        *,
        grounds: Mapping[str, object],
        clock: Clock,
    ) -> None:
        self.name = settings.name
        self.watches: Mapping[Surface, Watch] = settings.watches
        self.version = source.version
        self.digest = blake3(source.url.encode()).hexdigest()
        self._source = source
        self._grounds = grounds
        self._clock = clock
        self._circuit = Circuit(failures=source.failures, rest_s=source.rest_s)
        self._client = httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            timeout=None,  # The deadline is a scope around it all.  # noqa: S113
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=8, keepalive_expiry=IDLE_S),
        )

    @property
    def circuit(self) -> State:
        """Whether it is being asked at all."""
        return self._circuit.state

    async def ask(self, publication: Publication, deadline_s: float) -> Said:
        """Return what the webhook answers, or how it failed. An open circuit is refused at once."""
        if not self._circuit.admits(self._clock.monotonic()):
            return Said(outcome=Failure.REFUSED, why="it has failed too often and is left alone for a while")
        said: Said | None = None
        try:
            with trio.move_on_after(deadline_s):
                said = await self._post(publication)
            said = said or Said(outcome=Failure.LATE)
        finally:
            now = self._clock.monotonic()
            if said is None:  # Cancelled, or a mistake of ours: it tells nothing about the webhook.
                self._circuit.abandoned(now)
            elif isinstance(said.outcome, Failure):
                self._circuit.failed(now)
            else:
                self._circuit.succeeded(now)
        return said

    async def run(self) -> None:
        """Nothing is to be kept going."""
        await trio.sleep_forever()

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def _post(self, publication: Publication) -> Said:
        body = body_of(publication)
        timestamp = str(self._clock.wall_ms() // 1000)
        headers = {
            "content-type": "application/json",
            "accept-encoding": "identity",  # A small answer could unpack to a large one.
            "user-agent": "hutong",
            "webhook-id": publication.id,
            "webhook-timestamp": timestamp,
            "webhook-signature": signature(self._source.secret, publication.id, timestamp, body),
        }
        answer = bytearray()
        try:
            # Leaving the loop would leave httpx's generators unfinished; what is cancelled is cleared up.
            with trio.CancelScope() as enough:
                async with self._client.stream("POST", self._source.url, content=body, headers=headers) as response:
                    if response.status_code != httpx.codes.OK:
                        return Said(outcome=Failure.REFUSED, why=f"it answered {response.status_code}")
                    async for piece in response.aiter_raw():
                        answer += piece[: RESPONSE_BYTES + 1 - len(answer)]
                        if len(answer) > RESPONSE_BYTES:
                            enough.cancel()
        except httpx.HTTPError as error:  # Not its message: that may quote what was received.
            return Said(outcome=Failure.CRASHED, why=type(error).__name__)
        if len(answer) > RESPONSE_BYTES:
            return Said(outcome=Failure.OVERSIZE, why=f"an answer of more than {RESPONSE_BYTES} bytes")
        try:
            plain = msgspec.json.decode(bytes(answer))
        except (msgspec.DecodeError, RecursionError):
            return Said(outcome=Failure.MALFORMED, why="it answered something else than JSON")
        if isinstance(plain, dict) and plain.pop("id", publication.id) != publication.id:
            return Said(outcome=Failure.MALFORMED, why="it answered about another publication")
        try:
            return Said(outcome=wire.verdict_of(plain, publication, self._grounds))
        except wire.MalformedError as error:
            return Said(outcome=Failure.MALFORMED, why=str(error))


def body_of(publication: Publication) -> bytes:
    """Return what is posted: the payload structure that Standard Webhooks recommends, the publication as its data."""
    at = datetime.fromtimestamp(publication.minute * MINUTE_MS / 1000, UTC)
    payload = {
        "type": EVENT,
        "timestamp": at.isoformat().replace("+00:00", "Z"),
        "data": wire.plain_publication(publication),
    }
    return msgspec.json.encode(payload)

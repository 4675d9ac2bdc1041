# SPDX-License-Identifier: Apache-2.0
"""How organisations (機関・事業者) come on board by themselves.

    draft ── a person asks, under a corporate number; name and seat come from the published register
    applied ─ the person signs the declaration with the 署名用 key; the gate keeps the evidence
    approved ─ an operator, never the applicant, checked that the person may speak for it: the
               organisation enters the sandbox, the person represents it
    certified, live ─ its connector passed the rehearsal; an operator lets real filings through

Why a signature alone is not enough, and what the operator checks: docs/adr/0018.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID, uuid5

from pydantic import JsonValue, ValidationError

from engine.border.examples import ProcedureExamples
from engine.border.wire import Title, refusal
from engine.core.declaration import Kind as ProcedureKind
from engine.core.errors import Code, EngineError, Problem, register
from engine.core.numbers import area_of_local_government
from engine.core.text import Text
from engine.identity.evidence import Evidence
from engine.identity.mandate import Mandate, Recipient
from engine.identity.sessions import Session
from engine.identity.signing import Accept, MandateOffer, anybody
from engine.ports import Clock
from engine.registry.applications import Application, Applications, Decision, Kind, State
from engine.registry.corporate_numbers import CorporateNumbers, Corporation, corporation
from engine.registry.directory import Directories
from engine.registry.model import Channel, Organisation, RegistryStore, Stage
from engine.registry.model import Kind as OrganisationKind
from engine.registry.municipalities import municipalities
from engine.runtime import onboarding_views as v
from engine.runtime.case_keys import CaseKey
from engine.runtime.catalogue import Catalogue

MOST_OPEN: Final = 20  # applications of one person that nobody has decided
_DECLARED_FOR: Final = timedelta(days=1)
_APPLICATIONS: Final = UUID("0e6b5a52-6b0a-5d0f-9a57-2f1d1f6f8a08")
_MUNICIPAL: Final = "MUNI"
STATEMENT: Final = (
    "私は、下記の法人番号の法人を代表する者、又は代表する者からこの申込みの権限を与えられた者として、"
    "下記の手続の受信を申し込み、申込みの内容が真実であることを申告します。"
)

log = logging.getLogger(__name__)

register(
    {
        "already-registered-organisation": Code(
            409,
            "この法人番号はすでに登録されています。登録済みの代表者から招待を受けてください",
            "This number is registered; one of its representatives can invite you",
        ),
        "invalid-organisation-closed": Code(422, "この法人は閉鎖されています", "The corporation was closed"),
        "invalid-subscription": Code(
            422,
            "この手続はオンラインで受けられません",
            "Filings of this procedure reach nobody over the wire",
        ),
        "invalid-subscription-area": Code(
            422,
            "市区町村の手続は、その市区町村自身だけが自らの区域で受けられます",
            "A municipality's procedure is taken by that municipality alone, in its own area",
        ),
        "stale-declaration": Code(
            409, "申込みの内容と署名した申告が一致しません", "What was signed is not what is applied for"
        ),
        "too-many-applications": Code(
            429, "未処理の申込みが多すぎます", "Too many of your applications are still open"
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody asks for in the name of an organisation."""

    number: str
    kind: OrganisationKind | None
    channel: Channel
    endpoint: str | None
    areas: tuple[str, ...]
    subscriptions: tuple[tuple[str, str | None], ...]


class Persons(Protocol):
    """What is asked of the one gate (`engine/identity/gate.py`)."""

    async def holders(self, role: str) -> list[tuple[UUID, str, datetime]]:
        """Return who has a role, by whom and since when."""
        ...

    async def grant(self, person: UUID, role: str, *, by: str) -> None:
        """Give a person a role."""
        ...

    async def withdraw(self, person: UUID, role: str, *, by: str) -> None:
        """Take it away."""
        ...

    async def offer_mandate(
        self,
        session: Session,
        case_id: UUID,
        *,
        recipients: Sequence[Recipient],
        expires_at: datetime,
        statement: str | None = None,
    ) -> MandateOffer:
        """Return what is to be signed."""
        ...

    async def verify_mandate(
        self, session: Session, mandate: bytes, *, signature: bytes, accept: Accept
    ) -> Evidence:
        """Return the evidence of what was signed."""
        ...


class Onboarding:
    """The applicant's side: from the first look to the signed application."""

    def __init__(
        self,
        *,
        applications: Applications,
        registry: RegistryStore,
        directories: Directories,
        catalogue: Catalogue,
        numbers: CorporateNumbers,
        gate: Persons,
        names: CaseKey,
        clock: Clock,
    ) -> None:
        """`names` seals applicants' names until their application is decided."""
        self._applications = applications
        self._registry = registry
        self._directories = directories
        self._catalogue = catalogue
        self._numbers = numbers
        self._gate = gate
        self._names = names
        self._clock = clock
        self._pages = v.ApplicationPages(catalogue, directories)

    # --- before anybody asks ---

    async def fields(self, event: str, slug: str, area: str | None) -> v.ProcedureFields:
        """Return what taking a procedure would bring, under which law, and who receives it today.

        Raises:
            EngineError: `no-such-life-event`, `no-such-procedure`, `unavailable-registry`.
        """
        of_event, procedure = self._catalogue.procedure(slug)
        if self._catalogue.event(event) is not of_event:
            raise EngineError("no-such-procedure")
        directory = await self._directories.current()
        return v.ProcedureFields.of(of_event, procedure, area=area, directory=directory)

    def examples(self, event: str, slug: str) -> ProcedureExamples:
        """Return orders of a procedure as a connector gets them, of people who do not exist.

        Raises:
            EngineError: `no-such-life-event`, `no-such-procedure`: nobody files it.
        """
        self._catalogue.event(event)
        found = self._catalogue.examples.get(slug)
        if found is None or found.event != event:
            raise EngineError("no-such-procedure", slug=slug)
        return found

    def example_orders(self) -> dict[str, JsonValue]:
        """Return one order of every procedure that is filed, by its slug."""
        return {slug: one.examples[0].order for slug, one in self._catalogue.examples.items()}

    # --- the applicant ---

    async def apply(self, session: Session, wanted: Wanted, *, key: str) -> v.ApplicationView:
        """Draft an application; the same key drafts it once.

        Raises:
            EngineError: `no-such-corporation`, `invalid-organisation…`, `invalid-subscription…`,
                `already-registered-organisation`, `too-many-applications`, `idempotency-mismatch`,
                `unavailable-corporate-numbers`.
        """
        found = await open_corporation(self._numbers, wanted.number)
        if await self._gate.holders(role_of(wanted.number)):
            raise EngineError("already-registered-organisation")
        organisation = _organisation(found, wanted)
        asked = _asked(organisation, found, self._checked(wanted.number, wanted.subscriptions))
        return await self._drafted(session, Kind.ORGANISATION, wanted.number, asked, key=key)

    async def ask_for(
        self, session: Session, number: str, subscriptions: Sequence[tuple[str, str | None]], *, key: str
    ) -> v.ApplicationView:
        """Draft an application for more subscriptions of an organisation that the person represents.

        Raises:
            EngineError: `no-such-organisation`, `already-succeeded`, and as `apply`.
        """
        known = await self._registry.organisation(number)
        if known is None:
            raise EngineError("no-such-organisation")
        if (await self._directories.current()).acting.heir(number) != number:
            raise EngineError("already-succeeded")
        asked = _asked(known, None, self._checked(number, subscriptions))
        return await self._drafted(session, Kind.SUBSCRIPTIONS, number, asked, key=key)

    async def mine(self, session: Session) -> list[v.ApplicationView]:
        """Return what the person applied for, the newest first."""
        found = await self._applications.of_person(session.person, limit=100)
        return [await self._pages.view(one) for one in found]

    async def application(self, session: Session, application: UUID) -> v.ApplicationView:
        """Return one of the person's applications; raises `no-such-application`."""
        return await self._pages.view(await self._own(session, application))

    async def declaration(self, session: Session, application: UUID) -> bytes:
        """Return the declaration of a draft, canonical JSON, for the applicant to read and sign.

        Raises:
            EngineError: `no-such-application`, `already-decided-application`.
        """
        one = await self._own(session, application)
        if one.state is not State.DRAFT:
            raise EngineError("already-decided-application")
        offer = await self._gate.offer_mandate(
            session,
            one.id,
            recipients=self._recipients(one),
            expires_at=self._clock.now().replace(microsecond=0) + _DECLARED_FOR,
            statement=STATEMENT,
        )
        return offer.content

    async def declare(
        self, session: Session, application: UUID, *, declaration: bytes, signature: bytes
    ) -> v.ApplicationView:
        """Hand the draft in with the signed declaration.

        Raises:
            EngineError: as `declaration`; `stale-declaration`, and what the gate refuses.
        """
        one = await self._own(session, application)
        if one.state is not State.DRAFT:
            raise EngineError("already-decided-application")
        said = Mandate.from_bytes(declaration)
        is_this = (said.case_id, said.statement, said.recipients) == (
            one.id,
            STATEMENT,
            self._recipients(one),
        )
        if not is_this:
            raise EngineError("stale-declaration")
        # No person was named before: the certificate says who applies, and operators see its name.
        evidence = await self._gate.verify_mandate(session, declaration, signature=signature, accept=anybody)
        name = self._names.seal(sealed_for(one.id), evidence.attributes.name.encode())
        if not await self._applications.sign(one.id, evidence=evidence.id, applicant_sealed=name):
            raise EngineError("already-decided-application")
        log.info("application.signed", extra={"application": str(one.id), "organisation": one.number})
        return await self.application(session, application)

    async def withdraw(self, session: Session, application: UUID) -> None:
        """Take an application back that nobody has decided; raises as `declaration`."""
        one = await self._own(session, application)
        decision = Decision(
            state=State.WITHDRAWN, at=self._clock.now(), by=f"person:{session.person}", reason=""
        )
        if not await self._applications.decide(one.id, decision, among=(State.DRAFT, State.APPLIED)):
            raise EngineError("already-decided-application")

    # --- how ---

    def _checked(
        self, number: str, wanted: Sequence[tuple[str, str | None]]
    ) -> tuple[tuple[str, str | None], ...]:
        """Return the subscriptions if each is one that this organisation could ever have."""
        for place, (slug, area) in enumerate(wanted):
            _, procedure = self._catalogue.procedure(slug)
            if procedure.kind is not ProcedureKind.FILING:
                raise _refused("invalid-subscription", place, "slug")
            if procedure.receiver.kind.startswith(_MUNICIPAL) and not _is_own_area(number, area):
                raise _refused("invalid-subscription-area", place, "area")
        return tuple(dict.fromkeys(wanted))

    async def _drafted(
        self, session: Session, kind: Kind, number: str, asked: Mapping[str, Any], *, key: str
    ) -> v.ApplicationView:
        id_ = uuid5(_APPLICATIONS, f"{session.person} {key}")
        known = await self._applications.application(id_)
        if known is None:
            mine = await self._applications.of_person(session.person, limit=200)
            if sum(one.state in {State.DRAFT, State.APPLIED} for one in mine) >= MOST_OPEN:
                raise EngineError("too-many-applications", retry_after=3600)
            known = Application(
                id=id_,
                number=number,
                kind=kind,
                person=session.person,
                state=State.DRAFT,
                asked=asked,
                made_at=self._clock.now(),
            )
            await self._applications.draft(known)
        if (known.number, known.kind, known.asked) != (number, kind, asked):
            raise EngineError("idempotency-mismatch")
        return await self._pages.view(known)

    def _recipients(self, one: Application) -> tuple[Recipient, ...]:
        """Return what is declared: one line for each subscription, as people read it."""
        name = Text.model_validate(one.asked["name"])
        lines = []
        for wanted in one.asked["subscriptions"]:
            event, procedure = self._catalogue.procedure(wanted["slug"])
            labels = {field.name: field.label.ja for field in event.fields}
            area = wanted["area"] or "全国"
            lines.append(
                Recipient(
                    organisation=one.number,
                    name=name.ja,
                    procedures=(f"{procedure.title.ja}（{procedure.slug}、区域 {area}）",),
                    fields=tuple(labels[field] for field in procedure.needs),
                    purpose=f"根拠 {procedure.basis}・経路 {one.asked['channel']}",
                )
            )
        return tuple(lines) or (self._as_agent(one, name),)

    def _as_agent(self, one: Application, name: Text) -> Recipient:
        """Return what somebody declares who takes nothing itself: it acts for others by their grants."""
        return Recipient(
            organisation=one.number,
            name=name.ja,
            procedures=("受託者としての登録（自らの手続はなし）",),
            fields=(),
            purpose=f"ほかの機関・事業者からの委託による処理・経路 {one.asked['channel']}",
        )

    async def _own(self, session: Session, application: UUID) -> Application:
        one = await self._applications.application(application)
        if one is None or one.person != session.person:
            raise EngineError("no-such-application")
        return one


async def open_corporation(numbers: CorporateNumbers, number: str) -> Corporation:
    """Return the newest record of a corporation that exists.

    Raises:
        EngineError: `no-such-corporation`, `invalid-organisation-closed`.
    """
    found = await corporation(numbers, number)
    if not found.is_open:
        raise EngineError("invalid-organisation-closed", pointer="/number")
    return found


def role_of(number: str) -> str:
    """Return the role of those who represent the organisation."""
    return f"organisation:{number}"


def represented(session: Session) -> list[str]:
    """Return the numbers of the organisations that the person represents."""
    prefix = role_of("")
    return sorted(role.removeprefix(prefix) for role in session.roles if role.startswith(prefix))


def sealed_for(application: UUID) -> str:
    """Return the purpose for which an applicant's name is sealed."""
    return f"applicant {application}"


def _refused(code: str, place: int, member: str) -> EngineError:
    return EngineError(code, problems=(Problem(f"/subscriptions/{place}/{member}", code),))


def _is_own_area(number: str, area: str | None) -> bool:
    """Say whether the area is that of the municipality with this number, or a ward of it."""
    place = municipalities().get(area or "")
    return place is not None and place.number == number


def _organisation(found: Corporation, wanted: Wanted) -> Organisation:
    """Return the organisation as it would be registered; raises `invalid-organisation`."""
    try:
        return Organisation(
            number=found.number,
            name=Title(ja=found.name, en=found.english or found.name),
            kind=_kind(found, wanted.kind),
            channel=wanted.channel,
            endpoint=wanted.endpoint,
            areas=wanted.areas,
            stage=Stage.SANDBOX,
        )
    except ValidationError as error:
        raise refusal("invalid-organisation", error) from None


def _kind(found: Corporation, said: OrganisationKind | None) -> OrganisationKind:
    """Return what the register says it is; only for corporations of their own kind, what they say."""
    if found.kind == "101":
        return OrganisationKind.STATE
    if found.kind == "201":
        code = area_of_local_government(found.number) or ""
        is_prefecture = code[2:5] == "000"
        return OrganisationKind.PREFECTURE if is_prefecture else OrganisationKind.MUNICIPALITY
    is_public = said is OrganisationKind.PUBLIC_BODY and found.kind in {"399", "499"}
    return OrganisationKind.PUBLIC_BODY if is_public else OrganisationKind.COMPANY


def _asked(
    organisation: Organisation,
    found: Corporation | None,
    subscriptions: Sequence[tuple[str, str | None]],
) -> dict[str, Any]:
    return {
        "name": organisation.name.model_dump(),
        "seat": found.seat if found else "",
        "kind": organisation.kind.value,
        "channel": organisation.channel.value,
        "endpoint": organisation.endpoint,
        "areas": list(organisation.areas),
        "subscriptions": [{"slug": slug, "area": area} for slug, area in subscriptions],
    }

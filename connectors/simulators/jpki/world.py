# SPDX-License-Identifier: Apache-2.0
"""The whole of JPKI for rehearsals: authority, responder, CRLs, time stamps, and cards.

In one process it is used directly (`world.fetch` answers as the authorities do); for several
processes `world.app()` serves the same over HTTP: /ocsp, /crl/{generation}/{sha256 of the name}, /tsa,
/mapping/{use}/{issuer}/{serial}.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from connectors.simulators.jpki import names
from connectors.simulators.jpki.authority import GENERATIONS, Authority, Changes, Resident, make_authority
from connectors.simulators.jpki.card import Chip, SoftwareCard, basic_items, private_der
from connectors.simulators.jpki.keys import Keys, new_key
from connectors.simulators.jpki.register import Entry, Register, holder_of
from connectors.simulators.jpki.responder import answer_ocsp, make_crl
from connectors.simulators.jpki.tsa import TimeAuthority
from engine.identity.certificates import subject_key_id
from engine.identity.crl import digest_of_name
from engine.identity.fetch import Unreachable
from engine.identity.profiles import POLICIES, Algorithm, Environment, Profile, Use
from engine.identity.trust import Root, TrustStore, TsaRoot
from engine.ports import Clock

IN_PROCESS: Final = "https://jpki-test.example"
LOGIN_PIN: Final = "1234"
SIGNATURE_PIN: Final = "ABC123"


class JpkiWorld:
    """A test authority. With a directory it is the same one after a restart.

    `keys` lets several worlds share the authority's keys, which are slow to make. While `is_down`
    nobody answers.
    """

    def __init__(
        self, clock: Clock, *, state: Path | None = None, keys: Keys | None = None, seed: int = 1
    ) -> None:
        self.clock = clock
        self.is_down = False
        self.fetch = InProcess(self)
        self._keys = keys or Keys(state / "keys" if state else None)
        self.register = Register(state / "register.json" if state else None, first_serial=seed << 20 | 1)
        self.authorities: dict[tuple[Use, int], Authority] = {
            (use, number): make_authority(self._keys, use, number) for use in Use for number in GENERATIONS
        }
        self.time_authority = TimeAuthority(self._keys)

    def trust(self, base_url: str = IN_PROCESS) -> TrustStore:
        """Return the trust store that believes this world and asks it at this URL."""
        return TrustStore(
            environment=Environment.DEVELOPMENT,
            roots=tuple(_root(authority, base_url) for authority in self.authorities.values()),
            tsa_authorities=(TsaRoot(self.time_authority.root, f"{base_url}/tsa/ocsp"),),
            tsa_url=f"{base_url}/tsa",
        )

    def make_card(
        self,
        resident: Resident,
        *,
        generation: int = 2,
        login_pin: str = LOGIN_PIN,
        signature_pin: str = SIGNATURE_PIN,
    ) -> SoftwareCard:
        """Return a new card of the resident with both certificates."""
        login_key, signature_key = new_key(), new_key()
        login = self.issue(Use.LOGIN, resident, login_key.public_key(), generation=generation)
        signature = self.issue(Use.SIGNATURE, resident, signature_key.public_key(), generation=generation)
        chip = Chip(
            login_key=private_der(login_key),
            login_certificate=login.public_bytes(Encoding.DER),
            login_root=self._root_der(Use.LOGIN, generation),
            login_pin=login_pin,
            signature_key=private_der(signature_key),
            signature_certificate=signature.public_bytes(Encoding.DER),
            signature_root=self._root_der(Use.SIGNATURE, generation),
            signature_pin=signature_pin.upper(),
            basic_items=basic_items(resident.name, resident.address, resident.born_on, resident.sex),
        )
        return SoftwareCard(chip)

    def renew_login(self, card: SoftwareCard, resident: Resident) -> SoftwareCard:
        """Return the resident's card with a new 利用者証明用 key and certificate; the 署名用 one stays."""
        key = new_key()
        certificate = self.issue(Use.LOGIN, resident, key.public_key())
        parts = {
            "login_key": private_der(key),
            "login_certificate": certificate.public_bytes(Encoding.DER),
        }
        return SoftwareCard(card.chip.model_copy(update=parts, deep=True))

    def issue(
        self,
        use: Use,
        resident: Resident,
        key: rsa.RSAPublicKey,
        *,
        generation: int = 2,
        changes: Changes | None = None,
        profile: Use | None = None,
    ) -> x509.Certificate:
        """Return a new certificate, written down in the register."""
        serial = self.register.new_serial()
        certificate = self.authorities[use, generation].issue(
            resident, key, serial=serial, at=self.clock.now(), changes=changes, profile=profile
        )
        place = resident.municipality
        entry = Entry(
            use=use,
            generation=generation,
            serial=serial,
            prefecture=place.prefecture,
            city=place.city,
            holder=holder_of(resident.name, resident.born_on),
        )
        self.register.add(entry)
        return certificate

    def revoke(self, use: Use, certificate: x509.Certificate, *, at: datetime | None = None) -> None:
        """Revoke the certificate, from now or from the given time."""
        moment = (at or self.clock.now()).replace(microsecond=0)
        self.register.revoke(use, certificate.serial_number, moment)

    def ocsp(self, request: bytes) -> bytes:
        """Return the responder's answer; raises ValueError when it is no request."""
        return answer_ocsp(
            request,
            authorities=self._roots(Use.LOGIN),
            entries=self.register.entries(Use.LOGIN),
            key=self._keys.key("ocsp"),
            now=self.clock.now(),
        )

    def crl(self, digest: str, generation: int) -> bytes | None:
        """Return the CRL of the part whose name has this digest, None when nobody lives there."""
        entries = [entry for entry in self.register.entries(Use.SIGNATURE) if entry.generation == generation]
        here = [entry for entry in entries if digest_of_name(_name(entry)) == digest]
        if not here:
            return None
        authority = self.authorities[Use.SIGNATURE, generation]
        return make_crl(authority, _name(here[0]), here, now=self.clock.now())

    def partner(self, kind: str, issuer: str, serial: str) -> bytes | None:
        """Return the other certificate of the same holder, the newest, as the mapping answers in JSON."""
        if kind not in {use.value for use in Use}:
            return None
        use = Use(kind)
        number = int(serial, 16)
        of = {_key_id(authority): authority for authority in self._roots(use)}
        if issuer not in of:
            return None
        holders = {entry.holder for entry in self.register.entries(use) if entry.serial == number}
        other = Use.SIGNATURE if use is Use.LOGIN else Use.LOGIN
        found = [entry for entry in self.register.entries(other) if entry.holder in holders]
        if not found:
            return None
        newest = max(found, key=lambda entry: entry.serial)
        authority = self.authorities[other, newest.generation]
        answer = {"kind": other.value, "issuer": _key_id(authority), "serial": format(newest.serial, "x")}
        return json.dumps(answer).encode()

    def stamp(self, request: bytes) -> bytes:
        """Return the time stamp; raises ValueError when it is no request."""
        return self.time_authority.stamp(request, self.clock.now())

    def app(self) -> web.Application:
        """Return the HTTP face of this world, to be served on loopback."""
        app = web.Application()
        app.add_routes(
            [
                web.post("/ocsp", self._serve),
                web.post("/tsa", self._serve),
                web.post("/tsa/ocsp", self._serve),
                web.get("/crl/{generation}/{digest}", self._serve),
                web.get("/mapping/{kind}/{issuer}/{serial}", self._serve),
            ]
        )
        return app

    async def _serve(self, request: web.Request) -> web.Response:
        try:
            return web.Response(body=self.answer(request.path, await request.read()))
        except LookupError as error:
            raise web.HTTPNotFound from error
        except ValueError as error:
            raise web.HTTPBadRequest from error

    def answer(self, path: str, body: bytes) -> bytes:
        """Return what stands at the path; raises LookupError, or ValueError for a bad request."""
        match path.strip("/").split("/"):
            case ["ocsp"]:
                return self.ocsp(body)
            case ["tsa"]:
                return self.stamp(body)
            case ["tsa", "ocsp"]:
                return self.time_authority.status(body, self.clock.now())
            case ["mapping", kind, issuer, serial]:
                partner = self.partner(kind, issuer, serial)
                if partner is not None:
                    return partner
            case ["crl", number, digest] if number.isdecimal():
                crl = self.crl(digest, int(number))
                if crl is not None:
                    return crl
        raise LookupError(path)

    def _roots(self, use: Use) -> Iterable[Authority]:
        return [authority for authority in self.authorities.values() if authority.use is use]

    def _root_der(self, use: Use, generation: int) -> bytes:
        return self.authorities[use, generation].certificate.public_bytes(Encoding.DER)


class InProcess:
    """Answers the gate's questions without a network; `asked` is what was asked for."""

    def __init__(self, world: JpkiWorld) -> None:
        self._world = world
        self.asked: list[str] = []

    async def get(self, url: str) -> bytes:
        """Return the body; raises Unreachable."""
        return self._answer(url, b"")

    async def post(self, url: str, body: bytes, *, content_type: str) -> bytes:
        """Return the body of the answer; raises Unreachable."""
        del content_type
        return self._answer(url, body)

    async def exchange(
        self, method: str, url: str, *, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        """Return status and body; raises Unreachable."""
        del method, headers
        self.asked.append(url)
        if self._world.is_down:
            raise Unreachable(url)
        try:
            return 200, self._world.answer(url.removeprefix(IN_PROCESS), body)
        except LookupError:
            return 404, b""

    def _answer(self, url: str, body: bytes) -> bytes:
        self.asked.append(url)
        if self._world.is_down:
            raise Unreachable(url)
        try:
            return self._world.answer(url.removeprefix(IN_PROCESS), body)
        except (LookupError, ValueError) as error:
            raise Unreachable(url) from error


def _key_id(authority: Authority) -> str:
    return (subject_key_id(authority.certificate) or b"").hex()


def _root(authority: Authority, base_url: str) -> Root:
    profile = Profile(
        authority.use, POLICIES[Environment.DEVELOPMENT, authority.use], Algorithm.RSA_2048_SHA256
    )
    if authority.use is Use.LOGIN:
        return Root(authority.certificate, profile, ocsp_url=f"{base_url}/ocsp")
    lists = {"*": f"{base_url}/crl/{authority.generation}/{{sha256}}"}
    return Root(authority.certificate, profile, crl_urls=lists)


def _name(entry: Entry) -> x509.Name:
    """Return the name of the part of the CRL that the entry belongs to."""
    return names.distribution_point(entry.use, entry.prefecture, entry.city)

# SPDX-License-Identifier: Apache-2.0
"""デジタル認証アプリ, the government's app that reads the card in a phone: what is configured about it.

Its provider speaks OpenID Connect: code flow, PKCE S256, private_key_jwt, ES256. Endpoints, scopes
and assurance are in `app.json` beside the trust store's manifest; without that file the app is not
offered. Our two keys for it lie with the operator's keys: `app-signing.pem` and `app-decryption.pem`.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from engine.border.jwk import jose_key
from engine.identity.profiles import Environment
from engine.identity.trust import TrustStoreError

FILE: Final = "app.json"
Address = Annotated[str, Field(pattern=r"^https?://[!-~]{1,500}$")]


class Provider(BaseModel):
    """The provider and our registration with it.

    `acr` is what we ask for, `accepted_acr` what an ID token must say; `scope` never asks for the four
    attributes (基本4情報): who needs them, takes them from a signature. `sign_url` is where sign
    transactions are begun, below it their results.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )

    issuer: Address
    authorization_url: Address
    token_url: Address
    jwks_url: Address
    sign_url: Address
    client_id: Annotated[str, Field(pattern=r"^[!-~]{1,100}$")]
    redirect_uri: Address
    scope: str = "openid"
    sign_scope: str = "openid sign"
    acr: str = "aal3 crl"
    accepted_acr: tuple[str, ...] = ("aal3", "aal3 crl")


@dataclass(frozen=True, slots=True)
class App:
    """A provider, with the keys by which it knows us and seals certificates for us."""

    provider: Provider
    signing: ec.EllipticCurvePrivateKey = field(repr=False)
    decryption: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def signing_key(self) -> ECKey:
        """The key of our client assertions."""
        return jose_key(self.signing, {"use": "sig", "alg": "ES256"})

    @property
    def decryption_key(self) -> ECKey:
        """The key to which certificates are sealed."""
        return jose_key(self.decryption, {"use": "enc"})

    def public_keys(self) -> dict[str, object]:
        """Return what the provider is given when we register: a JWK Set."""
        keys = (self.signing_key, self.decryption_key)
        return {"keys": [{**key.as_dict(private=False), "kid": key.thumbprint()} for key in keys]}


def load_provider(directory: Path, environment: Environment) -> Provider | None:
    """Return the provider of this environment, None when none is configured; raises TrustStoreError."""
    file = directory / environment.value / FILE
    if not file.exists():
        return None
    try:
        provider = Provider.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise TrustStoreError(f"{file} cannot be read") from error
    if environment is Environment.PRODUCTION and not _is_secure(provider):
        raise TrustStoreError(f"{file} names an address that is not https")
    return provider


def keep_provider(directory: Path, environment: Environment, provider: Provider) -> None:
    """Write the configuration so that `load_provider` returns it: for rehearsals."""
    folder = directory / environment.value
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(provider.model_dump_json(by_alias=True, indent=2) + "\n")


def _is_secure(provider: Provider) -> bool:
    addresses = (
        provider.authorization_url,
        provider.token_url,
        provider.jwks_url,
        provider.sign_url,
        provider.redirect_uri,
    )
    return all(address.startswith("https:") for address in addresses)

# SPDX-License-Identifier: Apache-2.0
"""How a broker is trusted, and how one logs in to it by certificate instead of a password.

For the engine and for connectors alike. The name in the certificate (CN) is the broker's user.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID
from yarl import URL

from engine.core.errors import Code, EngineError, register

register(
    {
        "unusable-broker-tls": Code(
            500,
            "ブローカーへのTLS接続の設定に誤りがあります",
            "The certificates for the broker cannot be used",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class BrokerTls:
    """Files in PEM: whom to trust (the system's authorities without it), and who we are."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Return the settings of the line; raises `unusable-broker-tls`."""
        try:
            context = ssl.create_default_context(cafile=self.ca)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise EngineError(
                "unusable-broker-tls", reason=f"TODOKE_AMQP_CA, _CERT, _KEY: {error}"
            ) from error
        return context

    def user(self) -> str | None:
        """Return the name in the certificate, None without one; raises `unusable-broker-tls`."""
        if self.certificate is None:
            return None
        try:
            certificate = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        except (OSError, ValueError) as error:
            raise EngineError("unusable-broker-tls", reason="TODOKE_AMQP_CERT is no certificate") from error
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(names[0].value) if names else None

    def address(self, url: str) -> str:
        """Return the address, by certificate where it names nobody (SASL EXTERNAL)."""
        parsed = URL(url)
        if self.certificate is None or parsed.user is not None:
            return url
        return str(parsed.update_query(auth="external"))


def tls_for(url: str, *, ca: Path | None, certificate: Path | None, key: Path | None) -> BrokerTls | None:
    """Return what an address of the broker needs, None for one without TLS.

    Raises:
        EngineError: `unusable-broker-tls`: a certificate for a line without TLS.
    """
    if url.startswith("amqps:"):
        return BrokerTls(ca, certificate, key)
    if certificate is not None:
        raise EngineError("unusable-broker-tls", reason="TODOKE_AMQP_CERT needs an amqps:// address")
    return None

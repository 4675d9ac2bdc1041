# SPDX-License-Identifier: Apache-2.0
"""A document that stands beside its signature: canonical JSON (RFC 8785) and a detached JWS (RFC 7515, F).

`{"certificate": …, "jws": "head..signature"}`. People read the one member, programs check the other:
the payload of the JWS is the canonical text of `certificate`. Any JOSE library can do that offline.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from engine.border.canonical import canonical_json
from engine.border.jwk import encoded, jose_key, public_key, thumbprint
from engine.core.errors import Code, EngineError, register

MOST_BYTES: Final = 4 * 1024 * 1024
_ALGORITHM: Final = "ES256"
_TYPE: Final = "todoke-certificate+jws"

register(
    {
        "malformed-closing-certificate": Code(
            400, "証明書の形式が正しくありません", "This is no such certificate"
        ),
        "closing-certificate-unknown-key": Code(
            422, "署名した鍵が公開鍵の一覧にありません", "It was signed with a key that is not in the list"
        ),
        "closing-certificate-forged": Code(
            422, "証明書の内容と署名が一致しません", "What it says is not what was signed"
        ),
    }
)


def signed_document(content: Mapping[str, Any], key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the document: canonical, with its signature beside it."""
    head = {"alg": _ALGORITHM, "typ": _TYPE, "kid": thumbprint(key.public_key())}
    whole = jws.serialize_compact(head, canonical_json(content), jose_key(key), algorithms=[_ALGORITHM])
    before, _, after = whole.split(".")
    return canonical_json({"certificate": content, "jws": f"{before}..{after}"})


def verified_document(text: bytes, keys: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Return what the document says and the kid of the key that signed it.

    `keys` is a JWK Set (RFC 7517).

    Raises:
        EngineError: `malformed-closing-certificate`, `closing-certificate-unknown-key`,
            `closing-certificate-forged`.
    """
    try:
        document = json.loads(text[:MOST_BYTES])
        content, signature = document["certificate"], document["jws"]
        before, nothing, after = signature.split(".")
        payload = encoded(canonical_json(content)).decode()
        kid = jws.extract_compact(f"{before}.{payload}.{after}".encode()).headers()["kid"]
    except (ValueError, TypeError, KeyError, AttributeError, JoseError) as error:
        raise EngineError("malformed-closing-certificate") from error
    if nothing or not isinstance(content, dict):
        raise EngineError("malformed-closing-certificate")
    key = key_named(kid, keys)
    try:
        jws.deserialize_compact(f"{before}.{payload}.{after}", ECKey.import_key(key), algorithms=[_ALGORITHM])
    except (JoseError, ValueError) as error:
        raise EngineError("closing-certificate-forged") from error
    return content, str(kid)


def key_named(kid: object, keys: Mapping[str, Any]) -> ec.EllipticCurvePublicKey:
    """Return the key of a JWK Set that signs under this name; raises `closing-certificate-unknown-key`."""
    for jwk in keys.get("keys", ()):
        if isinstance(jwk, dict) and jwk.get("kid") == kid and jwk.get("use", "sig") == "sig":
            return public_key(jwk, use="sig")
    raise EngineError("closing-certificate-unknown-key")

"""Links that nobody mailed: the real one with one thing wrong, by what is wrong with it."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from typing import Any, NamedTuple

import jwt

from lambdas.services.tokens import ApprovalClaims, sign_approval_token
from tests.support.waiting import OTHER_ULID, Waiting


class Forgery(NamedTuple):
    kind: str
    """The class of attack."""
    name: str
    token: str
    nonce: str
    callback_id: str


RSA_PUBLIC = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu1SU1LfVLPHCozMxH2Mo
4lgOEePzNm0tRgeLezV6ffAt0gunVTLw7onLRnrq0/IzW7yWR7QkrmBL7jTKEn5u
+qKhbwKfBstIs+bMY2Zkp18gnTxKLxoS2tFczGkPLPgizskuemMghRniWaoLcyeh
kd3qqGElvW/VDL5AaWTg0nLVkjRo9z+40RQzuVaE8AkAFmxZzow3x+VJYKdjykkJ
0iT9wCS0DRTXu269V264Vf/3jvredZiKRkgwlL9xNAwxXFg0x/XFw005UWVRIkdg
cKWTjpBP2dPwVZ4WWC+9aGVd+Gyn1o0CLelf4rEjGoXbAAEgAqeGUxrcIlbjXfbc
mwIDAQAB
-----END PUBLIC KEY-----"""
"""An attacker signs with a public key as if it were the secret (the example key of jwt.io)."""

NO_ALGORITHM = ("none", "None", "NONE", "nOnE", "", "null", "HS0")
OTHER_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES512", "EdDSA", "HS384", "HS512", "hs256", "HS256 ")
TRICKS = {
    "fullwidth digits": lambda text: text.replace("1", "\uff11").replace("0", "\uff10"),
    "zero width space": lambda text: text[:10] + "\u200b" + text[10:],
    "zero width joiner at the end": lambda text: text + "\u200d",
    "byte order mark": lambda text: "\ufeff" + text,
    "right-to-left override": lambda text: "\u202e" + text,
    "lone surrogate": lambda text: "\ud800" + text,
    "null byte": lambda text: text + "\x00",
    "null byte inside": lambda text: text[:20] + "\x00" + text[20:],
    "cyrillic homoglyph": lambda text: text.replace("e", "\u0435", 1),
    "fullwidth dot": lambda text: text.replace(".", "\uff0e"),
    "ideographic full stop": lambda text: text.replace(".", "\u3002"),
    "combining accent": lambda text: text[:-1] + text[-1] + "\u0301",
    "leading space": lambda text: f" {text}",
    "line break": lambda text: text + "\n",
    "tab inside": lambda text: text[:5] + "\t" + text[5:],
    "padding": lambda text: text + "==",
    "standard base64": lambda text: text.replace("-", "+").replace("_", "/") + "+/",
    "percent encoded": lambda text: "".join(f"%{ord(c):02x}" for c in text[:8]) + text[8:],
    "upper case": lambda text: text.upper(),
}


def segment(data: Any) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class Forger:
    """Knows the real link, and one signing key where an attack needs it."""

    def __init__(self, waiting: Waiting) -> None:
        self.world, self.query = waiting.world, waiting.query()
        self.token, self.nonce, self.callback = self.query["token"], self.query["nonce"], waiting.approval.callback_id
        self.header, self.payload, self.signature = self.token.split(".")
        self.claims: dict[str, Any] = jwt.decode(self.token, options={"verify_signature": False})
        self.other = waiting.query("grace@example.com")
        self.keys = self.world.keys.approval()
        self.key = self.keys.keys["k1"].get_secret_value()
        self.now = self.world.clock.now()
        self.key_of_the_campaign = waiting.key

    def all(self) -> list[Forgery]:
        kinds = {
            "alg none": self.without_algorithm(),
            "algorithm confusion": self.confused(),
            "kid": self.kids(),
            "truncated": self.truncated(),
            "altered": self.altered(),
            "claims": self.changed(),
            "times": self.times(),
            "scope": self.scopes(),
            "jti": self.replayed(),
            "unicode": {name: trick(self.token) for name, trick in TRICKS.items()}.items(),
            "oversized": self.oversized(),
        }
        made = [
            Forgery(kind, name, token, self.nonce, self.callback)
            for kind, tokens in kinds.items()
            for name, token in tokens
        ]
        made += [Forgery("nonce", name, self.token, nonce, self.callback) for name, nonce in self.nonces()]
        ids = (OTHER_ULID, "x", "..", "ü", self.callback.lower(), self.callback + "0", "%2e%2e", "\uff10" * 26)
        return made + [Forgery("callback", repr(name), self.token, self.nonce, name) for name in ids]

    def signed(self, claims: dict[str, Any], key: str = "", algorithm: str = "HS256", **head: Any) -> str:
        return jwt.encode(claims, key or self.key, algorithm=algorithm, headers={"kid": "k1", **head})

    def with_header(self, *, signature: str | None = None, **head: Any) -> str:
        """A header of any content over the real payload, signed with HS256 and the real key, or not."""
        start = f"{segment({'kid': 'k1', 'typ': 'JWT'} | head)}.{self.payload}"
        own = segment(hmac.new(self.key.encode(), start.encode(), hashlib.sha256).digest())
        return f"{start}.{own if signature is None else signature}"

    def without_algorithm(self) -> Iterator[tuple[str, str]]:
        for alg, (name, signature) in product(NO_ALGORITHM, {"bare": "", "old": self.signature, "own": None}.items()):
            yield f"{alg!r} {name}", self.with_header(alg=alg, signature=signature)
        yield "missing", self.with_header()
        for odd in (None, 0, ["HS256"], {"alg": "HS256"}):
            yield f"{odd!r}", self.with_header(alg=odd)

    def confused(self) -> Iterator[tuple[str, str]]:
        """Right bytes under the wrong name, a public key as a secret, a key that the token brings along."""
        for alg in OTHER_ALGORITHMS:
            yield f"{alg} by name", self.with_header(alg=alg)
            yield f"{alg} over the old signature", self.with_header(alg=alg, signature=self.signature)
        yield "HS512 with our key", self.signed(self.claims, algorithm="HS512", key=self.key * 2)
        for alg in ("HS256", "HS384", "HS512"):
            for name, key in {"pem": RSA_PUBLIC, "pem line": RSA_PUBLIC + "\n"}.items():
                start = f"{segment({'alg': alg, 'kid': 'k1'})}.{self.payload}"
                made = hmac.new(key.encode(), start.encode(), getattr(hashlib, f"sha{alg[2:]}")).digest()
                yield f"{alg} signed with a public {name}", f"{start}.{segment(made)}"
        own = "attacker-key-" * 4
        jwk = {"kty": "oct", "k": segment(own.encode())}
        yield "own key in jwk", self.signed(self.claims, key=own, jwk=jwk)
        yield "own key by jku", self.signed(self.claims, key=own, jku="https://evil.example/jwks.json")
        yield "own key by x5u", self.signed(self.claims, key=own, x5u="https://evil.example/cert.pem")
        yield "critical header", self.signed(self.claims, key=own, crit=["exp"])
        yield "not b64", self.signed(self.claims, key=own, b64=False)

    def kids(self) -> Iterator[tuple[str, str]]:
        odd = (
            "k9",
            "K1",
            "k1 ",
            "",
            "../../dev/null",
            "k1' OR '1'='1",
            "k1\x00",
            "active",
            "__class__",
            "\uff4b1",
            "0",
        )
        for kid in odd:
            yield f"unknown {kid!r}", self.signed(self.claims, kid=kid)
        for kid in (None, 1, ["k1"], {"k1": "k1"}, True):
            yield f"no text {kid!r}", self.with_header(alg="HS256", kid=kid)
        yield "of the API's keys", self.signed(self.claims, key=self.world.keys.api().keys["k1"].get_secret_value())
        yield "foreign key under ours", self.signed(self.claims, key="x" * 40)
        yield "swapped to a key that is not live", self.signed(self.claims, kid="k2")
        yield "missing", jwt.encode(self.claims, self.key, algorithm="HS256")

    def truncated(self) -> Iterator[tuple[str, str]]:
        yield "no signature", f"{self.header}.{self.payload}."
        yield "two parts", f"{self.header}.{self.payload}"
        yield "four parts", f"{self.token}.x"
        yield "parts in another order", f"{self.payload}.{self.header}.{self.signature}"
        for length in range(0, len(self.token), 4):
            yield f"after {length}", self.token[:length]

    def altered(self) -> Iterator[tuple[str, str]]:
        yield "payload", f"{self.header}.{segment(self.claims | {'campaignId': OTHER_ULID})}.{self.signature}"
        for index, character in enumerate(self.token):
            yield f"character {index}", self.token[:index] + chr(ord(character) ^ 1) + self.token[index + 1 :]

    def changed(self) -> Iterator[tuple[str, str]]:
        """Signed with the real key, and saying what an approval token never says."""
        for name in self.claims:
            yield f"without {name}", self.signed({k: v for k, v in self.claims.items() if k != name})
        for name, odd in product(("tenantId", "campaignId", "callbackId", "jti", "type"), (None, 1, [], {}, "", True)):
            yield f"{name} is {odd!r}", self.signed(self.claims | {name: odd})
        for kind in ("api", "Approval", "approval ", "approvals", "session", "refresh"):
            yield f"type {kind!r}", self.signed(self.claims | {"type": kind})
        for audience in ("campaign-orchestration/api", "campaign-orchestration", "*", [], ["a", "b"]):
            yield f"audience {audience!r}", self.signed(self.claims | {"aud": audience})
        for issuer in ("somebody", "CAMPAIGN-ORCHESTRATION", ""):
            yield f"issuer {issuer!r}", self.signed(self.claims | {"iss": issuer})
        yield "an API token", self.signed({**self.claims, "aud": "campaign-orchestration/api", "type": "api"})

    def times(self) -> Iterator[tuple[str, str]]:
        now, later = int(self.now.timestamp()), int((self.now + timedelta(hours=1)).timestamp())
        for name, exp in {"now": now, "past": now - 1, "long past": 1, "zero": 0, "negative": -later}.items():
            yield f"expired: {name}", self.signed(self.claims | {"exp": exp})
        for odd in ("never", 1e300, float(later), str(later), None, [later], True):
            yield f"exp {odd!r}", self.signed(self.claims | {"exp": odd})
        for name, odd in product(("nbf", "iat"), (later, later * 1000, "later", 1e300, [later])):
            yield f"not yet valid: {name} {odd!r}", self.signed(self.claims | {name: odd})

    def scopes(self) -> Iterator[tuple[str, str]]:
        tenants = ("globex", "acme", "acme-2")
        campaigns = (self.key_of_the_campaign.campaign_id, OTHER_ULID)
        callbacks = (self.callback, OTHER_ULID)
        for tenant, campaign, callback in product(tenants, campaigns, callbacks):
            if (tenant, campaign, callback) != ("acme", campaigns[0], self.callback):
                yield f"{tenant} {campaign[-4:]} {callback[-4:]}", self.approval(tenant, campaign, callback)

    def approval(self, tenant: str, campaign: str, callback: str) -> str:
        ids = {"tenantId": tenant, "campaignId": campaign, "callbackId": callback, "jti": self.claims["jti"]}
        expires = self.now + timedelta(hours=1)
        return sign_approval_token(self.keys, ApprovalClaims.from_wire(ids), now=self.now, expires=expires)

    def replayed(self) -> Iterator[tuple[str, str]]:
        """A jti that is none of this request's, or is another's: the nonce that goes with it is not this link's."""
        yield "another reviewer's token", self.other["token"]
        for name, jti in {
            "zeros": "0" * 64,
            "upper": self.claims["jti"].upper(),
            "half": self.claims["jti"][:32],
        }.items():
            yield name, self.signed(self.claims | {"jti": jti})
        yield "the nonce itself", self.signed(self.claims | {"jti": self.nonce})
        yield "two of them", self.signed(self.claims | {"jti": [self.claims["jti"]]})

    def oversized(self) -> Iterator[tuple[str, str]]:
        for size in (2_048, 8_192, 60_000):
            yield f"{size} more", self.token + "A" * size
            yield f"a claim of {size}", self.signed(self.claims | {"x": "y" * size})
        yield "nested", "eyJ" + "W1tb" * 500 + ".."
        yield "deep", f"{segment(b'[' * 1_200)}.{self.payload}.{self.signature}"
        yield "a thousand parts", "." * 1_000

    def nonces(self) -> Iterator[tuple[str, str]]:
        yield from {
            "empty": "",
            "upper": self.nonce.upper(),
            "short": self.nonce[:-1],
            "long": f"{self.nonce}0",
        }.items()
        yield "another reviewer's", self.other["nonce"]
        yield "its hash", self.claims["jti"]
        yield from ((name, trick(self.nonce)) for name, trick in TRICKS.items() if name not in SAME_NONCE)


SAME_NONCE = frozenset({"cyrillic homoglyph", "standard base64", "fullwidth dot", "ideographic full stop"})
"""Tricks that need a letter or a dot which a nonce may not have."""

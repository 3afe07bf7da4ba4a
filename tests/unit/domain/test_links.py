from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from lambdas.domain.ids import CallbackId
from lambdas.services.approval_links import approval_link, nonce_hash
from lambdas.services.tokens import MAX_TOKEN_CHARS, verify_approval_token
from tests.support import samples
from tests.support.world import World

CALLBACK = CallbackId("01KJQ0000000000000000000C1")


@pytest.mark.parametrize("base", ["https://c.example", "https://c.example/", "https://c.example/prod/"])
def test_a_link_carries_a_token_and_the_nonce_that_belongs_to_it(base: str) -> None:
    world = World()
    now = world.clock.now()
    keys, nonce = world.keys.approval(), world.ids.nonce()
    link = approval_link(base, keys, samples.KEY, CALLBACK, nonce, now=now, expires=now + timedelta(days=1))
    assert link.startswith(f"{base.rstrip('/')}/approve/{CALLBACK}?")
    query = parse_qs(urlsplit(link).query)
    assert set(query) == {"token", "nonce"}
    (token,) = query["token"]
    claims = verify_approval_token(keys, token, now=now)
    assert claims.jti == nonce_hash(query["nonce"][0])
    assert nonce not in token
    assert len(token) < MAX_TOKEN_CHARS

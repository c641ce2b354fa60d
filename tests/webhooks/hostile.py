"""What strangers send to hooks: names of headers, values, bodies and queries."""

HEADERS = (
    b"webhook-id webhook-timestamp webhook-signature stripe-signature x-signature x-timestamp "
    b"x-event-id x-hub-signature-256 x-github-event x-github-delivery x-shopify-hmac-sha256 "
    b"x-shopify-topic x-shopify-webhook-id x-shopify-triggered-at x-slack-signature "
    b"x-slack-request-timestamp x-twilio-signature x-twilio-webhooks-signature-settings "
    b"i-twilio-idempotency-token content-type x-xero-signature authorization"
).split()
ODD = [
    b"", b" ", b",", b"=", b"1e308", b"-1", b"nan", b"9" * 400, b"\xff\xfe\x80", b"\x00",
    b"v1,%%%", b"v1a,%%%", b"v1a," + b"A" * 88, b"t=1,v1=", b"t=1e308,v1=ab", b"v0=", b"sha256=",
    b"Basic", b"Basic ", b"Bearer ", b"Basic \xff", b"algorithm=HMAC_SHA256", b"key=,algorithm=",
    b"A" * 9000, "٣".encode(), b"application/x-www-form-urlencoded", b"application/json",
]  # fmt: skip
BODIES = [
    b"", b"{}", b"[]", b"{", b"null", b"\xff", b'{"value":null}', b'{"value":[]}',
    b'{"value":[1]}', b'{"value":[{"clientState":5}]}', b'{"value":[{"clientState":""}]}',
    b'{"value":[{"clientState":["a"]}]}', b'{"events":[]}', b"[" * 70 + b"]" * 70, b"a=%ED%A0%80",
    b'{"type":"url_verification","challenge":"x"}', b"=&=&=", b"&" * 2000, b"payload=%7B",
]  # fmt: skip
QUERIES = [
    "", "validationToken", "validationToken=", "bodySHA256=", "bodySHA256=%FF",
    "hub.mode=subscribe",
    "hub.mode=subscribe&hub.challenge=1&hub.verify_token=x", "%", "\xff=\xfe", "a&" * 500,
]  # fmt: skip

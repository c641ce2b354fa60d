"""Ways of signing in words: what each is called, whose secret it takes and where that is found."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_OURS = "We make it for you, and you give it to the sender."


@dataclass(frozen=True, slots=True)
class SchemeWords:
    """`hint` is for whoever chooses, `signed` completes “signed …”, `secret` says where it comes
    from, `guide` is the vendor's page, `handshake` what to do so that the sender asks for its echo.
    """

    name: str
    hint: str
    signed: str
    secret: str
    guide: str
    handshake: str = ""


WORDS: Mapping[str, SchemeWords] = MappingProxyType(
    {
        "standard_webhooks": SchemeWords(
            "Standard Webhooks",
            "Most tools that follow a standard. We make the secret for you.",
            "by Standard Webhooks",
            _OURS,
            "https://www.standardwebhooks.com/",
        ),
        "standard_webhooks_v1a": SchemeWords(
            "Standard Webhooks with a key pair",
            "The sender shows you a public key that begins with whpk_.",
            "by Standard Webhooks with a key pair",
            "The sender's public key, which begins with whpk_. It proves who signed and is no "
            "secret.",
            "https://www.standardwebhooks.com/",
        ),
        "stripe": SchemeWords(
            "Stripe",
            "Payments. Stripe makes the secret itself.",
            "by Stripe",
            "Give Stripe the address. It then shows a signing secret that begins with whsec_.",
            "https://docs.stripe.com/webhooks",
        ),
        "github": SchemeWords(
            "GitHub",
            "What happens in a repository.",
            "by GitHub",
            _OURS,
            "https://docs.github.com/en/webhooks",
        ),
        "shopify": SchemeWords(
            "Shopify",
            "Orders and customers of a shop.",
            "by Shopify",
            "The app's client secret, or the one shown under Settings, Notifications, Webhooks.",
            "https://shopify.dev/docs/apps/build/webhooks",
        ),
        "slack": SchemeWords(
            "Slack",
            "Messages, commands and buttons of an app of yours.",
            "by Slack",
            "The app's signing secret, under Basic Information.",
            "https://docs.slack.dev/apis/events-api/",
            "Enter the address as the Request URL. Slack asks for an echo at once.",
        ),
        "twilio": SchemeWords(
            "Twilio",
            "Text messages and calls.",
            "by Twilio",
            "The account's auth token, on the first page of the console.",
            "https://www.twilio.com/docs/usage/webhooks",
        ),
        "tripleseat": SchemeWords(
            "Tripleseat",
            "Leads and bookings of a venue. Not yet tried against the live service.",
            "by Tripleseat",
            "The signing key of the webhook, under Settings, Tripleseat API.",
            "https://support.tripleseat.com/hc/en-us/articles/40075780832919-API-Webhooks",
        ),
        "xero": SchemeWords(
            "Xero",
            "Invoices and contacts.",
            "by Xero",
            "The webhooks key, shown where you enter the address. Xero then asks a few times "
            "whether we listen; nothing is needed from you.",
            "https://developer.xero.com/documentation/guides/webhooks/overview/",
        ),
        "meta": SchemeWords(
            "Meta",
            "Instagram, Facebook and WhatsApp.",
            "by Meta",
            "The app's secret, under App settings, Basic.",
            "https://developers.facebook.com/docs/graph-api/webhooks",
            "Enter the address as the Callback URL and the words below as the Verify token.",
        ),
        "graph": SchemeWords(
            "Microsoft Graph",
            "Calendars and mail of Microsoft 365.",
            "by words agreed on with Microsoft Graph",
            "We make the words; send them as clientState when you subscribe.",
            "https://learn.microsoft.com/graph/change-notifications-delivery-webhooks",
            "Graph asks for an echo when you subscribe, and when you renew.",
        ),
        "hmac": SchemeWords(
            "Another signature",
            "A header with an HMAC, as their documentation describes it.",
            "in its own way",
            "Theirs if they show you one, otherwise leave it empty and we make one.",
            "https://www.rfc-editor.org/rfc/rfc2104",
        ),
        "basic": SchemeWords(
            "Name and password",
            "Tools that cannot sign. Whoever sees one request can send others.",
            "with a name and a password",
            "Written as name:password. Leave it empty and we make one.",
            "https://www.rfc-editor.org/rfc/rfc7617",
        ),
        "bearer": SchemeWords(
            "A token",
            "Tools that cannot sign, with a token in a header. Whoever sees it can send too.",
            "with a token",
            "Theirs if they show you one, otherwise leave it empty and we make one.",
            "https://www.rfc-editor.org/rfc/rfc6750",
        ),
    }
)
"""In the order in which they are offered."""

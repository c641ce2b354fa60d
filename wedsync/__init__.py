"""WedSync Integration Marketplace: the tools of a wedding business, working together.

The map, from the outside in; a package imports only what stands below it:

| package | subject |
|---|---|
| `cli` | the commands, a module each, and the supervisor of `up` |
| `front` | the ASGI face: answers hooks and live streams itself, hands the rest to Flask |
| `factory` | the Flask app: inbound check, error renderer, headers, navigation |
| `api` | REST resources over the services below |
| `catalog` | the marketplace's pages: for vendors, partners and admins |
| `health` | Today, the books, and whether the platform is alive |
| `workflows` | definitions, versions, runs; `engine/` is pure, `ready_made/` is the gallery |
| `webhooks` | hooks in; endpoints, deliveries and attempts out |
| `weddings` | the canonical wedding records |
| `connections` | an organization's authorised links to connectors: consent, tokens, checks |
| `listings` | what can be connected: versions of manifests, drafts, review |
| `connectors` | integrations of our own, a folder each: manifest and code |
| `notices` | what a person is told once, by page and e-mail |
| `accounts` | people, organizations, sign-ins, API keys |
| `events` | the log of accepted facts |
| `audit` | who did what |
| `platform` | product-free ground: database, vault, outbound door, leases, bells |
| `errors`, `settings` | every refusal; what the environment says |

Beside them `sandbox` plays a partner to practise with, in a process of its own that imports none
of them; `migrations` is the schema's history. Around it stand `workers/` (the drains that do the
work), `templates/`, `static/` and `tests/`.
Read `factory`, then one slice from top to bottom, then `workflows/engine/advance.py`.
"""

"""Secrets of people: passwords, and the links of letters that stand for one."""

from tests.contracts.canary.canaries import MARK
from tests.contracts.canary.story import IMOGEN, LINK, PATIENCE_S, Story
from tests.workers.scene import rows, wait_until
from wedsync.cli.demonstration.visitor import Visitor
from wedsync.cli.installation.logins import DEMO_PASSWORD
from wedsync.platform.mail.outbox import content_place

BETH = "beth@rosewood.example"


def change_passwords(story: Story) -> Visitor:
    """Imogen mistypes her password once, and takes a new one."""
    wrong = story.canaries.add("mistyped password", f"{MARK}-mistyped-password")
    visitor = story.visitor()
    form = visitor.visit("/sign-in")
    refused = visitor.submit(form, "/sign-in", email=IMOGEN, password=wrong)
    assert refused.status == 422, refused.text
    new = story.canaries.add("new password", f"{MARK} new password of Imogen")
    visitor = story.signed_in(IMOGEN)
    page = visitor.visit("/settings/security")
    for current, chosen in ((wrong, new), (DEMO_PASSWORD, "short7"), (DEMO_PASSWORD, new)):
        answer = visitor.submit(page, "/settings/security/password", current=current, new=chosen)
    assert answer.status == 200, answer.text
    return story.signed_in(IMOGEN, new)


def write_to_people(story: Story, imogen: Visitor) -> None:
    """An invitation, a new password for who forgot it, a confirmation; one letter is stuck."""
    canaries = story.canaries
    page = imogen.visit("/settings")
    imogen.submit(page, "/settings/invitations", email="rosa@rosewood.example", role="viewer")
    path, token = story.letter_link("rosa@rosewood.example")
    canaries.add("invitation", token, path, "/settings/invitations")
    story.visitor().visit(path)

    path, token = _forgotten(story, BETH)
    canaries.add("reset of a password", token, path)
    beth = story.visitor()
    password = canaries.add("password after a reset", f"{MARK} reset password of Beth")
    answer = beth.submit(beth.visit(path), path, new=password)
    assert answer.status == 200, answer.text

    newcomer = story.visitor()
    password = canaries.add("password of a newcomer", f"{MARK} password of a newcomer")
    page = newcomer.submit(
        newcomer.visit("/sign-up"),
        "/sign-up",
        name="Rowan",
        business="Rowan & Daughters",
        kind="vendor",
        email="rowan@example.com",
        password=password,
    )
    assert page.status == 200, page.text
    path, token = story.letter_link("rowan@example.com")
    canaries.add("confirmation of an address", token, path)
    newcomer.visit(path)

    story.our_mail.refuses["RCPT"] = f"451 Later, {story.our_mail.password}"
    visitor = story.visitor()
    visitor.submit(visitor.visit("/forgotten"), "/forgotten", email="carys@rosewood.example")
    stuck = "mail_messages WHERE to_address = 'carys@rosewood.example' AND attempts > 0"
    wait_until(lambda: story.count(stuck) > 0, PATIENCE_S)
    _open_the_stuck_letter(story)


def _forgotten(story: Story, email: str) -> tuple[str, str]:
    before = sum(email in letter.recipients for letter in story.our_mail.letters)
    visitor = story.visitor()
    visitor.submit(visitor.visit("/forgotten"), "/forgotten", email=email)
    return story.letter_link(email, before + 1)


def _open_the_stuck_letter(story: Story) -> None:
    query = "SELECT * FROM mail_messages WHERE to_address = 'carys@rosewood.example'"
    (row,) = rows(story.app, query)
    vault = story.app.extensions["wedsync"].vault
    content = vault.open_for_platform(content_place(row.id), row.content).decode()
    found = LINK.search(content.encode().decode("unicode_escape"))
    assert found is not None
    story.canaries.add("reset in a letter that is stuck", found[2])

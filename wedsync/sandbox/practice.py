"""The whole of the practice partner, and how a request reaches it."""

from dataclasses import dataclass

from flask import current_app

from wedsync.sandbox import world
from wedsync.sandbox.desk import Desk
from wedsync.sandbox.faults import Seen, Switches
from wedsync.sandbox.guests import GuestList
from wedsync.sandbox.hooks import Sender, Subscriptions
from wedsync.sandbox.mail import Inbox
from wedsync.sandbox.oauth.grants import Clients, Grants
from wedsync.sandbox.oauth.server import PracticeServer
from wedsync.sandbox.settings import Settings
from wedsync.sandbox.store import Store


@dataclass(frozen=True, slots=True)
class Practice:
    settings: Settings
    store: Store
    switches: Switches
    seen: Seen
    clients: Clients
    grants: Grants
    subscriptions: Subscriptions
    sender: Sender
    guests: GuestList
    desk: Desk
    oauth: PracticeServer
    inbox: Inbox

    def forget_faults(self) -> None:
        """Faults off, counters at zero."""
        self.switches.off()
        self.seen.forget()
        self.sender.forget()
        self.grants.zero_counters()
        self.store.write("DELETE FROM keys")

    def begin_again(self) -> None:
        """As on the first day; clients stay."""
        self.forget_faults()
        self.inbox.empty()
        with self.store.transaction():
            self.store.empty()
            world.begin(self.store)


def assembled(settings: Settings) -> Practice:
    store = Store(settings.home)
    world.begin(store)
    switches = Switches()
    clients, grants = Clients(settings.clients), Grants(store)
    subscriptions, sender = Subscriptions(store), Sender(store, switches)
    guests = GuestList(store, sender, switches.today)
    return Practice(
        settings=settings,
        store=store,
        switches=switches,
        seen=Seen(),
        clients=clients,
        grants=grants,
        subscriptions=subscriptions,
        sender=sender,
        guests=guests,
        desk=Desk(store, guests, sender, switches.today),
        oauth=PracticeServer(clients, grants, subscriptions, switches, settings.url),
        inbox=Inbox(),
    )


def practice() -> Practice:
    """The one of the app that answers this request."""
    found: Practice = current_app.extensions["practice"]
    return found

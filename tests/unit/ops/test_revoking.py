"""A link that a manager took back stays taken back, whatever happens by itself."""

from datetime import timedelta

import pytest

from lambdas.domain.errors import GoneError
from lambdas.domain.models.mail import Mail
from lambdas.services.open_requests import Place, Reassignment, reassign, remind, revoke
from tests.fakes import MemoryMailer
from tests.support import samples
from tests.support.asked import REVIEWERS, Asked
from tests.support.faults import replaced
from tests.support.world import World

ADA, GRACE, JOAN = REVIEWERS
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def asked(world: World) -> Asked:
    return Asked(world, reviewers=list(REVIEWERS), quorum="all", onTimeout="extend", timeoutHours=48)


def place(asked: Asked) -> Place:
    return Place(samples.KEY, asked.approval.callback_id)


def taken_back(asked: Asked, email: str | None = ADA) -> None:
    revoke(place(asked), email, asked.world.approvals, asked.world.clock.now())


def mails_to(asked: Asked, email: str = ADA) -> int:
    return sum(mail.to == email for mail in asked.world.mailer.sent)


def hours(asked: Asked, number: int) -> None:
    for _ in range(number):
        asked.world.clock.advance(HOUR)
        asked.tend()
        assert asked.failed == []


def test_neither_a_reminder_nor_more_time_brings_a_new_link(asked: Asked) -> None:
    taken_back(asked)
    hours(asked, 90)  # two reminders, and the time once more
    assert asked.approval.extended
    assert (mails_to(asked), mails_to(asked, GRACE)) == (1, 4)
    ada = asked.approval.reviewers[0]
    assert (ada.revoked, ada.nonce_hash, ada.earlier_hashes) == (True, "", ())


def test_a_reminder_to_all_leaves_out_whose_links_were_taken_back(asked: Asked) -> None:
    taken_back(asked)
    remind(place(asked), None, asked.world.approvals, asked.world.clock.now())
    hours(asked, 1)
    assert (mails_to(asked), mails_to(asked, GRACE)) == (1, 2)
    for email in (GRACE, JOAN):
        taken_back(asked, email)
    remind(place(asked), None, asked.world.approvals, asked.world.clock.now())
    hours(asked, 1)
    assert (mails_to(asked), mails_to(asked, GRACE)) == (2, 3)  # who else could be meant


def test_a_manager_who_names_them_lets_them_in_again(asked: Asked) -> None:
    taken_back(asked)
    remind(place(asked), ADA, asked.world.approvals, asked.world.clock.now())
    hours(asked, 1)
    assert mails_to(asked) == 2
    assert asked.open(asked.links()[ADA]).reviewer.email == ADA


def test_somebody_else_in_their_place_is_asked(asked: Asked) -> None:
    taken_back(asked)
    change = Reassignment.from_wire({"from": ADA, "to": "new@example.com"})
    reassign(place(asked), change, asked.world.approvals, asked.world.clock.now())
    hours(asked, 1)
    assert (mails_to(asked), mails_to(asked, "new@example.com")) == (1, 1)


def test_taken_back_within_the_minute_of_a_reminder_it_holds(asked: Asked) -> None:
    """The reminder is wished for, and taken back before the sweep comes by."""
    invited = asked.approval.reviewers[0].invited_at
    assert invited is not None
    remind(place(asked), ADA, asked.world.approvals, asked.world.clock.now())
    taken_back(asked)
    asked.world.clock.advance(MINUTE)
    asked.tend()
    assert mails_to(asked) == 1
    assert asked.approval.reviewers[0].invited_at == invited


def test_taken_back_while_the_mail_is_on_its_way_the_link_in_it_is_dead(asked: Asked) -> None:
    class Slow(MemoryMailer):
        def send(self, mail: Mail) -> None:
            if mail.to == ADA:
                taken_back(asked)
            asked.world.mailer.sent.append(mail)

    remind(place(asked), ADA, asked.world.approvals, asked.world.clock.now())
    asked.tend(replaced(asked.world, mailer=Slow()))
    assert mails_to(asked) == 2
    with pytest.raises(GoneError, match="taken back"):
        asked.open(asked.links()[ADA])
    hours(asked, 60)
    assert mails_to(asked) == 2

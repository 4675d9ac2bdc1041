# SPDX-License-Identifier: Apache-2.0
"""What is left of an erased journal replays to the same states and says nothing that anybody said."""

from datetime import date

from engine.core import messages as m
from engine.core.erasure import left_of
from engine.core.evolve import evolve
from engine.core.lifecycle import Way
from tests.unit.facts_samples import CASE_ID, Story, document, plain, plain_open

SECRET = "見本花子"


def told() -> Story:
    """Return a case in which everybody said what nobody else should read."""
    words = {"ja": SECRET, "en": SECRET}
    story = Story(plain_open(plain("a.one", Way.ONLINE), plain("b.two", Way.ONLINE))).confirm()
    story.reply("a.one", m.Asked, question="q", text=words, schema={"const": SECRET})
    story.say(m.Answer(CASE_ID, story.at("a.one").id, "q", SECRET))
    story.reply("a.one", m.Received, "answer/1/1", receipt=SECRET)
    story.reply("a.one", m.Accepted, "answer/1/1", receipt=SECRET, documents=(document(SECRET),))
    story.reply("a.one", m.Completed, "answer/1/1", receipt=SECRET, effective_on=date(2026, 12, 1))
    story.correct("a.one")
    story.reply("a.one", m.Amended, receipt=SECRET)
    story.reply("b.two", m.Refused, code="no", reason=words, pointer=f"/{SECRET}", correctable=False)
    return story


def test_what_is_left_replays_to_the_same_case() -> None:
    story = told()

    case = None
    for at, event in story.history:
        case = evolve(case, m.event_from_json(m.event_json(left_of(event))), at)

    assert case is not None
    assert (case.state, case.filings) == (story.it.state, story.it.filings)


def test_nothing_that_was_said_is_left() -> None:
    story = told()
    whole = b"".join(m.event_json(event) for _, event in story.history)
    left = b"".join(m.event_json(left_of(event)) for _, event in story.history)

    assert SECRET.encode() in whole
    assert SECRET.encode() not in left
    assert b'"key_wrapped":"k"' not in left

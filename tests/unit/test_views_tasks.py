# SPDX-License-Identifier: Apache-2.0
"""What Todoke cannot bring further is a task, and says whose it is."""

from engine.core import messages as m
from engine.core.plan import Contents
from engine.core.views import FilingView, case_view
from tests.unit.facts_samples import CASE_ID, ELECTRICITY, MOVING, OUT, Story, moving_open, plan


def shown(story: Story, slug: str) -> FilingView:
    view = case_view(story.it, Contents(facts={}, plan=plan()), MOVING.rules, [])
    return next(filing for filing in view.filings if filing.slug == slug)


def test_what_cannot_be_undone_is_a_task_of_the_citizens() -> None:
    story = Story(moving_open()).confirm()
    story.reply(OUT, m.Completed, receipt="R-1")
    story.say(m.Cancel(CASE_ID))
    story.reply(OUT, m.Irrevocable, receipt="R-2")
    story.reply(ELECTRICITY, m.Withdrawn, receipt="R-3")

    task = shown(story, OUT).task

    assert task is not None
    assert task.owner == "citizen"
    assert "直接" in task.text.ja
    assert shown(story, ELECTRICITY).task is None

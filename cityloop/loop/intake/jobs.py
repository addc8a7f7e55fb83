"""What intake does in the background."""

from procrastinate.contrib.django import app

from cityloop.core import clock
from cityloop.loop.intake.replies.actions import answer


@app.task(name="intake.answer", queue="default")
def answer_reporters(case_id: int, entry: int) -> None:
    """After a case ended: note that everybody who reported it can read the answer. Running twice changes nothing."""
    answer(case_id, at=clock.now())

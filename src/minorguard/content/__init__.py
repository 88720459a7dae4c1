"""What is shown and written: review before publication, prompts, a first look at texts.

Beside these names: ``content.review_async`` (the queue for programs that await),
``content.classifier`` (``FirstLine``, extra ``text``), ``content.page`` (``lint_page``,
extra ``pages``).
"""

from minorguard.content.labels import Prompt, Transmission, prompt, transmission
from minorguard.content.lesson import LessonFault, check_lesson, check_timetable
from minorguard.content.review import (
    Own,
    OwnPage,
    Published,
    PublishedPage,
    ReviewConflict,
    ReviewItem,
    ReviewPage,
    ReviewQueue,
)
from minorguard.content.review_async import AsyncReviewQueue

__all__ = [
    "AsyncReviewQueue",
    "LessonFault",
    "Own",
    "OwnPage",
    "Prompt",
    "Published",
    "PublishedPage",
    "ReviewConflict",
    "ReviewItem",
    "ReviewPage",
    "ReviewQueue",
    "Transmission",
    "check_lesson",
    "check_timetable",
    "prompt",
    "transmission",
]

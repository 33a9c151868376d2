"""The offline tutor: a `ChatModel` with no model in it, for when there is no key and no weights."""

from adapters.offline.tutor import OfflineTutor
from adapters.offline.voice import MARK

__all__ = ["MARK", "OfflineTutor"]

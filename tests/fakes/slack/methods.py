"""The arguments that each method of the web API takes: anything else fails the call.

Source: the method pages of https://docs.slack.dev/reference/methods, and the signatures of
`slack_sdk.web.async_client` (3.48).
"""

from __future__ import annotations

from typing import Final

_MESSAGE = (
    "channel text blocks metadata thread_ts unfurl_links unfurl_media reply_broadcast "
    "markdown_text client_msg_id link_names parse mrkdwn icon_emoji icon_url username"
)

ARGUMENTS: Final[dict[str, frozenset[str]]] = {
    name: frozenset(arguments.split())
    for name, arguments in {
        "auth.test": "",
        "apps.connections.open": "",
        "chat.postMessage": _MESSAGE,
        "chat.postEphemeral": "channel user text blocks thread_ts markdown_text",
        "chat.update": "channel ts text blocks metadata markdown_text link_names parse",
        "chat.delete": "channel ts",
        "chat.startStream": (
            "channel thread_ts markdown_text recipient_team_id recipient_user_id chunks "
            "task_display_mode icon_emoji icon_url username"
        ),
        "chat.appendStream": "channel ts markdown_text chunks",
        "chat.stopStream": "channel ts markdown_text blocks metadata chunks session_status",
        "conversations.replies": (
            "channel ts cursor inclusive latest oldest limit include_all_metadata"
        ),
        "conversations.history": (
            "channel cursor inclusive latest oldest limit include_all_metadata"
        ),
        "users.conversations": "types exclude_archived limit cursor user",
        "bots.info": "bot",
        "conversations.info": "channel include_locale include_num_members",
        "reactions.add": "channel name timestamp",
        "reactions.remove": "channel name timestamp",
        "users.info": "user include_locale",
        "files.info": "file count cursor limit page",
        "files.getUploadURLExternal": "filename length alt_txt snippet_type",
        "files.completeUploadExternal": "files channel_id initial_comment thread_ts blocks",
        "agents.sessions.setStatus": (
            "channel_id status thread_ts title initiator_user_id icon_emoji icon_url username"
        ),
        "assistant.threads.setStatus": "channel_id thread_ts status loading_messages",
        "assistant.threads.setSuggestedPrompts": "channel_id prompts thread_ts title",
        "conversations.open": "users channel return_im prevent_creation",
        "views.publish": "user_id view hash",
        "views.open": "trigger_id interactivity_pointer view",
    }.items()
}

NEEDED: Final[dict[str, frozenset[str]]] = {
    "chat.postMessage": frozenset({"channel"}),
    "chat.update": frozenset({"channel", "ts"}),
    "chat.startStream": frozenset({"channel", "thread_ts"}),
    "chat.appendStream": frozenset({"channel", "ts"}),
    "chat.stopStream": frozenset({"channel", "ts"}),
    "conversations.replies": frozenset({"channel", "ts"}),
    "files.getUploadURLExternal": frozenset({"filename", "length"}),
    "files.completeUploadExternal": frozenset({"files"}),
    "agents.sessions.setStatus": frozenset({"channel_id", "status"}),
    "assistant.threads.setSuggestedPrompts": frozenset({"channel_id", "prompts"}),
    "views.publish": frozenset({"user_id", "view"}),
    "views.open": frozenset({"trigger_id", "view"}),
    "chat.postEphemeral": frozenset({"channel", "user"}),
    "assistant.threads.setStatus": frozenset({"channel_id", "thread_ts", "status"}),
}

OWN_STATUSES: Final = frozenset({"processing", "active", "suspended", "closed"})
"""Of an agent session."""

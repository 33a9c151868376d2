"""Every setting: name, unit, default, and why that default. The only reader of the environment.

Values come from the environment, then from `.env` beside pyproject.toml. A wrong one ends with its
name and what to do, never with a traceback.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import ConfigurationError

ROOT = Path(__file__).resolve().parent.parent
"""The checkout: where pyproject.toml, `.env`, `config/` and by default `data/` lie."""


_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL", re.IGNORECASE)


class Settings(BaseSettings):
    """One process's settings, read once at start."""

    model_config = SettingsConfigDict(
        env_file=ROOT / ".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        use_attribute_docstrings=True,
        populate_by_name=True,
    )

    # ---- the model
    openai_api_key: SecretStr | None = None
    """Key of the model endpoint. Set alone: OpenAI's own endpoint, by the Responses API."""
    openai_base_url: str | None = None
    """URL of a model endpoint (Ollama `http://127.0.0.1:11434/v1`, vLLM, llama.cpp, OpenRouter)."""
    bobbin_model: str | None = None
    """Model of assistants that name none, and of names that are retired."""
    bobbin_model_api: Literal["responses", "chat", "local", "offline"] | None = None
    """How the model is spoken to. Default: `responses` for OpenAI, `chat` for another base URL,
    `local` where weights were pulled, else `offline`."""
    bobbin_model_slots: int | None = Field(default=None, ge=1, le=10_000)
    """Model calls at a time. Default: 64 for an endpoint and offline, 1 for local weights, which
    share this machine's cores."""
    bobbin_tool_mode: Literal["native", "json"] | None = None
    """How tools are offered to the model. Default: per model, from models.toml; `json` is for
    small models that do not call tools by themselves."""
    bobbin_context_window: int | None = Field(default=None, ge=1024)
    """Tokens that the model can take in. Default: per model, from models.toml."""
    bobbin_outage_s: float = Field(default=120.0, ge=0)
    """Seconds that a message outlasts a model that does not answer before it is refused."""

    # ---- file search
    bobbin_embeddings_url: str | None = None
    """URL of an endpoint with `/embeddings`, which then gets the texts of files and what is
    searched for. Default: pulled embedding weights, else search by words alone. A model's
    endpoint is never asked just because there is a key for it."""
    bobbin_embeddings_model: str | None = None
    """Model that BOBBIN_EMBEDDINGS_URL is asked for; needed with it."""
    bobbin_embeddings_key: SecretStr | None = None
    """Key of BOBBIN_EMBEDDINGS_URL, if it needs one."""

    # ---- a remote Assistants service instead of the engine
    assistants_base_url: str | None = None
    """URL of an Assistants-compatible service (another Bobbin, `https://api.example.org/v1`). Set:
    conversations are answered there; this process executes no Runs and serves no API."""
    assistants_api_key: SecretStr | None = None
    """Key of that service."""

    # ---- state
    redis_url: SecretStr | None = None
    """A Redis or Valkey server >= 6.2 (`redis://`, `rediss://`, `unix://`). Default: Bobbin
    starts its own."""
    redis_cluster: bool | None = None
    """Whether REDIS_URL is a cluster. Default: asked of the server."""
    bobbin_partitions: int | None = Field(default=None, ge=1, le=1024)
    """Hash tags over which conversations are spread; fixed by the first start. Default: 1, and
    16 for a cluster."""
    bobbin_blobs_url: str | None = None
    """A bucket for the bytes of files that several machines share (`s3://bucket/prefix`, `gs://`,
    `az://`). Default: a folder in BOBBIN_DATA_DIR."""
    bobbin_data_dir: Path = ROOT / "data"
    """Folder of the embedded server, files and pulled weights; must be on a local disk."""

    # ---- serving
    bobbin_host: str = "127.0.0.1"
    """Address to listen on. Without BOBBIN_API_KEYS only loopback is answered."""
    bobbin_port: int = Field(default=8765, ge=0, le=65535)
    """Port of the API."""
    port: int | None = Field(default=None, ge=0, le=65535)
    """The port that a Procfile platform hands out; `bobbin api` listens there, on all addresses."""
    bobbin_health_port: int | None = Field(default=None, ge=0, le=65535)
    """Port of `/healthz` and `/readyz` in roles that serve nothing else. None: PORT, or nowhere."""
    bobbin_api_keys: SecretStr | None = None
    """Keys that the Assistants API accepts, separated by commas. None: loopback only."""
    bobbin_api_tenants: Literal["shared", "keys"] = "shared"
    """Whether all keys see the same objects, or each key has its own and sees no others."""
    bobbin_file_mb: int = Field(default=512, ge=1, le=100_000)
    """Megabytes (1,048,576 bytes) of a file that is uploaded at most, as the original API had it.
    An upload lies in the folder for temporary files until it is stored."""
    bobbin_run_ttl_s: int = Field(default=600, ge=10, le=86_400)
    """Seconds from a Run's creation to its expiry, as the original API had it."""
    bobbin_run_tokens: int = Field(default=400_000, ge=1_000)
    """Tokens that one Run may use, prompts and answers of all its model calls. The default is a net
    under a model that loops: a dozen full prompts."""
    bobbin_run_rounds: int = Field(default=24, ge=1, le=10_000)
    """Rounds of tool calls that one Run may take. Default: more than any honest question needed."""
    bobbin_run_seconds: float = Field(default=540.0, gt=0, le=86_400)
    """Seconds that a Run may be worked on; waiting for tool outputs does not count. Default: a
    minute less than a Run lives, so that it ends with a reason."""
    bobbin_history_tokens: int = Field(default=32_000, ge=1_000)
    """Tokens of a Thread that go into a prompt where the Run names no limit of its own, so that
    answers in a long Thread do not become ever dearer. Never more than the model's window."""

    # ---- Slack
    slack_bot_token: SecretStr | None = None
    """`xoxb-…`: the bot's token, from the app's page, OAuth & Permissions."""
    slack_app_token: SecretStr | None = None
    """`xapp-…`: for Socket Mode, from the app's page, Basic Information."""
    slack_signing_secret: SecretStr | None = None
    """For events by HTTP instead, from the app's page, Basic Information."""
    slack_api_url: str = "https://slack.com/api/"
    """Where Slack's web API is; another one is for tests."""
    bobbin_slack_sockets: int = Field(default=2, ge=1, le=10)
    """Sockets at a time in Socket Mode: with two, one is open while Slack replaces the other."""
    bobbin_slack_stream: bool = True
    """Whether answers grow while they are written, as far as the app may."""
    bobbin_slack_strangers: bool = False
    """Whether people of other organisations are answered in channels of Slack Connect."""
    bobbin_slack_direct: Literal["lesson", "threads"] = "lesson"
    """Whether a person's direct messages are one lesson that goes on, or each thread of them is a
    conversation of its own."""

    # ---- Discord
    discord_token: SecretStr | None = None
    """The bot's token, from the app's page, Bot."""
    discord_public_key: str | None = None
    """For interactions by HTTP instead of over the gateway, from the app's page, General
    Information."""
    discord_api_url: str = "https://discord.com/api/v10"
    """Where Discord's REST API is; another one is for tests."""
    discord_gateway_url: str = "wss://gateway.discord.gg/"
    """Where Discord's gateway is; another one is for tests. Where DISCORD_API_URL alone is another
    one, it is asked for its gateway."""
    bobbin_discord_mode: Literal["thread", "reply", "channel", "user"] = "thread"
    """Where a question in a channel is answered: in a Discord thread of its own, by a reply, or in
    one conversation for the channel, or for each person there."""
    bobbin_discord_open: str = ""
    """Ids of channels and forums, separated by commas, in which nobody has to mention Bobbin to
    begin: every message there is a question, and every new post of a forum."""
    bobbin_discord_bots: str = ""
    """Ids of other bots and webhooks, separated by commas, that may ask Bobbin by a mention; in a
    server its moderators set others (`/settings`)."""
    bobbin_discord_stream: bool = True
    """Whether answers grow while they are written."""
    bobbin_discord_shard: int = Field(default=0, ge=0)
    """Which share of the guilds this process hears; direct messages come to the first one."""
    bobbin_discord_shards: int = Field(default=1, ge=1, le=10_000)
    """Into how many shares the guilds are divided; a share has at most 2,500."""

    # ---- conversations
    bobbin_config_dir: Path = ROOT / "config"
    """Folder with the operator's own files: `assistants/*.toml` and `functions/*.py`."""
    bobbin_assistant: str = "math-tutor"
    """File in config/assistants/ (without .toml) that answers where nothing else is chosen."""
    bobbin_follow: Literal["alone", "always", "never"] = "alone"
    """When Bobbin answers without a mention in a thread where it takes part: while one person
    writes there, always, or never."""
    bobbin_introduce: bool = True
    """Whether the first answer in a channel is followed by what is read there and where it goes."""
    bobbin_busy: Literal["collect", "interrupt"] = "collect"
    """What a message does while an answer is being written: wait for it, or stop it."""
    bobbin_admins: str = ""
    """Who may stop, regenerate and approve everywhere, separated by commas: `slack:U1`,
    `discord:123`, `terminal:ann`."""
    bobbin_approval_s: float = Field(default=3600.0, ge=1)
    """Seconds that a function waits for a person's approval at most; a Run's expiry
    (BOBBIN_RUN_TTL_S) ends it sooner."""
    bobbin_lease_s: float = Field(default=10.0, ge=1.0, le=300.0)
    """Seconds after which a silent worker's turns go to another one."""
    bobbin_home_s: float = Field(default=0.3, ge=0.0, le=60.0)
    """Seconds that a Run waits for the process that has its Thread's code session, if that one is
    silent. 0: any process takes it, and variables last as long as the same one is met."""
    bobbin_turns: int = Field(default=200, ge=1, le=10_000)
    """Turns in work at a time in one process: what bounds its memory."""

    # ---- operation
    bobbin_log: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "WARNING"
    """Log level; message text appears at DEBUG only."""

    path: str = os.defpath
    """PATH: where a `valkey-server` or `redis-server` is looked for if the wheel has none."""

    @field_validator("bobbin_data_dir", "bobbin_config_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @field_validator("openai_base_url", "bobbin_embeddings_url", "assistants_base_url")
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://, e.g. http://127.0.0.1:11434/v1")
        return value

    @field_validator("bobbin_api_tenants")
    @classmethod
    def _with_keys(cls, value: str, info: ValidationInfo) -> str:
        if value == "keys" and not info.data.get("bobbin_api_keys"):
            raise ValueError("`keys` keeps the objects of keys apart: set BOBBIN_API_KEYS as well")
        return value

    @field_validator("bobbin_admins")
    @classmethod
    def _people(cls, value: str) -> str:
        for one in value.split(","):
            if one.strip() and not all(one.strip().partition(":")):
                raise ValueError(f"{one.strip()!r} must name a platform and a person: slack:U1")
        return value

    @field_validator("bobbin_discord_open", "bobbin_discord_bots")
    @classmethod
    def _snowflakes(cls, value: str) -> str:
        for one in value.split(","):
            if one.strip() and not one.strip().isdecimal():
                raise ValueError(
                    f"{one.strip()!r} is no id: switch on Developer Mode in Discord, and use Copy "
                    "Channel ID (of a bot: Copy User ID)"
                )
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(
            ("redis://", "rediss://", "unix://")
        ):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value

    @property
    def place(self) -> tuple[str, int]:
        """Host and port to listen on. PORT means that a platform routes to us, on any address."""
        if self.port is not None:
            return "0.0.0.0", self.port  # noqa: S104
        return self.bobbin_host, self.bobbin_port

    @property
    def health_place(self) -> tuple[str, int] | None:
        """Host and port for `/healthz` and `/readyz` of roles that serve nothing else."""
        if self.bobbin_health_port is not None:
            return self.bobbin_host, self.bobbin_health_port
        return self.place if self.port is not None else None

    @property
    def api_keys(self) -> tuple[str, ...]:
        """The keys of BOBBIN_API_KEYS."""
        if self.bobbin_api_keys is None:
            return ()
        keys = self.bobbin_api_keys.get_secret_value().split(",")
        return tuple(key.strip() for key in keys if key.strip())

    @property
    def admins(self) -> frozenset[str]:
        """The people of BOBBIN_ADMINS."""
        return frozenset(one.strip() for one in self.bobbin_admins.split(",") if one.strip())

    @property
    def discord_open(self) -> frozenset[str]:
        """The channels of BOBBIN_DISCORD_OPEN."""
        return frozenset(one.strip() for one in self.bobbin_discord_open.split(",") if one.strip())

    @property
    def discord_bots(self) -> frozenset[str]:
        """The programs of BOBBIN_DISCORD_BOTS."""
        return frozenset(one.strip() for one in self.bobbin_discord_bots.split(",") if one.strip())

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that nothing shown to people or models may contain: what is set as a secret here,
        and variables of the environment that are called like one."""
        set_here = (getattr(self, name) for name in type(self).model_fields)
        found = [value.get_secret_value() for value in set_here if isinstance(value, SecretStr)]
        found += [value for name, value in os.environ.items() if _SECRET_NAME.search(name)]
        return (*found, *self.api_keys)

    def origin(self, name: str) -> str:
        """Where a setting's value comes from, in words: `environment`, `.env` or `default`."""
        if os.environ.get(name.upper()):
            return "environment"
        return ".env" if name in self.model_fields_set else "default"


def load_settings() -> Settings:
    """The settings of this process.

    Raises:
        ConfigurationError: a value is wrong; the text names the variable and what is expected.
    """
    try:
        return Settings()
    except ValidationError as error:
        lines: list[str] = []
        for problem in error.errors():
            name = str(problem["loc"][0]).upper() if problem["loc"] else "a setting"
            reason = problem["msg"].removeprefix("Value error, ")
            lines.append(f"{name}: {reason} (see .env.example)")
        raise ConfigurationError("\n".join(lines)) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{ROOT / '.env'} is not UTF-8 text: {error}") from error

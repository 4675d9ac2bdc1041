# SPDX-License-Identifier: Apache-2.0
"""What the operator decides, read from the environment: one variable each, checked before anything starts."""

import re
from collections.abc import Mapping
from enum import Enum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Final, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from engine.core.deadline_rules import Severity
from engine.core.errors import Code, EngineError, register
from engine.core.reminders import DAYS_BEFORE, Days
from engine.keystore.address import SCHEME, TokenAddress
from engine.local.state import state_path

register({"invalid-settings": Code(500, "設定に誤りがあります", "The settings have errors")})

PREFIX: Final = "TODOKE_"
_REMINDER: Final = r"(convenience|fine|money-lost|right-lost)=[0-9]{1,3}(,[0-9]{1,3}){0,5}"
# Read by the start script and the tests before there are settings.
_ALSO_KNOWN: Final = {"TODOKE_TEST_SERVICES"}
_LISTEN: Final = re.compile(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):(\d{1,5})")
_APPLICATION_ID: Final = re.compile(r"[A-Za-z0-9]{13}")
_OPEN_TO_OTHERS: Final = 0o027  # as for the operator's keys
_SCHEMES: Final = {
    "database_url": ("postgresql", "postgres"),
    "amqp_url": ("amqp", "amqps"),
    "amqp_admin_url": ("http", "https"),
}


class Profile(Enum):
    """What the installation is for. Only production is for real people; only there test means are refused."""

    DEMO = "demo"
    TEST = "test"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """All settings. Production is the default: whoever wants a rehearsal says so."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True, env_ignore_empty=True
    )

    state: Path = Field(default_factory=state_path)
    database_url: SecretStr | None = None
    amqp_url: SecretStr | None = None
    amqp_admin_url: SecretStr | None = None
    amqp_ca: Path | None = None
    amqp_cert: Path | None = None
    amqp_key: Path | None = None
    bus: Literal["embedded", "rabbitmq"] = "embedded"
    listen: str = "127.0.0.1:8080"
    public_url: str | None = None
    profile: Profile = Profile.PRODUCTION
    clock: Literal["system", "simulated"] = "system"
    keys: str | None = None  # a directory, or a PKCS#11 URI
    wrapped_keys: Path | None = None  # with a token: where what it has wrapped lies
    trust: Path | None = None
    documents: str | None = None
    webhook_networks: str | None = None
    # Requests a second from one address in the long run, four times as many at once.
    requests_per_address: int = Field(default=50, ge=1, le=100_000)
    trusted_proxies: str | None = None  # networks whose X-Forwarded-For is believed, besides the loopback
    pg: Literal["wheel", "system"] = "wheel"
    heartbeat: Path | None = None  # a file that a role without a web address touches while it works
    pg_bin: Path | None = None
    run_as: str | None = None
    log: Literal["debug", "info", "warning", "error"] = "info"
    sandbox: bool = False  # whoever was approved takes part: for rehearsing, with no real case in it
    certifiers: Path | None = None  # a JWK Set: the keys of sandboxes whose reports count, besides our own
    corporate_numbers: str | None = None  # "extract", or the address of the agency's Web-API with its version
    corporate_numbers_id: Path | None = None  # a file with the application id
    # How long a case is kept after its end, and how long one that nobody confirmed lasts and is kept.
    kept_days: int = Field(default=365, ge=1, le=36_500)
    draft_days: int = Field(default=30, ge=1, le=365)
    feed_days: int = Field(default=21, ge=1, le=365)  # how long acknowledged orders can be offered again
    # Minutes for which a proof with the card counts as one of now, before what cannot be taken back.
    proof_minutes: int = Field(default=10, ge=1, le=60)
    # Days before a last day on which the citizen is reminded, by what is lost: "fine=7,1 money-lost=14".
    reminders: str = Field(default="", pattern=rf"^({_REMINDER}( {_REMINDER})*)?$")

    @classmethod
    def load(cls, **decided: object) -> Self:
        """Return the settings; what a command has decided goes before the environment.

        Raises:
            EngineError: `invalid-settings`, naming every wrong variable and no value.
        """
        try:
            return cls(**decided)  # type: ignore[arg-type] # pydantic checks each one
        except ValidationError as error:
            reasons = "; ".join(
                _reason(item["loc"], item["msg"]) for item in error.errors(include_input=False)
            )
            raise EngineError("invalid-settings", reason=reasons) from error

    @field_validator(
        *("state", "trust", "amqp_ca", "amqp_cert", "amqp_key", "heartbeat", "pg_bin", "wrapped_keys"),
        *("corporate_numbers_id", "certifiers"),
    )
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value.expanduser().absolute() if value else None

    @field_validator("database_url", "amqp_url", "amqp_admin_url")
    @classmethod
    def _scheme(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is not None:
            _check_url(value.get_secret_value(), _SCHEMES[str(info.field_name)])
        return value

    @field_validator("keys")
    @classmethod
    def _token(cls, value: str | None) -> str | None:
        if value is not None and value.startswith(SCHEME):
            TokenAddress.parse(value)
        return value

    @field_validator("listen")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        match = _LISTEN.fullmatch(value)
        if match is None or int(match[2]) > 65535:
            raise ValueError("should be HOST:PORT, like 127.0.0.1:8080 or [::1]:8080")
        return value

    @field_validator("public_url")
    @classmethod
    def _public(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = _check_url(value, ("http", "https"))
        if parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username:
            raise ValueError("should be an origin, like https://todoke.example")
        return value.rstrip("/")

    @field_validator("corporate_numbers")
    @classmethod
    def _source(cls, value: str | None) -> str | None:
        if value is not None and value != "extract":
            _check_url(value, ("https", "http"))
        return value

    @field_validator("webhook_networks", "trusted_proxies")
    @classmethod
    def _networks(cls, value: str | None) -> str | None:
        for one in _listed(value):
            ip_network(one)  # says itself what is wrong with it
        return value

    @field_validator("trust", "certifiers", "corporate_numbers_id", "amqp_ca", "amqp_cert", "amqp_key")
    @classmethod
    def _there(cls, value: Path | None) -> Path | None:
        if value is not None and not value.exists():
            raise ValueError("there is no such file or directory")
        return value

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.bus == "rabbitmq" and (self.amqp_url is None or self.database_url is None):
            raise ValueError("TODOKE_BUS=rabbitmq needs TODOKE_AMQP_URL and TODOKE_DATABASE_URL")
        asks_the_agency = self.corporate_numbers not in {None, "extract"}
        if asks_the_agency != (self.corporate_numbers_id is not None):
            raise ValueError("TODOKE_CORPORATE_NUMBERS_ID goes with the address in TODOKE_CORPORATE_NUMBERS")
        if self.profile is Profile.PRODUCTION:
            if self.sandbox:
                raise ValueError("TODOKE_SANDBOX is refused with TODOKE_PROFILE=production")
            if self.corporate_numbers == "extract":
                raise ValueError("TODOKE_CORPORATE_NUMBERS=extract is refused with TODOKE_PROFILE=production")
            if asks_the_agency and not str(self.corporate_numbers).startswith("https:"):
                raise ValueError("TODOKE_CORPORATE_NUMBERS has to be https with TODOKE_PROFILE=production")
            if self.clock == "simulated":
                raise ValueError("TODOKE_CLOCK=simulated is refused with TODOKE_PROFILE=production")
            if self.public_url is not None and not self.public_url.startswith("https:"):
                raise ValueError("TODOKE_PUBLIC_URL has to be https with TODOKE_PROFILE=production")
        return self

    @property
    def host(self) -> str:
        """The address to listen on, without brackets."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port to listen on."""
        return int(self.listen.rpartition(":")[2])

    @property
    def origin(self) -> str:
        """The address under which people reach this installation."""
        return self.public_url or f"http://{self.listen}"

    @property
    def reminder_days(self) -> Days:
        """Days before a last day on which the citizen is reminded: the usual ones where none are set."""
        said = dict(one.split("=") for one in self.reminders.split())
        own = {Severity(name): tuple(int(day) for day in days.split(",")) for name, days in said.items()}
        return {**DAYS_BEFORE, **own}

    @property
    def keys_directory(self) -> Path:
        """Where the files of the operator's keys are; with a token, those that it has wrapped.

        Raises:
            EngineError: `invalid-settings`: a key store that this version cannot read.
        """
        if self.keys_token is not None:
            return self.wrapped_keys or self.state / "keys"
        return _local(self.keys, self.state / "keys", variable="TODOKE_KEYS")

    @property
    def keys_token(self) -> TokenAddress | None:
        """The token that holds the operator's keys, None where they are in files."""
        is_token = self.keys is not None and self.keys.startswith(SCHEME)
        return TokenAddress.parse(str(self.keys)) if is_token else None

    @property
    def documents_directory(self) -> Path:
        """Where the vault lies.

        Raises:
            EngineError: `invalid-settings`: a store that this version cannot use.
        """
        return _local(self.documents, self.state / "documents", variable="TODOKE_DOCUMENTS")

    def application_id(self) -> str:
        """Return the application id for the agency's Web-API.

        Raises:
            EngineError: `invalid-settings`: there is no such file, or it is open to other users.
        """
        path = self.corporate_numbers_id
        if path is None or path.stat().st_mode & _OPEN_TO_OTHERS:
            raise EngineError("invalid-settings", reason=f"{PREFIX}CORPORATE_NUMBERS_ID: chmod 600 {path}")
        found = path.read_text("ascii", errors="replace").strip()
        if not _APPLICATION_ID.fullmatch(found):
            raise EngineError(
                "invalid-settings", reason=f"{PREFIX}CORPORATE_NUMBERS_ID holds no application id"
            )
        return found

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks besides the open Internet that webhooks may go to; outside production this machine."""
        if self.webhook_networks is None:
            return () if self.profile is Profile.PRODUCTION else ("127.0.0.0/8", "::1/128")
        return _listed(self.webhook_networks)

    @property
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of proxies that say truly from where a request comes, besides this machine."""
        return tuple(ip_network(one) for one in _listed(self.trusted_proxies))

    def required(self, name: Literal["database_url", "amqp_url", "amqp_admin_url"]) -> str:
        """Return a setting that a role cannot do without.

        Raises:
            EngineError: `invalid-settings`: it is not set.
        """
        value: SecretStr | None = getattr(self, name)
        if value is None:
            raise EngineError("invalid-settings", reason=f"{PREFIX}{name.upper()} is not set")
        return value.get_secret_value()


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Return variables that look like ours and are none: a slip of the pen is not passed over."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | _ALSO_KNOWN
    return sorted(name for name in environment if name.startswith(PREFIX) and name not in known)


def _local(value: str | None, default: Path, *, variable: str) -> Path:
    if value is None:
        return default
    if re.match(r"[a-z0-9]{2,}:", value):
        raise EngineError("invalid-settings", reason=f"{variable}: only a directory is supported here")
    return Path(value).expanduser().absolute()


def _check_url(value: str, schemes: tuple[str, ...]) -> SplitResult:
    try:
        parts = urlsplit(value)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError("is not an address") from None  # the reason would repeat the address
    if parts.scheme not in schemes or not parts.netloc or not port_is_fine:
        raise ValueError(f"should begin with {schemes[0]}:// and name a host")
    return parts


def _reason(location: tuple[int | str, ...], message: str) -> str:
    text = message.removeprefix("Value error, ")
    return f"{PREFIX}{str(location[0]).upper()} {text[0].lower()}{text[1:]}" if location else text


def _listed(networks: str | None) -> tuple[str, ...]:
    return tuple(one.strip() for one in (networks or "").split(",") if one.strip())

"""Language models behind an OpenAI-compatible endpoint. OpenAI's client, 2 or later, is imported here."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, SecretStr

from evalkit.errors import MissingDependency

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

__all__ = ["ChatError", "Endpoint", "Prices", "Reply", "ask", "plain_client"]

_TOKENS_PER_PRICE = 1_000_000


class ChatError(Exception):
    """No usable reply, and why, in a sentence."""


@dataclass(frozen=True, slots=True)
class Prices:
    """What a million tokens cost, in one currency.

    Args:
        input: per million tokens sent.
        output: per million tokens received.
    """

    input: Annotated[float, Field(ge=0)]
    output: Annotated[float, Field(ge=0)]

    def of(self, tokens_in: int, tokens_out: int) -> float:
        """Returns the cost of so many tokens."""
        return (tokens_in * self.input + tokens_out * self.output) / _TOKENS_PER_PRICE


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model answers and how it is asked.

    `deadline` is in seconds, for one reply with all its retries. A temperature of None is not sent.
    """

    url: str
    model: str
    key: SecretStr | None
    temperature: float | None
    deadline: float
    retries: int

    def identity(self) -> str:
        """Names what decides a reply, which the key and the patience do not."""
        return f"{self.url} {self.model} temperature={self.temperature}"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said, and the tokens it counted."""

    text: str
    tokens_in: int
    tokens_out: int


async def ask(
    endpoint: Endpoint, system: str, user: str, *, schema: Mapping[str, Any] | None = None
) -> Reply:
    """Asks once. Failures to reach the model are tried again; a reply that came is never asked for twice.

    Args:
        endpoint: whom to ask.
        system: the instructions.
        user: the data they are about.
        schema: the JSON Schema that the reply is held to, or None for free text.

    Raises:
        ChatError: where no whole reply came before the deadline.
    """
    client = _client(endpoint)
    extra: dict[str, Any] = {} if endpoint.temperature is None else {"temperature": endpoint.temperature}
    if schema is not None:
        constraint = {"name": "reply", "strict": True, "schema": _closed(schema)}
        extra["response_format"] = {"type": "json_schema", "json_schema": constraint}
    messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    try:
        async with asyncio.timeout(endpoint.deadline):
            reply = await client.chat.completions.create(
                model=endpoint.model,
                messages=messages,
                **extra,
            )
    except TimeoutError as error:
        raise ChatError(f"no reply within {endpoint.deadline:g} s") from error
    except Exception as error:
        raise ChatError(_reason(error)) from error
    return _whole(reply)


def ready() -> None:
    """Raises where the client library is not installed; nothing is asked."""
    MissingDependency.unless_installed("openai", "a language model", "openai", "llm")


@cache
def _client(endpoint: Endpoint) -> AsyncOpenAI:
    """One client an endpoint: it holds the connections open, and belongs to the loop of `backends.loop`."""
    try:
        from openai import AsyncOpenAI
    except ImportError as error:
        raise MissingDependency.needed_by("a language model", "openai", "llm") from error
    return AsyncOpenAI(
        base_url=endpoint.url,
        api_key=endpoint.key.get_secret_value() if endpoint.key else "none",
        timeout=endpoint.deadline,
        max_retries=endpoint.retries,
    )


def plain_client(base_url: str, api_key: str) -> OpenAI:
    """Returns OpenAI's own client, for a library that speaks through it.

    Raises:
        MissingDependency: where it is not installed.
    """
    try:
        from openai import OpenAI
    except ImportError as error:
        raise MissingDependency.needed_by("a language model", "openai", "llm") from error
    return OpenAI(base_url=base_url, api_key=api_key, max_retries=2, timeout=120)


def _reason(error: Exception) -> str:
    """One line, without the addresses and headers that some messages carry."""
    import openai

    if isinstance(error, openai.APITimeoutError):
        return "no reply in time, after every retry"
    if isinstance(error, openai.APIStatusError):
        return f"the endpoint answered HTTP {error.status_code}"
    if isinstance(error, openai.APIConnectionError):
        return "the endpoint cannot be reached"
    return f"the endpoint's reply cannot be read ({type(error).__name__})"


def _whole(reply: Any) -> Reply:
    """Reads a reply that claims to be OpenAI's: what is missing or of another shape is an error."""
    try:
        choice = reply.choices[0]
        text = choice.message.content
        tokens = (
            (int(reply.usage.prompt_tokens), int(reply.usage.completion_tokens)) if reply.usage else (0, 0)
        )
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise ChatError("the endpoint's reply is no chat completion") from error
    if choice.finish_reason == "length":
        raise ChatError("the reply was cut at the model's limit")
    if not isinstance(text, str) or not text.strip():
        raise ChatError("the reply is empty")
    return Reply(text, *tokens)


def _closed(schema: Any) -> Any:
    """Makes every object of a schema exact: no other keys, none left out."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    closed = {key: _closed(value) for key, value in schema.items() if key != "default"}
    if closed.get("type") == "object" and "properties" in closed:
        closed |= {"additionalProperties": False, "required": list(closed["properties"])}
    return closed

"""What waits for somebody outside: names of packages, their objects, and what is no wait at all."""

from __future__ import annotations

import pytest

from pooltlint import outside

FOUND = {
    "requests.get": "an HTTP response",
    "requests.Session().post": "an HTTP response",
    "httpx.AsyncClient().stream": "an HTTP response",
    "axios": "an HTTP response",
    "axios.post": "an HTTP response",
    "axios.create().get": "an HTTP response",
    "axios.create()": "an HTTP response",
    "fetch": "an HTTP response",
    "openai.AsyncOpenAI().chat.completions.create": "the answer of a language model",
    "openai().responses.create": "the answer of a language model",
    "ai.generateText": "the answer of a language model",
    "boto3.client().upload_file": "an AWS service",
    "boto3.resource().Bucket().upload_file": "an AWS service",
    "stripe.Customer.create": "Stripe",
    "nodemailer.createTransport().sendMail": "a mail server",
    "smtplib.SMTP": "a mail server",
    "asyncio.sleep": "a pause",
}
NOTHING = [
    "requests.exceptions.HTTPError",
    "httpx.AsyncClient",
    "httpx.Timeout",
    "axios.create",
    "axios.isAxiosError",
    "openai.AsyncOpenAI",
    "boto3.client",
    "stripe.webhooks.constructEvent",
    "stripe().webhooks.create",
    "asyncio.gather",
    "ai.streamText",
    "",
]


@pytest.mark.parametrize("symbol", FOUND)
def test_found(symbol: str) -> None:
    found = outside.find(symbol)
    assert found is not None
    assert found.what == FOUND[symbol]


@pytest.mark.parametrize("symbol", NOTHING)
def test_nothing(symbol: str) -> None:
    assert outside.find(symbol) is None


def test_every_symbol_is_claimed_once() -> None:
    symbols = [symbol for each in outside.outsides() for symbol in each.symbols]
    assert sorted(symbols) == sorted(set(symbols))


def test_last_names_hold_every_call() -> None:
    for symbol in FOUND:
        last = symbol.removesuffix("()").rpartition(".")[2]
        assert last in outside.last_names() or symbol.endswith("()")


def test_packages_are_what_files_import() -> None:
    assert {"requests", "httpx", "@aws-sdk/client-s3", "timers/promises", "openai"} <= outside.packages()

"""An application without a database."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from psycopg_pool import ConnectionPool

from api.app import create_app
from bypuls.settings import ApiSettings


@pytest.fixture
def new_app():
    def make(**options):
        return create_app(
            ApiSettings.model_construct(host="127.0.0.1", port=8080), ConnectionPool("", open=False), **options
        )

    return make


@pytest.fixture
def ask():
    """A function that sends one request to an app."""

    def send(app, method, path, **options):
        async def request():
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.request(method, path, **options)

        return asyncio.run(request())

    return send

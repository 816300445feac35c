"""A package, so that its fixtures end with its tests.

Playwright keeps an event loop in the main thread: other tests' `asyncio.run` would fail beside it.
"""

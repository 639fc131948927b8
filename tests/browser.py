"""Opens pages in a real browser. Tests that need one are skipped where there is no Chromium."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
"""Without a sandbox, which root has none of; and without Chromium's own requests."""


@dataclass
class Seen:
    """What a page did.

    Attributes:
        page: Playwright's page.
        requests: addresses that it asked for, besides its own and those of embedded data.
        troubles: errors in the console, and dialogs.
    """

    page: object
    requests: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def run(self, script: str) -> object:
        """The value of a JavaScript expression in the page."""
        return self.page.evaluate(script)  # type: ignore[attr-defined]


@contextmanager
def opened(path: Path, width: int) -> Iterator[Seen]:
    """The page of a file in a window of this width."""
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("needs Chromium, such as Debian's package chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": width, "height": 800})
        seen = Seen(page)
        page.on("request", lambda request: seen.requests.append(request.url))
        page.on("console", lambda message: seen.troubles.append(message.text) if message.type == "error" else None)
        page.on("dialog", lambda dialog: (seen.troubles.append(dialog.message), dialog.dismiss()))
        page.goto(path.resolve().as_uri())
        page.wait_for_load_state("networkidle")
        own = (path.resolve().as_uri(), "data:")
        seen.requests = [url for url in seen.requests if not url.startswith(own)]
        yield seen
        browser.close()

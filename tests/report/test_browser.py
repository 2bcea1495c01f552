"""The page in a real Chromium: nothing planted in it runs, and it works by keyboard, dark, small and printed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from evalkit.report.html import render_html
from evalkit.report.model import Report
from tests.report.conftest import made_decision

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium: install it or set CHROMIUM to its path")

PAYLOADS = [
    "<script>window.hit=1</script>",
    "</style><script>window.hit=1</script>",
    "</title><script>window.hit=1</script>",
    "--><script>window.hit=1</script><!--",
    "<img src=x onerror=window.hit=1>",
    "<svg onload=window.hit=1>",
    "<svg/onload=window.hit=1//",
    "<body onload=window.hit=1>",
    "<iframe src=javascript:window.parent.hit=1>",
    "<a href=javascript:window.hit=1 id=bait>x</a>",
    "\" onmouseover=window.hit=1 x=\"",
    "' onfocus=window.hit=1 autofocus '",
    "<details open ontoggle=window.hit=1>",
    "<input autofocus onfocus=window.hit=1>",
    "<math><mtext></table><mglyph><style><img src=x onerror=window.hit=1>",
    "<style>@import 'http://127.0.0.1:9/x.css';</style>",
    "<link rel=stylesheet href=http://127.0.0.1:9/x.css>",
    "<meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'>",
    "<base href=http://127.0.0.1:9/>",
    "<form action=http://127.0.0.1:9/><button id=bait>x</button></form>",
    "<object data=http://127.0.0.1:9/x></object>",
    "<video><source onerror=window.hit=1></video>",
    "{{ 7*7 }}{% raw %}",
    "&lt;script&gt;window.hit=1&lt;/script&gt;",
    "&#60;script&#62;window.hit=1&#60;/script&#62;",
    "<scr<script>ipt>window.hit=1</scr</script>ipt>",
    "\u003cscript\u003ewindow.hit=1\u003c/script\u003e",
    "javascript:window.hit=1",
    "<template><script>window.hit=1</script></template>",
    "<noscript><p title=\"</noscript><img src=x onerror=window.hit=1>\">",
    "`${window.hit=1}`",
    "<marquee onstart=window.hit=1>",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield opened
        opened.close()


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_payload_runs_in_any_field(
    make: Callable[..., Report], browser: Browser, tmp_path: Path, payload: str
) -> None:
    path = tmp_path / "page.html"
    path.write_text(render_html(make(payload), made_decision(payload)), encoding="utf-8")
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(f"dialog: {dialog.message}"))
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    page.mouse.move(200, 200)
    assert page.evaluate("window.hit === undefined")
    assert (
        page.evaluate("document.querySelectorAll('script, iframe, object, form, input, base, link').length")
        == 0
    )
    assert [url for url in asked if not url.startswith("file:")] == []
    if "{{" not in payload:
        assert payload in page.inner_text("body")
    page.close()


def test_the_first_screen_holds_the_verdict_and_why(
    make: Callable[..., Report], browser: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    path.write_text(render_html(make("a plain reason")), encoding="utf-8")
    for scheme in ("light", "dark"):
        page = browser.new_page(viewport={"width": 1200, "height": 800}, color_scheme=scheme)
        page.goto(path.as_uri())
        verdict = page.locator(".verdict")
        box = verdict.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 800
        assert verdict.inner_text() == "INCONCLUSIVE"
        assert "What would settle it" in page.inner_text("header")
        ink, paper = page.evaluate(
            "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
        )
        assert ink != paper
        page.close()


def test_small_screens_do_not_scroll_sideways(
    make: Callable[..., Report], browser: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    path.write_text(render_html(make("word " * 40)), encoding="utf-8")
    page = browser.new_page(viewport={"width": 400, "height": 800})
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.close()


def test_questions_open_by_keyboard(make: Callable[..., Report], browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(render_html(make("word")), encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('details.question') !== null"):
            break
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('details.question').open")
    page.close()

"""The functions of link_check.yaml: a small site, and a crawler that finds its broken links."""

import keyword
import shutil
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urljoin, urlsplit
from urllib.request import urlopen

OUT = Path(__file__).parent / "out" / "link_check"
BROKEN = {"while": "goto.html", "if": "unless.html"}
"""The words whose page has a link that leads nowhere."""


def write() -> str:
    """Write an index and a page for each keyword, and return their folder."""
    site, words = OUT / "site", keyword.kwlist
    site.mkdir(parents=True, exist_ok=True)
    links = "".join(f'<li><a href="{word}.html">{word}</a>' for word in words)
    (site / "index.html").write_text(f"<title>Keywords</title><ul>{links}</ul>")
    for word, following in zip(words, [*words[1:], words[0]], strict=True):
        wrong = f' <a href="{BROKEN[word]}">See also</a>' if word in BROKEN else ""
        page = f'<h1>{word}</h1><a href="index.html">All</a> <a href="{following}.html">Next</a>'
        (site / f"{word}.html").write_text(page + wrong)
    print(f"{len(words) + 1} pages")
    return str(site)


def crawl(start: str) -> dict[str, dict[str, Any]]:
    """Return for each page that is linked to its status, and the pages that link to it."""
    found: dict[str, dict[str, Any]] = {start: {"status": 0, "from": []}}
    for page in (waiting := [start]):
        status, links = _fetched(page)
        found[page]["status"] = status
        for link in (urljoin(page, each) for each in links):
            if link not in found:
                found[link] = {"status": 0, "from": []}
                waiting.append(link)
            found[link]["from"].append(urlsplit(page).path)
    print(f"{len(found)} links followed")
    return {urlsplit(page).path: facts for page, facts in found.items()}


def report(crawl: Mapping[str, Mapping[str, Any]]) -> str:
    """Write what leads nowhere, and return the file."""
    lines = [
        f"- `{page}`: {facts['status']}, linked from {', '.join(sorted(facts['from']))}"
        for page, facts in sorted(crawl.items())
        if facts["status"] != 200
    ]
    path = OUT / "report.md"
    path.write_text(
        "\n".join([f"# {len(lines)} of {len(crawl)} links lead nowhere", "", *lines, ""])
    )
    print(path.read_text())
    return str(path)


def clean_up(folder: str) -> None:
    """Remove the site."""
    shutil.rmtree(folder)


class _Links(HTMLParser):
    """Collects where a page leads to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if (tag, name) == ("a", "href") and value]


def _fetched(page: str) -> tuple[int, list[str]]:
    try:
        with urlopen(page) as answer:
            links = _Links()
            links.feed(answer.read().decode())
            return answer.status, links.found
    except HTTPError as error:
        with error:
            return error.code, []

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from evalkit.backends import charts
from evalkit.errors import SuiteError
from evalkit.report.csv import render_csv
from evalkit.report.health import health
from evalkit.report.html import MAX_QUESTIONS, render_html
from evalkit.report.junit import render_junit
from evalkit.report.markdown import MAX_CHARACTERS, render_markdown
from evalkit.report.model import Report, dump, load
from tests.report.conftest import made_decision

Make = Callable[..., Report]


def test_a_report_comes_back_from_its_file(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text(dump(make()))
    assert load(path) == make()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        ("{", "not a readable report"),
        ("[]", "not a report; expected one"),
        ('{"schema_version": 9}', "report version 9; this evalkit reads 2"),
        ('{"schema_version": 1}', "report version 1; this evalkit reads 2"),
        ('{"schema_version": 2}', "not a whole report"),
    ],
)
def test_a_file_that_is_no_report_is_refused(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "r.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SuiteError) as caught:
        load(path)
    assert message in str(caught.value)


def test_not_a_number_never_reaches_the_file(make: Make) -> None:
    report = make()
    report["figures"]["x"] = float("nan")
    with pytest.raises(ValueError, match="Out of range"):
        dump(report)


def test_equal_reports_are_equal_pages(make: Make) -> None:
    assert render_html(make()) == render_html(json.loads(dump(make())))


def test_the_page_says_who_waived_what_is_open(make: Make) -> None:
    item = {
        "family": "data",
        "statement": "It holds.",
        "required": True,
        "detail": "nobody has answered this",
    }
    waiver = {"owner": "Ann", "reason": "pilot", "expires": "2027-01-31"}
    decision = {
        **made_decision(),
        "readiness": [
            {**item, "name": "exit-plan", "status": "missing"},
            {**item, "name": "owner", "status": "missing"},
            {**item, "name": "budget", "status": "failed"},
        ],
        "waivers": [
            {**waiver, "waives": what} for what in ("exit-plan", "budget", "floor plain Recall@5 [tag=plain]")
        ],
    }
    page = re.sub(r"<[^>]+>", "", render_html(make(), decision))
    assert page.count("missing, waived by Ann until 2027-01-31") == 1
    assert "INCONCLUSIVE, waived by Ann until 2027-01-31" in page
    assert page.count(", waived by") == 2, "a failed item is lifted by nothing"


def test_times_carry_their_unit_and_shares_none(make: Make) -> None:
    report = make()
    report["units"] = {"nDCG@10": "s"}
    page, text = re.sub(r"<[^>]+>", "", render_html(report)), render_markdown(report)
    assert "0.800 s 0.700–0.900 s" in page
    assert "0.800 0.700–0.900" in page
    assert "| 0.800 [0.700, 0.900] | 0.800 [0.700, 0.900] s |" in text


def test_figures_of_the_corpus_are_in_plain_words() -> None:
    figures = {
        "corpus.stale_share": 0.1234, "corpus.listed": 1200.0, "corpus.held_share": 0.0004,
        "corpus.lag_days_median": 2.55, "golden.questions": 9.0, "passages.cut_share.new": 0.5,
        "judge.labels.new.Faithfulness": 120.0, "mine": 0.012,
    }  # fmt: skip
    shown = {group: [(row.label, row.value) for row in rows] for group, rows in health(figures).items()}
    assert shown == {
        "Corpus": [
            ("Documents that the sources list", "1,200"),
            ("Share held of those listed", "0.04%"),
            ("Share of the snapshot before that had gone stale (edited, moved or deleted)", "12.3%"),
            ("Days that a change waited to be synced, median", "2.5"),
        ],
        "Golden set": [("Questions", "9")],
        "Passages and judges": [
            ("Answers labelled by people, for: new.Faithfulness", "120"),
            ("mine", "0.012"),
            ("Share of passages longer than the model reads: new", "50.0%"),
        ],
    }


def test_the_page_names_nothing_outside_itself(make: Make) -> None:
    page = render_html(make())
    assert "<script" not in page
    assert "src=" not in page
    assert 'href="http' not in page
    assert "url(http" not in page


def test_the_page_says_how_to_reproduce_it(make: Make) -> None:
    report = make("plain")
    assert "git checkout plain\nevalkit sync SUITE" in render_html(report)
    report["volatile"]["code"] = "plain+"
    page = render_html(report)
    assert "git checkout" not in page
    assert "plain: plain plain" in page  # the gates, as a suite writes them


def test_nothing_takes_less_than_no_time() -> None:
    drawn = charts.scatter([("fast", 0.03, 0.6), ("slow", 104.0, 0.7)], across="milliseconds", up="Recall@5")
    assert ">100<" in drawn
    assert "\N{MINUS SIGN}" not in drawn


def test_a_large_report_says_what_it_leaves_out(make: Make) -> None:
    page = render_html(make(questions=MAX_QUESTIONS + 5))
    assert "5 questions left out here; the JSON report holds them all." in page
    assert page.count('<details class="question">') == MAX_QUESTIONS


@pytest.mark.parametrize(
    "formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "=cmd|' /C calc'!A0", "a;=1+1"]
)
def test_no_text_of_the_table_is_a_formula(make: Make, formula: str) -> None:
    rows = list(csv.reader(io.StringIO(render_csv(make(formula)), newline="")))
    assert len(rows) == 4
    for cell in (cell for row in rows[1:] for cell in row):
        for part in re.split(r"[;\t\r\n]", cell):
            assert not part.lstrip().startswith(("=", "+", "-", "@")) or part == "", cell
    assert rows[1][8:10] == ["the retriever", "0.0"]


def test_markdown_keeps_markup_out_and_fits_a_comment(make: Make) -> None:
    text = render_markdown(make("<b>|`x`"))
    assert "<b>" not in text.replace("<!-- evalkit report: <b>|`x` -->", "")
    assert "\\|" in text
    report = make("word " * 200)
    report["gates"] = report["gates"] * 200
    assert len(render_markdown(report)) <= MAX_CHARACTERS + 20


@pytest.mark.parametrize("word", ["plain", '<b a="1">&\'', "a\x00\x1b\ud800\ufffeb"])
def test_junit_is_xml_whatever_the_words(make: Make, word: str) -> None:
    report = make(word)
    report["gates"] = [
        {**report["gates"][0], "outcome": "PASS"},
        {**report["gates"][0], "outcome": "FAIL", "slice": ""},
        {**report["gates"][0], "advisory": True},
    ]
    suite = ET.fromstring(render_junit(report).encode())
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
    failure = suite[1].find("failure")
    assert failure is not None
    assert failure.get("type") == "FAIL"
    if "\x00" not in word:
        assert failure.get("message") == word
        assert word in str(failure.text)

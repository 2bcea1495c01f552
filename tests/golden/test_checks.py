from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evalkit.golden import checks
from evalkit.golden.checks.language import guess
from evalkit.golden.split import select, side
from evalkit.types import Evidence, Question
from tests.conftest import Library

CORPUS = Library(
    {
        "wiki/leave": "Up to five days carry over until 31 March of the next year. Ask your lead.",
        "wiki/copy": "Read this: Up to five days carry over until 31 March of the next year.",
        "repo/pay": "Salaries are paid on the last working day of a month.",
    }
)
LEAVE, PAY = (
    "Up to five days carry over until 31 March of the next year.",
    "Salaries are paid on the last working day",
)


def q(name: str, text: str, *evidence: Evidence, **tags: str) -> Question:
    return Question(name, text, evidence, tags=tags)


def found(name: str, *questions: Question, **more: object) -> checks.Finding:
    findings = checks.run(questions, CORPUS, **more)  # type: ignore[arg-type]
    return next(finding for finding in findings if finding.check == name)


def test_duplicates_and_near_duplicates() -> None:
    questions = (
        q("a", "How many days of leave carry over into the next year?"),
        q("b", "how many days of leave carry over into the next year"),
        q("c", "How many days of leave carry over to the next year?"),
        q("d", "When are the salaries of contractors paid out?"),
    )
    assert found("duplicates", *questions).examples[0].startswith("b asks what a asks")
    assert found("duplicates", *questions).count == 1
    near = found("near-duplicates", *questions)
    assert {example[:7] for example in near.examples} == {"a and c", "b and c"}


def test_questions_that_quote_their_evidence() -> None:
    literal = q("a", "Do up to five days carry over until 31 March?", Evidence("wiki/leave", LEAVE))
    own_words = q("b", "can I keep last year's holidays?", Evidence("wiki/leave", LEAVE))
    assert found("literal", literal, own_words).examples == (
        "a: “carry over until 31 march” stands in its evidence",
    )


def test_evidence_in_several_documents() -> None:
    one = q("a", "?", Evidence("wiki/leave", LEAVE))
    both = q("b", "?", Evidence("wiki/leave", LEAVE), Evidence("wiki/copy", LEAVE))
    assert found("repeated evidence", one, both, q("c", "?", Evidence("repo/pay", PAY))).examples == (
        f"a: “{LEAVE}” also in wiki/copy",
    )


def test_one_author_and_one_source() -> None:
    wiki, repo = Evidence("wiki/leave", LEAVE), Evidence("repo/pay", PAY)
    alone = [q(str(n), "?", wiki, author="ada") for n in range(10)]
    assert found("single author", *alone).count == 10
    assert found("single source", *alone).count == 10
    mixed = [*alone[:5], *(q(str(n), "?", repo, author="bob") for n in range(5, 10))]
    assert found("single author", *mixed).count == found("single source", *mixed).count == 0
    assert "unknown" in found("single author", q("a", "?")).text


def test_synthetic_small_and_foreign() -> None:
    wiki = Evidence("wiki/leave", LEAVE)
    questions = [
        q(str(n), "what is the rule for this and that", wiki, provenance="synthetic") for n in range(3)
    ]
    german = q("g", "Wie viele Tage kann ich in das nächste Jahr mitnehmen und wann?", wiki)
    assert found("synthetic", *questions, german).count == 3
    assert found("small slices", *questions).examples == ("provenance=synthetic: 3 questions in 1 cluster",)
    assert found("language", *questions, german).count in {0, 1}
    assert guess(german.text) == "de"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How do I reset the password of my account?", "en"),
        ("Comment est-ce que je peux changer le mot de passe dans les réglages ?", "fr"),
        ("¿Cómo puedo cambiar la contraseña de mi cuenta y dónde se guarda?", "es"),
        ("Как изменить пароль?", "ru"),
        ("パスワードを変更するには?", "ja"),
        ("如何更改密码?", "zh"),
        ("ERR_4412", ""),
    ],
)
def test_language(text: str, language: str) -> None:
    assert guess(text) == language


def test_what_every_variant_gets_and_none() -> None:
    questions = [q(name, "?", Evidence("wiki/leave", LEAVE)) for name in ("easy", "some", "never")]
    stages = {
        "easy": ["found", "found"],
        "some": ["ignored by the answer", "not retrieved"],
        "never": ["split by the chunker", "not retrieved"],
    }
    assert found("all easy", *questions, stages=stages).examples[0].startswith("easy:")
    assert found("none gets", *questions, stages=stages).examples[0].startswith("never:")
    assert found("all easy", *questions, stages=stages).count == 1


def test_every_planted_leak_is_found(tmp_path: Path) -> None:
    plain = "what does the {n} valve of line {n} do when the pressure at gauge {n} falls below {n} bar"
    questions = [
        replace(q(f"q{n}", plain.format(n=n)), reference=f"It shuts pump {n} and opens drain {n}.")
        for n in range(40)
    ]
    prompts = tmp_path / "few-shot.txt"
    planted = [questions[n].text for n in range(0, 20, 2)] + [questions[n].reference for n in range(1, 20, 2)]
    prompts.write_text("You are a helpful assistant.\n\n" + "\n".join(planted))
    leaked = found("leaked to prompts", *questions, prompts=[prompts])
    assert leaked.count == 20
    clean = tmp_path / "clean.txt"
    clean.write_text("You are a helpful assistant. Answer from the documents only.")
    assert found("leaked to prompts", *questions, prompts=[clean]).count == 0


def test_a_question_repeated_across_the_split_is_found() -> None:
    text = "How many days of leave carry over into the next year?"
    names = [str(n) for n in range(30)]
    dev = next(n for n in names if side(Question(n, text, cluster=n), 0.5) == "dev")
    test = next(n for n in names if side(Question(n, text, cluster=n), 0.5) == "test")
    pair = (Question("a", text, cluster=dev), Question("b", text + "!", cluster=test))
    assert found("leaked to dev", *pair, test_share=0.5).examples[0].startswith("b repeats a")
    assert found("leaked to dev", pair[0], replace(pair[1], cluster=dev), test_share=0.5).count == 0


def test_clusters_stay_whole_and_new_ones_move_no_other() -> None:
    questions = [Question(str(n), "?", cluster=str(n // 5)) for n in range(1000)]
    test, dev = select(questions, 0.3, "test"), select(questions, 0.3, "dev")
    assert {q.id for q in (*test, *dev)} == {q.id for q in questions}
    assert not {q.cluster for q in test} & {q.cluster for q in dev}
    assert 0.2 < len(test) / 1000 < 0.4
    assert select([*questions, Question("new", "?")], 0.3, "test")[: len(test)] == test
    assert {q.id for q in test} <= {q.id for q in select(questions, 0.5, "test")}

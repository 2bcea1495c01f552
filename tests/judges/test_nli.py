"""The NLI judge, through tiny checkpoints made here: one set by hand, whose answers are known, and a random one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from evalkit.backends import nli as backend
from evalkit.errors import EvaluationError
from evalkit.judges.nli import NLI
from evalkit.types import Exchange, Judgement, Runtime

transformers = pytest.importorskip("transformers")
torch = pytest.importorskip("torch")

WORDS = (
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "frost",
    "rain",
    "the",
    "sensor",
    "runs",
    "covers",
    "warranty",
    ".",
)
LABELS = {0: "contradiction", 1: "neutral", 2: "entailment"}
WINDOW = 32


def checkpoint(folder: Path, labels: Mapping[int, str], *, by_hand: bool = True) -> str:
    """Saves a one-layer BERT. By hand: sure of the last label where "frost" is in its window, of the first where "rain"
    is, else of neither.
    """
    config = transformers.BertConfig(
        vocab_size=len(WORDS),
        hidden_size=4,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=4,
        max_position_embeddings=WINDOW,
        id2label=dict(labels),
        label2id={label: number for number, label in labels.items()},
        num_labels=len(labels),
        initializer_range=1.0,
    )
    torch.manual_seed(5)
    model = transformers.BertForSequenceClassification(config)
    if by_hand:
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.zero_()
            for module in model.modules():
                if isinstance(module, torch.nn.LayerNorm):
                    module.weight.fill_(1)
            words = model.bert.embeddings.word_embeddings.weight
            words[:] = torch.tensor([0.0, 0.0, 1.0, -1.0])
            words[WORDS.index("frost")] = torch.tensor([1.0, -1.0, 0.0, 0.0])
            words[WORDS.index("rain")] = torch.tensor([-1.0, 1.0, 0.0, 0.0])
            attention = model.bert.encoder.layer[0].attention
            attention.self.value.weight[:] = 100 * torch.eye(4)  # every word looks at all words alike
            attention.output.dense.weight[:] = torch.eye(4)
            model.bert.pooler.dense.weight[0, 0] = 100
            model.classifier.weight[-1, 0] = 10
            if len(labels) > 1:
                model.classifier.weight[0, 0] = -10
            if len(labels) == 1:
                model.classifier.bias.fill_(-5)
    model.save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    tokenizer = transformers.BertTokenizerFast(vocab=str(folder / "vocab.txt"), model_max_length=WINDOW)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> str:
    return checkpoint(tmp_path_factory.mktemp("by-hand"), LABELS)


def judge(model: str, answer: str, *passages: str, runtime: Runtime, label: str = "") -> Judgement:
    exchange = Exchange("?", answer, passages)
    (judgement,) = NLI(model, label).judge("Faithfulness", [exchange], runtime)
    return judgement


def test_each_statement_is_held_against_each_passage(by_hand: str, runtime: Runtime) -> None:
    said = judge(by_hand, "The sensor runs. It covers.", "the warranty", "frost", runtime=runtime)
    assert said.value == 1.0
    assert [(c.text, c.supported, c.passage) for c in said.claims] == [
        ("The sensor runs.", True, 1),
        ("It covers.", True, 1),
    ]
    assert said.claims[0].note == "supported, 1.00"


def test_a_statement_that_a_passage_contradicts_names_it(by_hand: str, runtime: Runtime) -> None:
    said = judge(by_hand, "It covers.", "the warranty", "the sensor", "rain", runtime=runtime)
    assert said.value == 0.0
    assert (said.claims[0].passage, said.claims[0].note) == (2, "contradicted, 1.00")


def test_neither_is_not_supported(by_hand: str, runtime: Runtime) -> None:
    said = judge(by_hand, "It covers.", "the warranty", runtime=runtime)
    assert (said.value, said.claims[0].passage) == (0.0, -1)
    assert said.claims[0].note == "not supported, at most 0.33"
    assert judge(by_hand, "It covers.", runtime=runtime).claims[0].note == "nothing was retrieved"


@pytest.mark.parametrize("place", [0, 20, 40, 150, 299])
def test_a_long_passage_is_read_to_its_end(by_hand: str, place: int) -> None:
    words = ["the"] * 300
    words[place] = "frost"
    (found,) = backend.chances(by_hand, "", [(" ".join(words), "the sensor runs")])
    assert found.supports > 0.9


def test_a_statement_longer_than_the_window_leaves_room_for_the_passage(by_hand: str) -> None:
    (found,) = backend.chances(by_hand, "", [("the frost", "sensor " * 500)])
    assert found.supports > 0.9


def test_a_single_logit_is_a_chance(tmp_path: Path, runtime: Runtime) -> None:
    model = checkpoint(tmp_path / "single", {0: "LABEL_0"})
    found = backend.chances(model, "", [("frost", "it"), ("the", "it"), ("rain", "it")])
    assert [round(one.supports, 3) for one in found] == [0.993, 0.007, 0.0]
    assert {one.contradicts for one in found} == {0.0}
    assert judge(model, "It covers.", "frost", runtime=runtime).value == 1.0


def test_labels_that_do_not_say_what_they_mean_must_be_named(tmp_path: Path, runtime: Runtime) -> None:
    model = checkpoint(tmp_path / "unnamed", {0: "LABEL_0", 1: "LABEL_1"})
    with pytest.raises(
        EvaluationError, match=r"none of its labels \(0: LABEL_0, 1: LABEL_1\) says .*label: '1'"
    ):
        judge(model, "It covers.", "frost", runtime=runtime)
    assert judge(model, "It covers.", "frost", runtime=runtime, label="1").value == 1.0
    assert judge(model, "It covers.", "frost", runtime=runtime, label="LABEL_0").value == 0.0
    with pytest.raises(EvaluationError, match="no label 'yes'"):
        judge(model, "It covers.", "frost", runtime=runtime, label="yes")


def test_not_entailment_is_not_entailment(tmp_path: Path) -> None:
    model = checkpoint(tmp_path / "two", {0: "not_entailment", 1: "entailment"})
    assert backend.chances(model, "", [("frost", "it")])[0].supports > 0.9


def test_what_is_asked_beside_it_changes_nothing(tmp_path: Path) -> None:
    model = checkpoint(tmp_path / "random", LABELS, by_hand=False)
    pairs = [("the sensor " * n, "the warranty covers rain") for n in (1, 9, 30)]
    together = backend.chances(model, "", pairs)
    apart = [backend.chances(model, "", [pair])[0] for pair in pairs]
    assert np.array(together) == pytest.approx(np.array(apart), abs=1e-6)
    assert len({round(one.supports, 2) for one in together}) > 1


def test_what_was_judged_is_kept(by_hand: str, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    first = judge(by_hand, "The sensor runs.", "frost", runtime=runtime)
    monkeypatch.setattr(
        backend, "chances", lambda _name, _label, pairs: pytest.fail("asked again") if pairs else []
    )
    assert judge(by_hand, "The sensor runs.", "frost", runtime=runtime) == first
    assert runtime.tally.reused["judge"] == 1


def test_the_identity_is_that_of_the_files_not_of_the_folder(tmp_path: Path) -> None:
    one = NLI(checkpoint(tmp_path / "a" / "tiny", LABELS)).identity()
    backend._digest.cache_clear()
    assert NLI(checkpoint(tmp_path / "b" / "tiny", LABELS)).identity() == one
    config = tmp_path / "b" / "tiny" / "config.json"
    changed = json.loads(config.read_text(encoding="utf-8")) | {"hidden_act": "relu"}
    config.write_text(json.dumps(changed), encoding="utf-8")
    backend._digest.cache_clear()
    assert NLI(str(tmp_path / "b" / "tiny")).identity() != one
    assert (
        NLI(str(tmp_path / "b" / "tiny"), threshold=0.6).identity()
        != NLI(str(tmp_path / "b" / "tiny")).identity()
    )


@pytest.mark.parametrize("name", ["no/such-model", "no such folder"])
def test_a_model_that_is_not_here_is_named(
    name: str, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(EvaluationError, match=f"NLI judge '{name}': not on this machine"):
        judge(name, "It covers.", "frost", runtime=runtime)


def test_a_folder_that_is_no_classifier_is_named(tmp_path: Path, runtime: Runtime) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "unheard-of"}', encoding="utf-8")
    with pytest.raises(EvaluationError, match="not a sequence classifier"):
        judge(str(tmp_path), "It covers.", "frost", runtime=runtime)

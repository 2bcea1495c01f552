"""Questions written by a language model through ragas' test-set generator.

What leaves this machine are the texts it is given, to the endpoint the user names.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.backends.chat import plain_client
from evalkit.backends.ragas_library import for_writing
from evalkit.errors import EvaluationError

__all__ = ["PERSONA", "Generator", "Written"]

PERSONA = (
    "Employee: Needs an answer from the organisation's documents to get on with work, and has not read them"
)


@dataclass(frozen=True, slots=True)
class Written:
    """One question as ragas made it; `contexts` is the text that it says supports the answer."""

    question: str
    answer: str
    contexts: tuple[str, ...]
    persona: str
    style: str


class Generator:
    """ragas' single-hop synthesizer over an OpenAI-compatible endpoint.

    Args:
        model: the model's name at the endpoint.
        base_url: the endpoint, such as "http://localhost:8000/v1".
        api_key: sent to it, and nowhere else.
        personas: who asks, each "name: description".

    Raises:
        MissingDependency: where ragas is not installed.
    """

    def __init__(
        self, model: str, *, base_url: str, api_key: str, personas: Sequence[str] = (PERSONA,)
    ) -> None:
        self._ragas = for_writing()
        self._llm: Any = self._ragas.llms.llm_factory(model, client=plain_client(base_url, api_key))
        self._personas = [
            self._ragas.testset.persona.Persona(name=name.strip(), role_description=role.strip())
            for name, _, role in (persona.partition(":") for persona in personas)
        ]

    def ask(self, text: str) -> Written:
        """Has one question written about a text.

        Raises:
            EvaluationError: with the reason, where none came of it.
        """
        testset = self._ragas.testset
        graph = testset.graph.KnowledgeGraph(
            nodes=[testset.graph.Node(type=testset.graph.NodeType.CHUNK, properties={"page_content": text})]
        )
        entities = testset.transforms.extractors.llm_based.NERExtractor(
            llm=self._llm, tokenizer=_tokenizer(self._ragas)
        )
        single_hop = testset.synthesizers.single_hop.specific.SingleHopSpecificQuerySynthesizer(llm=self._llm)
        generator = testset.TestsetGenerator(
            llm=self._llm, embedding_model=None, knowledge_graph=graph, persona_list=list(self._personas)
        )
        try:
            with contextlib.redirect_stderr(io.StringIO()):  # a progress bar a question says nothing
                testset.transforms.apply_transforms(graph, [entities])
                made = generator.generate(testset_size=1, query_distribution=[(single_hop, 1.0)])
        except Exception as error:
            raise EvaluationError(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}") from error
        if not made.samples:
            raise EvaluationError("ragas found nothing in the text to ask about")
        sample = made.samples[0].eval_sample
        return Written(
            question=str(sample.user_input or ""),
            answer=str(sample.reference or ""),
            contexts=tuple(sample.reference_contexts or ()),
            persona=str(sample.persona_name or ""),
            style=str(sample.query_style or ""),
        )


def _tokenizer(ragas: Any) -> Any:
    """A tokenizer of characters: ragas' own fetches a vocabulary from the network, to cut texts longer than ours."""
    base: Any = ragas.tokenizers.BaseTokenizer

    class Characters(base):  # type: ignore[misc]
        def encode(self, text: str) -> list[int]:
            return [ord(character) for character in text]

        def decode(self, tokens: list[int]) -> str:
            return "".join(map(chr, tokens))

    return Characters()

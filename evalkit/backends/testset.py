"""Questions written by a language model through ragas' test-set generator. The only file that imports ragas' testset.

What leaves this machine are the texts it is given, to the endpoint the user names; ragas' own tracking is switched off.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.errors import EvaluationError, MissingDependency

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
        os.environ["RAGAS_DO_NOT_TRACK"] = "true"
        try:
            import openai
            from ragas.llms import llm_factory
            from ragas.testset.persona import Persona
        except ModuleNotFoundError as error:
            raise MissingDependency.needed_by("'evalkit golden generate'", "ragas", "ragas") from error
        client = openai.OpenAI(base_url=base_url, api_key=api_key, max_retries=2, timeout=120)
        self._llm: Any = llm_factory(model, client=client)
        self._personas = [
            Persona(name=name.strip(), role_description=role.strip())
            for name, _, role in (persona.partition(":") for persona in personas)
        ]

    def ask(self, text: str) -> Written:
        """Has one question written about a text.

        Raises:
            EvaluationError: with the reason, where none came of it.
        """
        from ragas.testset import TestsetGenerator
        from ragas.testset.graph import KnowledgeGraph, Node, NodeType
        from ragas.testset.synthesizers.single_hop.specific import SingleHopSpecificQuerySynthesizer
        from ragas.testset.transforms import apply_transforms
        from ragas.testset.transforms.extractors.llm_based import NERExtractor

        graph = KnowledgeGraph(nodes=[Node(type=NodeType.CHUNK, properties={"page_content": text})])
        generator = TestsetGenerator(
            llm=self._llm, embedding_model=None, knowledge_graph=graph, persona_list=list(self._personas)
        )
        try:
            with contextlib.redirect_stderr(io.StringIO()):  # a progress bar a question says nothing
                apply_transforms(graph, [NERExtractor(llm=self._llm, tokenizer=_tokenizer())])
                made = generator.generate(
                    testset_size=1,
                    query_distribution=[(SingleHopSpecificQuerySynthesizer(llm=self._llm), 1.0)],
                )
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


def _tokenizer() -> Any:
    """A tokenizer of characters: ragas' own fetches a vocabulary from the network, to cut texts longer than ours."""
    from ragas.tokenizers import BaseTokenizer

    class Characters(BaseTokenizer):  # type: ignore[misc]
        def encode(self, text: str) -> list[int]:
            return [ord(character) for character in text]

        def decode(self, tokens: list[int]) -> str:
            return "".join(map(chr, tokens))

    return Characters()

from __future__ import annotations

import importlib.metadata
import io
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path

import pytest

from evalkit.backends import office
from evalkit.backends.confined import Pool
from evalkit.corpus.convert import to_document, version
from evalkit.errors import MissingDependency

pytest.importorskip("markitdown", reason="needs the extra office")


def workbook() -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    book.properties.creator = "Ines & Co"
    book.properties.title = "Ports"
    sheet = book.active
    sheet.title = "Open"
    sheet.append(["Port", "Use"])
    sheet.append([51820, "tunnel"])
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def slides() -> bytes:
    from pptx import Presentation

    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Otters"
    slide.placeholders[1].text = "They hold hands."
    data = io.BytesIO()
    deck.save(data)
    return data.getvalue()


def letter() -> bytes:
    body = (
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
        '<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Leave policy</w:t></w:r></w:p>'
        "<w:p><w:r><w:t>Ask in March.</w:t></w:r></w:p></w:body></w:document>"
    )
    kinds = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument'
        '.wordprocessingml.document.main+xml"/></Types>'
    )
    links = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
        'Target="word/document.xml"/></Relationships>'
    )
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, part in (
            ("[Content_Types].xml", kinds),
            ("_rels/.rels", links),
            ("word/document.xml", body),
        ):
            archive.writestr(name, part)
    return data.getvalue()


def pdf(*below: bytes) -> bytes:
    """A page whose contents are object 4; `below` are objects 4 and up."""
    own = b"<< /Font << /F1 5 0 R >> /XObject << /X 5 0 R >> >>"
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources %s >>" % own,
        *below,
    ]
    data, at = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        at.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in at)
    size = len(parts) + 1
    tail = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (size, len(data))
    return data + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + tail


def stream(data: bytes, facts: bytes = b"") -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (facts, len(data), data)


def page() -> bytes:
    text = b"BT /F1 24 Tf 72 700 Td (Otters weigh ten kilograms) Tj ET"
    return pdf(stream(text), b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")


def laughs() -> bytes:
    """Thirty forms, each drawing the next one twice."""
    form = b"/Type /XObject /Subtype /Form /BBox [0 0 1 1] /Resources << /XObject << /X %d 0 R >> >>"
    forms = [stream(b"/X Do /X Do", form % number) for number in range(6, 36)]
    return pdf(stream(b"/X Do"), *forms, stream(b"", form % 4))


def swelling() -> bytes:
    """Contents that are packed twice: some KB that unpack to 4 GB."""
    packer = zlib.compressobj()
    piece = packer.compress(b" " * 10_000_000) + packer.flush(zlib.Z_FULL_FLUSH)
    return pdf(stream(zlib.compress(piece[:2] + piece[2:] * 400), b"/Filter [/FlateDecode /FlateDecode]"))


def test_a_workbook() -> None:
    document = to_document("a/ports.xlsx", workbook())
    assert "| 51820 | tunnel |" in document.text
    assert (document.title, document.metadata["author"]) == ("Ports", "Ines & Co")
    assert document.metadata["content_type"].endswith("spreadsheetml.sheet")
    assert document.modified_at is not None


def test_slides() -> None:
    text = to_document("deck.pptx", slides()).text
    assert "# Otters" in text
    assert "They hold hands." in text


def test_a_letter() -> None:
    document = to_document("leave.docx", letter())
    assert document.text == "# Leave policy\n\nAsk in March.\n"
    assert document.title == "Leave policy"


def test_a_page() -> None:
    assert "Otters weigh ten kilograms" in to_document("otters.pdf", page()).text


@pytest.mark.parametrize("name", ["x.docx", "x.xlsx", "x.pptx", "x.pdf"])
def test_a_broken_file_is_unreadable_with_a_reason(name: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be converted|not a readable zip archive|holds no text"):
        to_document(name, b"%PDF-1.4 broken" if name.endswith("pdf") else b"PK\x03\x04 broken")


def test_a_bomb_is_refused_before_it_is_opened() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * 30_000_000)
    with pytest.raises(ValueError, match="unpacks to more than"):
        to_document("x.docx", data.getvalue())


ENTITIES = {
    "of a file": b'<!DOCTYPE x [<!ENTITY e SYSTEM "file://%s">]>',
    "of entities": b'<!DOCTYPE x [<!ENTITY a0 "canary">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, (b"&a%d;" % (n - 1)) * 10) for n in range(1, 13))
    + b'<!ENTITY e "&a12;"><!-- %s -->]>',
}


@pytest.mark.parametrize("kind", ENTITIES)
@pytest.mark.parametrize(
    ("name", "part", "words"),
    [
        ("a.docx", "word/document.xml", b"Ask in March."),
        ("a.pptx", "ppt/slides/slide1.xml", b"They hold hands."),
        ("a.xlsx", "xl/worksheets/sheet1.xml", b"tunnel"),
        ("a.xlsx", "docProps/core.xml", b"Ports"),
    ],
)
def test_entities_are_not_followed(name: str, part: str, words: bytes, kind: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("canary-7f3a")
    made = {"a.docx": letter, "a.pptx": slides, "a.xlsx": workbook}[name]()
    data = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(made)) as before, zipfile.ZipFile(data, "w") as after:
        for entry in before.namelist():
            body = before.read(entry)
            if entry == part:
                assert words in body
                body = body.partition(b"?>")[2] if body.startswith(b"<?xml") else body
                body = ENTITIES[kind] % bytes(tmp_path / "secret") + body.replace(words, b"&e;")
            after.writestr(entry, body)
    with suppress(ValueError):
        assert "canary" not in repr(office.to_markdown(name, data.getvalue()))


@pytest.mark.parametrize(
    "target", ["file://{0}", "{0}", "../../../../../../../..{0}", "http://127.0.0.1:9/x.png"]
)
def test_pictures_elsewhere_are_not_fetched(target: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"canary-7f3a")
    space = "http://schemas.openxmlformats.org"
    picture = (
        f'<w:document xmlns:w="{space}/wordprocessingml/2006/main" xmlns:r="{space}/officeDocument/2006/relationships" '
        f'xmlns:a="{space}/drawingml/2006/main" xmlns:wp="{space}/drawingml/2006/wordprocessingDrawing" '
        f'xmlns:pic="{space}/drawingml/2006/picture"><w:body><w:p><w:r><w:t>Words</w:t></w:r><w:r><w:drawing><wp:inline>'
        '<wp:docPr id="1" name="n" descr="d"/><a:graphic><a:graphicData><pic:pic><pic:blipFill><a:blip r:link="rId9"/>'
        "</pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p></w:body></w:document>"
    )
    links = (
        f'<Relationships xmlns="{space}/package/2006/relationships"><Relationship Id="rId9" TargetMode="External" '
        f'Type="{space}/officeDocument/2006/relationships/image" Target="{target.format(secret)}"/></Relationships>'
    )
    data = io.BytesIO(letter())
    with zipfile.ZipFile(data) as before, zipfile.ZipFile(after := io.BytesIO(), "w") as archive:
        for entry in before.namelist():
            archive.writestr(entry, picture if entry == "word/document.xml" else before.read(entry))
        archive.writestr("word/_rels/document.xml.rels", links)
    assert office.to_markdown("a.docx", after.getvalue())[0] == "Words\n"


def test_a_confined_converter_says_what_an_unconfined_one_says() -> None:
    for name, data in {"a.xlsx": workbook(), "a.pptx": slides(), "a.docx": letter(), "a.pdf": page()}.items():
        assert office.to_markdown(name, data) == office.convert(data, name[1:])


def test_a_pdf_that_draws_without_end() -> None:
    pool = Pool(1, seconds=2)
    with pytest.raises(ValueError, match="took longer than 2 seconds"):
        pool.run(office.convert, laughs(), ".pdf")
    pool.close()


def test_a_pdf_that_unpacks_without_end() -> None:
    pool = Pool(1, memory=800_000_000)
    with pytest.raises(ValueError, match="needs more than 800,000,000 bytes of memory"):
        pool.run(office.convert, swelling(), ".pdf")
    pool.close()


def test_without_the_converter_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "markitdown", None)
    with pytest.raises(MissingDependency, match=r"x\.pdf: .*evalkit-rag\[office\]"):
        to_document("x.pdf", b"%PDF")


def test_another_converter_is_another_conversion(monkeypatch: pytest.MonkeyPatch) -> None:
    before = version()
    monkeypatch.setattr("evalkit.backends.office.version", lambda _: "99")
    assert version() != before
    monkeypatch.setattr("evalkit.backends.office.version", _absent)
    assert version() == "2"


def _absent(name: str) -> str:
    raise importlib.metadata.PackageNotFoundError(name)

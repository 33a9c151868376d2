"""Files of each kind, made here from little: as an office or a browser would write them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
SLIDES = "http://schemas.openxmlformats.org/presentationml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def packed(members: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def docx(*paragraphs: str, table: Sequence[Sequence[str]] = (), head: str = "") -> bytes:
    """A Word file; `head` goes before the root element."""
    body = "".join(_word_paragraph(text) for text in paragraphs)
    if table:
        rows = "".join(
            "<w:tr>" + "".join(f"<w:tc>{_word_paragraph(c)}</w:tc>" for c in row) + "</w:tr>"
            for row in table
        )
        body += f"<w:tbl>{rows}</w:tbl>"
    xml = f'{head}<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'
    return packed({"[Content_Types].xml": "<Types/>", "word/document.xml": xml})


def _word_paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def pptx(*slides: str, notes: str = "") -> bytes:
    """A presentation whose members are named in the opposite order of its slides."""
    members: dict[str, str | bytes] = {}
    order, relations = "", ""
    for place, text in enumerate(slides, 1):
        number = len(slides) + 1 - place
        members[f"ppt/slides/slide{number}.xml"] = _slide(text)
        order += f'<p:sldId id="{255 + place}" r:id="rId{place}"/>'
        relations += f'<Relationship Id="rId{place}" Target="slides/slide{number}.xml"/>'
    members["ppt/presentation.xml"] = (
        f'<p:presentation xmlns:p="{SLIDES}" xmlns:r="{OFFICE_RELATIONS}">'
        f"<p:sldIdLst>{order}</p:sldIdLst></p:presentation>"
    )
    members["ppt/_rels/presentation.xml.rels"] = (
        f'<Relationships xmlns="{RELATIONS}">{relations}</Relationships>'
    )
    if notes:
        members["ppt/notesSlides/notesSlide1.xml"] = _slide(notes)
        members[f"ppt/slides/_rels/slide{len(slides)}.xml.rels"] = (
            f'<Relationships xmlns="{RELATIONS}"><Relationship Id="rId1" '
            f'Type="{OFFICE_RELATIONS}/notesSlide" Target="../notesSlides/notesSlide1.xml"/>'
            "</Relationships>"
        )
    return packed(members)


def _slide(text: str) -> str:
    return (
        f'<p:sld xmlns:p="{SLIDES}" xmlns:a="{DRAWING}"><a:p><a:r><a:t>{text}</a:t></a:r></a:p>'
        "</p:sld>"
    )


def pdf(*pages: str, extra: str = "") -> bytes:
    """A PDF of one line of text a page; `extra` goes into the trailer."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET" if text else ""
        objects += [
            (
                f"<< /Type /Page /Parent 2 0 R /Contents {5 + 2 * number} 0 R "
                "/MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> >>"
            ),
            f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        ]
    out = bytearray(b"%PDF-1.4\n")
    places: list[int] = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += "".join(f"{place:010} 00000 n \n" for place in places).encode()
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R {extra}>>\n".encode()
    out += f"startxref\n{table}\n%%EOF\n".encode()
    return bytes(out)

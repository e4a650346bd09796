"""A matplotlib figure as SVG inside an HTML page: colours become CSS variables, ids are its own."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from markupsafe import Markup

from handgrad.plots import PALETTE, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SVG = "{http://www.w3.org/2000/svg}"
_XLINK = "{http://www.w3.org/1999/xlink}href"
_LONG_NUMBER = re.compile(r"(-?\d+\.\d{2})\d+")
_COLOUR = re.compile("|".join(PALETTE.values()), re.IGNORECASE)
_VARIABLES = {colour.lower(): f"var(--{name})" for name, colour in PALETTE.items()}


def inline_svg(figure: Figure, name: str, description: str) -> Markup:
    """The figure as markup for `<figure>`; `name` keeps its ids apart, `description` is read to who cannot see it."""
    buffer = io.BytesIO()
    with style():
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    root = ElementTree.fromstring(buffer.getvalue())
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.rpartition("}")[2] in ("metadata", "style"):
                parent.remove(child)
    _drop_background(root)
    used = _used_ids(root)
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
        element.tail = None
        if element.tag != "text":
            element.text = element.text.strip() if element.text else None
        element.attrib = _attributes(element, name, used)
    view_box = root.attrib["viewBox"]
    root.attrib = {"viewBox": view_box, "role": "img", "aria-label": description}
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _drop_background(root: ElementTree.Element) -> None:
    for parent in list(root.iter()):
        for child in list(parent):
            if child.get("id") == "patch_1":
                parent.remove(child)
                return


def _used_ids(root: ElementTree.Element) -> set[str]:
    """The ids something refers to; matplotlib names every group, and those names would clash between figures."""
    used = set()
    for element in root.iter():
        if _XLINK in element.attrib:
            used.add(element.attrib[_XLINK].lstrip("#"))
        for value in element.attrib.values():
            used.update(re.findall(r"url\(#([^)]+)\)", value))
    return used


def _attributes(element: ElementTree.Element, name: str, used: set[str]) -> dict[str, str]:
    kept: dict[str, str] = {}
    for key, value in element.attrib.items():
        if key == "id":
            if value in used:
                kept["id"] = f"{name}-{value}"
        elif key == _XLINK:
            kept["href"] = f"#{name}-{value.lstrip('#')}"
        elif key == "transform" and value.startswith("rotate(-0 "):
            continue
        elif key in ("d", "transform", "x", "y", "width", "height"):
            kept[key] = _LONG_NUMBER.sub(r"\1", value)
        elif key == "style":
            kept[key] = _restyle(value)
        else:
            kept[key] = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", value)
    return kept


def _restyle(value: str) -> str:
    """Colours to variables; the family of letters is left to the page."""
    value = _COLOUR.sub(lambda found: _VARIABLES[found.group().lower()], value)
    value = re.sub(r"(font: [^;]*?px) [^;]+", r"\1 var(--letters)", value)
    return re.sub(r"font-family: [^;]+", "font-family: var(--letters)", value)

"""Rules of how screens look: in every size and theme they fit, and can be read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from rich.color import Color
from rich.style import Style

from nimbus_tui.api.session import Session
from nimbus_tui.keys import Settings
from nimbus_tui.screens import ENTRIES
from nimbus_tui.themes import THEMES
from tests.tui.driving import Driven, drive

_EXTENDED = """
import importlib.util, sys
spec = importlib.util.find_spec("nimbus_tui.screens")
spec.submodule_search_locations.append(sys.argv[1])
sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
from nimbus_tui.app import NimbusApp
print(module.ENTRIES[-1].name, module.ENTRIES[-1].load().__name__)
print(*(binding.id for binding in NimbusApp.BINDINGS))
"""
_SCREEN = """
from nimbus_tui.screens.section import Section

class Spending(Section):
    pass
"""
SIZES = [(80, 24), (120, 36), (180, 50)]
READABLE = 3.0  # of the Web Content Accessibility Guidelines, for large and bold text


def luminance(color: Color) -> float:
    """Return the relative luminance of a colour, by those guidelines."""
    parts = [part / 255 for part in color.get_truecolor()]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(style: Style) -> float:
    """Return the contrast of a style's two colours."""
    if style.color is None or style.bgcolor is None or style.color.is_default or style.bgcolor.is_default:
        return 21.0
    light, dark = sorted((luminance(style.color), luminance(style.bgcolor)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_a_folder_alone_is_a_screen(tmp_path: Path) -> None:
    """With nothing else written anywhere it has its place, its key and its action."""
    folder = tmp_path / "spending"
    folder.mkdir()
    entry = 'Entry(place=9, folder="spending", name="Spending", short="Spend", screen="Spending")'
    (folder / "__init__.py").write_text(f"from nimbus_tui.screens.entry import Entry\n\nENTRY = {entry}\n", "utf-8")
    (folder / "screen.py").write_text(_SCREEN, "utf-8")
    command = [sys.executable, "-c", _EXTENDED, str(tmp_path)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    assert told[0] == "Spending Spending"
    assert "app.open_spending" in told[1].split()


@pytest.mark.parametrize("theme", [theme.name for theme in THEMES])
@pytest.mark.parametrize("size", SIZES)
def test_every_screen_fits_and_can_be_read(size: tuple[int, int], theme: str, built: Path) -> None:
    """All of a line is within the window, the footer says the keys, and no letter is in a colour near its ground."""

    async def flow(driven: Driven) -> None:
        await driven.until("● en_support")
        for number, entry in enumerate(ENTRIES):
            await driven.press(str(number + 1))
            await driven.until(f"{number + 1} ", "Help", gone="loading …")
            strips = driven.app.screen._compositor.render_strips(driven.app.size)  # noqa: SLF001 - nothing else tells
            assert [strip.cell_length for strip in strips] == [size[0]] * size[1]
            for segment in (segment for strip in strips for segment in strip):
                if segment.style is not None and any(letter.isalnum() for letter in segment.text):
                    assert contrast(segment.style) >= READABLE, (entry.name, segment.text, str(segment.style))

    drive(Session(config=built / "nimbus.toml", read_only=True), flow, size, Settings(theme))

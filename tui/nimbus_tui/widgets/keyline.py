"""The last line: the keys of what is open, as many as find room."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

_LEAST_WANTED = ("filter", "command_palette")  # of the keys that work everywhere


class KeyLine(Static):
    """Keys and what they do: those of the screen, then those that work everywhere. A click presses one."""

    def __init__(self) -> None:
        """Start with none."""
        super().__init__(markup=False, id="keys")
        self._spans: list[tuple[int, int, str]] = []  # from, to, key

    def on_mount(self) -> None:
        """Follow what has the keys."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def on_resize(self) -> None:
        """Fit the line again."""
        self._draw()

    def on_click(self, event: events.Click) -> None:
        """Press the key below the pointer."""
        at = event.get_content_offset_capture(self).x
        for start, end, key in self._spans:
            if start <= at < end:
                self.app.simulate_key(key)

    def _changed(self, screen: Screen[object]) -> None:
        if screen is self.screen:
            self._draw()

    def _draw(self) -> None:
        found = [active for active in self.screen.active_bindings.values() if active.binding.show]
        named = {active.binding.action: active for active in found}  # once each, whatever keys it has
        everywhere = [active for active in named.values() if active.node is self.app]
        own = [active for active in named.values() if active.node is not self.app]
        labels = {
            active.binding.action: (self.app.get_key_display(active.binding), active.binding.description)
            for active in named.values()
        }

        def width(gap: int) -> int:
            chosen = [*own, *everywhere]
            return sum(len(" ".join(labels[active.binding.action])) + gap for active in chosen) - gap

        room, gap = self.content_size.width, 2
        for action in _LEAST_WANTED:
            if width(gap) > room:
                everywhere = [active for active in everywhere if active.binding.action != action]
        while own and width(gap) > room:
            gap = 1
            if width(gap) > room:
                own.pop()
        parts, self._spans, at = [], [], 0
        for active in (*own, *everywhere):
            key, words = labels[active.binding.action]
            parts += [
                Content.styled(key, "bold $footer-key-foreground" if active.enabled else "$dim"),
                Content.styled(f" {words}", "$footer-description-foreground" if active.enabled else "$dim"),
                Content(" " * gap),
            ]
            self._spans.append((at, at + len(key) + 1 + len(words), active.binding.key))
            at += len(key) + 1 + len(words) + gap
        self.update(Content.assemble(*parts[:-1]))

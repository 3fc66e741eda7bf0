"""A list to choose from, which can be read on every theme's cursor."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from nimbus_tui.widgets import text


class Choices(OptionList):
    """Choices with a name and what it means, which is faint except under the cursor."""

    def __init__(self, choices: Sequence[tuple[str, str, str]], *, between: str) -> None:
        """Take choices: a key, its name, what it means; and what stands between the two."""
        self._choices, self._between = choices, between
        self._stood = -1
        options = (Option(self._drawn(number), id=key) for number, (key, _, _) in enumerate(choices))
        super().__init__(*options, id="choices", markup=False)

    def _drawn(self, number: int, tone: str = "dim") -> Content:
        _, name, about = self._choices[number]
        return text.words(text.toned(name, "bold"), self._between, text.toned(about, tone))

    @on(OptionList.OptionHighlighted)
    def stand(self, event: OptionList.OptionHighlighted) -> None:
        """Draw the choice under the cursor in the cursor's ink, and the one that it left as before."""
        if self._stood >= 0:
            self.replace_option_prompt_at_index(self._stood, self._drawn(self._stood))
        self._stood = event.option_index
        self.replace_option_prompt_at_index(self._stood, self._drawn(self._stood, ""))

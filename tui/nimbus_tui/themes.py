"""Colours: dark, light, and high contrast. Nothing is said by colour alone, so that NO_COLOR loses nothing."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="nimbus-dark",
    primary="#7aa8ff",
    secondary="#5fd0c5",
    accent="#f4bf75",
    warning="#f2b155",
    error="#ff7285",
    success="#7ed491",
    foreground="#d9e0ee",
    background="#10141f",
    surface="#151b29",
    panel="#1f2739",
    dark=True,
    variables={
        "border": "#7aa8ff",
        "border-blurred": "#323d57",
        "footer-background": "#10141f",
        "footer-key-foreground": "#f4bf75",
        "footer-description-foreground": "#9aa6bf",
        "input-selection-background": "#7aa8ff 35%",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-background": "#2d4576",
        "block-cursor-blurred-background": "#232c41",
        "dim": "#8390ab",
    },
)
LIGHT = Theme(
    name="nimbus-light",
    primary="#2456c4",
    secondary="#0a7d74",
    accent="#8a5300",
    warning="#8f5a00",
    error="#b3202f",
    success="#1c7333",
    foreground="#1d2433",
    background="#f8f9fc",
    surface="#ffffff",
    panel="#e8ecf4",
    dark=False,
    variables={
        "border": "#2456c4",
        "border-blurred": "#c2cadb",
        "footer-background": "#f8f9fc",
        "footer-key-foreground": "#8a5300",
        "footer-description-foreground": "#333d52",
        "input-selection-background": "#2456c4 25%",
        "block-cursor-foreground": "#0c1730",
        "block-cursor-background": "#c7d8ff",
        "block-cursor-blurred-background": "#e6ebf6",
        "dim": "#5a657c",
    },
)
CONTRAST = Theme(
    name="nimbus-contrast",
    primary="#00e5ff",
    secondary="#00ffc8",
    accent="#ffff00",
    warning="#ffd000",
    error="#ff8080",
    success="#60ff60",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#202020",
    dark=True,
    text_alpha=1.0,
    variables={
        "border": "#ffff00",
        "border-blurred": "#b0b0b0",
        "footer-background": "#000000",
        "footer-key-foreground": "#ffff00",
        "footer-description-foreground": "#ffffff",
        "input-selection-background": "#ffff00 50%",
        "block-cursor-foreground": "#000000",
        "block-cursor-background": "#ffff00",
        "block-cursor-blurred-background": "#404040",
        "dim": "#d0d0d0",
    },
)
THEMES = (DARK, LIGHT, CONTRAST)
TONES = {
    "": "",
    "good": "$success",
    "warn": "$warning",
    "bad": "$error",
    "dim": "$dim",
    "name": "$primary",
    "note": "$accent",
    "bold": "bold",
}
"""What a text means, and the style it is drawn in."""

"""The page at /docs: the description for people, with a form to try it. It loads nothing from anywhere."""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

_METHODS = ("get", "post")
_PREDICT = "/v1/predict"


def page(described: Mapping[str, Any]) -> str:
    """Return the page of an OpenAPI description."""
    info, paths, schemas = described["info"], described["paths"], described["components"]["schemas"]
    keys = "securitySchemes" in described["components"]
    content = paths[_PREDICT]["post"]["requestBody"]["content"]["application/json"]
    examples = list(content["examples"].values())
    parts = [
        f"<h1>{escape(info['title'])}</h1>",
        f"<p>{escape(info['summary'])} Bundle {escape(info['version'])}…</p>",
        _form(examples[0]["value"], keys=keys),
        "<h2>Requests</h2>",
        *(_example(example["summary"], example["value"], keys=keys) for example in examples),
        "<h2>Addresses</h2>",
        _table(("address", "", "statuses"), _addresses(paths)),
        "<h2>Values</h2>",
        *(_schema(name, schema) for name, schema in schemas.items() if schema.get("properties")),
        '<p>All of this for programs: <a href="openapi.json">openapi.json</a></p>',
    ]
    head = "<meta charset=utf-8><meta name=viewport content='width=device-width, initial-scale=1'>"
    title = f"<title>{escape(info['title'])}</title><style>{_STYLE}</style>"
    return (
        f"<!doctype html>\n<html lang=en><head>{head}{title}</head>\n<body>{''.join(parts)}{_script()}</body></html>\n"
    )


def headers() -> dict[str, str]:
    """Return what keeps the page to itself: its own style and script by their hashes, this server, and nothing else."""
    rules = {
        "default-src": "'none'",
        "style-src": _hash(_STYLE),
        "script-src": _hash(_SCRIPT),
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    told = "; ".join(f"{name} {value}" for name, value in rules.items())
    return {"content-security-policy": told, "x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}


def _form(example: object, *, keys: bool) -> str:
    key = '<label>Key <input id=key type=password autocomplete=off placeholder="nimbus_…"></label>' if keys else ""
    body = escape(json.dumps(example, ensure_ascii=False))
    text = f"<textarea id=body rows=4 spellcheck=false aria-label=Request>{body}</textarea>"
    ask = "<button>Ask</button> <span id=status role=status></span>"
    return f"<h2>Try it</h2><form id=try>{text}{key}{ask}</form><pre id=answer hidden tabindex=0></pre>"


def _example(summary: str, value: object, *, keys: bool) -> str:
    told = shlex.quote(json.dumps(value, ensure_ascii=False))
    key = '-H "Authorization: Bearer $NIMBUS_API_KEY" ' if keys else ""
    command = f'curl -s "$ADDRESS{_PREDICT}" {key}-d {told}'
    return f"<p>{escape(summary)}</p><pre tabindex=0>{escape(command)}</pre>"


def _addresses(paths: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    for path, operations in paths.items():
        for method in _METHODS:
            if method in operations:
                told = operations[method]
                statuses = [f"{code} {response.get('description', '')}" for code, response in told["responses"].items()]
                yield f"{method.upper()} {path}", told.get("summary", ""), "\n".join(statuses)


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    rows = [(field, _kind(told)) for field, told in schema["properties"].items()]
    words = f"<p>{escape(schema['description'])}</p>" if schema.get("description") else ""
    return f"<h3>{escape(name)}</h3>{words}{_table(('field', 'is'), rows)}"


def _kind(told: Mapping[str, Any]) -> str:
    """Return a schema in words."""
    if "$ref" in told:
        return str(told["$ref"]).rpartition("/")[2]
    if "anyOf" in told:
        return " or ".join(_kind(each) for each in told["anyOf"])
    if "enum" in told:
        return ", ".join(map(str, told["enum"]))
    if told.get("type") == "array":
        return f"list of {_kind(told['items'])}"
    if isinstance(told.get("additionalProperties"), dict):
        return f"{_kind(told['additionalProperties'])} by name"
    return str(told.get("type", "anything"))


def _table(head: Sequence[str], rows: Iterator[Sequence[str]] | Sequence[Sequence[str]]) -> str:
    heads = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<div class=wide><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _script() -> str:
    return f"<script>{_SCRIPT}</script>"


_STYLE = """
:root { color-scheme: light dark; --ink: #1b2330; --soft: #5b6675; --line: #d5dbe3; --back: #fff; --code: #f3f5f8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e9f0; --soft: #9aa6b5; --line: #38424f; --back: #12171e; --code: #1b222c; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin-top: 2rem; } h3 { font-size: 1rem; }
a { color: inherit; }
pre, textarea { font: 13px/1.5 ui-monospace, monospace; background: var(--code); color: var(--ink);
  border: 1px solid var(--line); border-radius: 6px; padding: .6rem; overflow-x: auto; white-space: pre-wrap;
  overflow-wrap: anywhere; }
#answer { max-height: 30rem; overflow-y: auto; }
textarea { width: 100%; box-sizing: border-box; } input { font: inherit; } label { margin-right: 1rem; }
button { font: inherit; padding: .2rem 1rem; margin-top: .4rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { padding: .3rem .7rem .3rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top;
  white-space: pre-line; overflow-wrap: anywhere; }
th, h3 + p { color: var(--soft); font-weight: 600; } h3 + p { font-weight: 400; }
td:first-child { white-space: nowrap; }
"""

_SCRIPT = """
document.getElementById("try").addEventListener("submit", async (event) => {
  event.preventDefault();
  const status = document.getElementById("status"), answer = document.getElementById("answer");
  const key = document.getElementById("key"), headers = {"Content-Type": "application/json"};
  if (key && key.value) headers["Authorization"] = "Bearer " + key.value;
  status.textContent = "…";
  const began = performance.now();
  try {
    const body = document.getElementById("body").value;
    const told = await fetch("v1/predict", {method: "POST", headers, body});
    const text = await told.text();
    status.textContent = told.status + ", " + Math.round(performance.now() - began) + " ms";
    try { answer.textContent = JSON.stringify(JSON.parse(text), null, 1); } catch { answer.textContent = text; }
    answer.hidden = false;
  } catch (error) {
    status.textContent = "no answer: " + error.message;
  }
});
"""

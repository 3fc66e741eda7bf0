"""The options that these locust files add to locust's own."""

from __future__ import annotations

from typing import Any

from locust import events

from shapes import SHAPES


@events.init_command_line_parser.add_listener
def _declare(parser: Any) -> None:  # noqa: ANN401 - locust's own parser
    def option(name: str, words: str, default: object, **more: Any) -> None:  # noqa: ANN401 - argparse's own
        variable = f"NIMBUS_LOCUST_{name.upper().replace('-', '_')}"
        parser.add_argument(f"--{name}", help=words, default=default, env_var=variable, **more)

    option("shape", "How the load changes.", "steady", choices=list(SHAPES))
    option("rate", "Requests a second to begin with; runs at once for BatchUser.", 5.0, type=float)
    option("seconds", "How long it takes; a step of a ramp.", 60.0, type=float)
    option("limits", "What must be kept, such as p95=200,p99=500,errors=0.01 (ms; a share).", "errors=0.01")
    option("texts", "Texts in a request.", 1, type=int)
    option("payloads", "Your own texts: JSON lines, or a text a line.", "")
    option("text-field", "The field of JSON lines that holds the text.", "text")
    option("words", "Without --payloads: words of a text, the median.", 70, type=int)
    option("spread", "Without --payloads: sigma of the log-normal lengths.", 0.75, type=float)
    option("annotations", "Only these annotations, such as ents,cats.", "")
    option("timeout", "Seconds until an answer is given up.", 30.0, type=float)
    option("in-flight", "Requests in flight at most, a process; an arrival beyond is dropped.", 1000, type=int)
    option("patience", "Seconds in which the users have to be there.", 60.0, type=float)
    option("seed", "What chance begins with.", 0, type=int)
    option("api-key", "The server's key.", "", is_secret=True, include_in_web_ui=False)
    option("submit", "BatchUser: the command that submits a run and ends when it is published.", "")
    option("figures", "Write the figures of every second to this file, a JSON object a line; - for stdout.", "")
    option("result", "Write the result to this file, as JSON.", "")

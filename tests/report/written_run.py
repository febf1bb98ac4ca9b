"""A run whose page is a text, which has all that a text can have, and hostile words in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.store.row import Row
from tasks.store.store import Store
from tests.report.claimed_run import FAILED, HELD, OPEN
from tests.report.made_up_run import TIME, MadeUpRun, key_of

HOSTILE = "<script>alert(1)</script>"

BIBLIOGRAPHY = """
@article{ho2020, title={Denoising <b>Diffusion</b>}, author={Ho, J. and Jain, A. and Abbeel, P.},
  journal={NeurIPS}, year={2020}, eprint={2006.11239}}
@misc{song, title={A page}, author={Yang Song and Stefano Ermon}, year={2019},
  url={javascript:alert(1)}}
"""

TEXT = r"""# What $\epsilon$ is, and <i>how</i> it is found

[TOC]

A model learns the noise [@ho2020; @song]. This is told by @song with a footnote,[^why] and the
distance is {{ metric("evaluate/m/epoch-010", "frechet_distance"):.1f }} after
{{ duration("train/m") }} with {{ parameter("train/m", "epochs") }} epochs; another has not been
measured: {{ metric("evaluate/m/epoch-020", "frechet_distance") }}. <script>alert(1)</script> stays
text, and so does <img src=x onerror=alert(1)>. @fig:loss and @fig:samples show it.

## The formula of a long name that has to wrap on a phone {#sec:formula}

Every step is *one* line with **two** terms, `code_of_it()` and [a link](https://example.org):

$$ x_{t-1} = \frac{\sqrt{\bar\alpha_{t-1}}\,\beta_t}{1-\bar\alpha_t}\, x_0
+ \frac{\sqrt{\alpha_t}\,(1-\bar\alpha_{t-1})}{1-\bar\alpha_t}\, x_t + \tilde\beta_t\, z,
\quad z \sim \mathcal N(0, \mathbf I) $$ {#eq:step}

$$
\begin{aligned}
\mathcal L &= \mathbb E\left[\lVert \epsilon - \epsilon_\theta(x_t, t) \rVert^2\right] \\
           &\ge 0
\end{aligned}
$$

![The loss at {{ parameter("train/m", "epochs") }} epochs, $T = 300$
<script>alert(1)</script>](figure:loss)

As @eq:step of @sec:formula says. [It gets better with time](claim:a), but [not by much](claim:b),
and [nobody knows](claim:c) why; see @fig:loss again.[^why]

```listing tasks.diffusion:step
```

```listing tasks.diffusion:not_yet
```

### A table, a list and a quotation

| model | distance | words |
|:------|---------:|:-----:|
| m | {{ metric("evaluate/m/epoch-010", "frechet_distance") }} | many words that make it wide |

1. first
2. second
   - within

> Quoted, with
> $\alpha_t (1 - \alpha_{t-1}) + 1 - \alpha_t = 1 - \alpha_t \alpha_{t-1} + 0 + 0 + 0$

    code that is indented and has a very long line that goes on and on beyond the width of any phone

[^why]: Because $\epsilon$ is `small`, says
    @ho2020.
"""

SOURCE = "def step(x):\n    # <script>alert(1)</script>\n    return x\n"


def record_written(store: Store, text: str = TEXT, pipeline: str = "written") -> None:
    claims = {name: f"claim/written/{name}" for name in "abc"}
    rows: dict[str, Row] = {}
    for (_, node), info in zip(claims.items(), (HELD, FAILED, OPEN), strict=True):
        rows[node] = _row(node, "claim", info=info, metrics={"error": 0.01})
    listing = "listing/tasks.diffusion/step"
    rows[listing] = _row(
        listing,
        "listing",
        info={"file": "tasks/diffusion.py", "first_line": 3, "last_line": 5},
        objects={"source.py": store.put_object(SOURCE.encode(), "py")},
        git_commit="beef" * 10,
        git_dirty=True,
    )
    MadeUpRun(
        store,
        pipeline=pipeline,
        run_id=pipeline,
        caption='Told {{ parameter("train/m", "epochs") }} times.',
        more={
            "numbers": NUMBERS,
            "text": {
                "file": "text.md",
                "source": text,
                "bibliography": BIBLIOGRAPHY,
                "claims": claims,
                "listings": {"tasks.diffusion:step": listing},
            },
            "claim_texts": [
                {
                    "id": name,
                    "writeup": pipeline,
                    "writeup_title": "Written",
                    "claim": f"Claim {name}",
                    "holds_when": "metric < 1",
                    "node": node,
                    "figures": ["loss"],
                }
                for name, node in claims.items()
            ],
        },
        more_nodes=rows,
    ).record()


DISTANCE = "frechet_distance"
NUMBERS: Mapping[str, Any] = {
    '["metric", "evaluate/m/epoch-010", "frechet_distance"]': {
        "node": "evaluate/m/epoch-010",
        "metric": DISTANCE,
    },
    '["metric", "evaluate/m/epoch-020", "frechet_distance"]': {
        "node": "evaluate/m/epoch-020",
        "metric": DISTANCE,
    },
    '["duration", "train/m"]': {"node": "train/m", "metric": None},
    '["parameter", "train/m", "epochs"]': {"value": 10},
}


def _row(name: str, kind: str, **values: Any) -> Row:
    return Row(key=key_of(name), name=name, kind=kind, created_at=TIME, **values)

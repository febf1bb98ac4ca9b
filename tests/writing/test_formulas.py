from __future__ import annotations

import re
import time
import unicodedata

import pytest

from tasks.writing.formulas import MAX_LENGTH, to_mathml
from tasks.writing.numbers import NotReadable

OF_THE_PAPERS = [
    r"x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \epsilon",
    r"x_0 = \frac{x_t - \sqrt{1-\bar\alpha_t}\,\epsilon}{\sqrt{\bar\alpha_t}}",
    r"x_{t'} = \frac{\sqrt{\bar\alpha_{t'}}\beta_t}{1-\bar\alpha_t} x_0 "
    r"+ \frac{\sqrt{\alpha_t}(1-\bar\alpha_{t'})}{1-\bar\alpha_t} x_t + v_\sigma",
    r"\mathcal{L} = \mathbb{E}_{x,\epsilon,t}"
    r"\left[\lVert \epsilon - \epsilon_\theta(x_t, t)\rVert^2\right]",
    r"\tilde\beta_t = \beta_t \frac{1-\bar\alpha_{t-1}}{1-\bar\alpha_t}",
    r"x_t = (1-t)\,x_0 + t\,x_1,\quad \frac{\mathrm{d}x}{\mathrm{d}t} = u_\theta(x_t, t)",
    r"\epsilon = \epsilon_u + \gamma\,(\epsilon_c - \epsilon_u)",
    r"\log \sigma^2 = f \log \beta_t + (1 - f)\log\tilde\beta_t",
    r"x_{t'} \leftarrow m \odot x_{t'} + (1-m) \odot \operatorname{forward}(x_{\text{orig}}, t')",
    r"\epsilon = \tfrac12\left(\epsilon_\theta(x_t) "
    r"+ \operatorname{flip}(\epsilon_\theta(\operatorname{flip}(x_t)))\right)",
    r"\hat\epsilon = f_{\text{low}}(\epsilon_1) + f_{\text{high}}(\epsilon_2)",
    r"\nabla_{x_t} \log p(y \mid x_t)",
    r"\begin{aligned} q(x_t \mid x_0) "
    r"&= \mathcal N(x_t; \sqrt{\bar\alpha_t}x_0, (1-\bar\alpha_t)\mathbf I) \\ &= 1 \end{aligned}",
    r"\text{SNR}(t) = \frac{\bar\alpha_t}{1-\bar\alpha_t}",
    r"\begin{cases} 1 & t = 0 \\ 0 & \text{else} \end{cases}",
    r"\arg\min_\theta \sum_{i=1}^{n} \ell_i(\theta)",
    r"A = \min_i S_{ii}, \quad C = \tfrac1n \operatorname{tr} \operatorname{softmax}(S/\tau)",
    r"0.1^{1/\text{epochs}}, \; \beta \in [10^{-4}, 0.02], \; T \ge 300",
]


@pytest.mark.parametrize("latex", OF_THE_PAPERS)
def test_formulas_of_the_papers_become_mathml(latex):
    made = to_mathml(latex, True)
    assert made.startswith('<math display="block">') and made.endswith("</math>")
    # What the converter does not know it would print as it stands.
    assert "\\" not in made and "&amp;" not in made


def test_bars_are_alike_and_large_brackets_are_characters():
    bars = re.findall(
        r"<mo[^>]*>[|\u2016]</mo>", to_mathml(r"\lVert a \rVert^2 \lvert b \rvert^2", True)
    )
    assert len(bars) == 4 and all('stretchy="false"' in bar for bar in bars)
    large = to_mathml(r"\big\lVert a \big\rVert \Big\langle b \big\lfloor", True)
    assert re.findall(r"<mo[^>]*minsize[^>]*>(.)</mo>", large) == [
        "\u2016",
        "\u2016",
        "\u27e8",
        "\u230a",
    ]


def test_letters_of_other_alphabets_are_characters_since_browsers_read_no_variants():
    made = to_mathml(r"\mathcal N \mathcal{L} \mathbb E \boldsymbol\epsilon \mathbf{x}", False)
    assert "mathvariant" not in made
    found = [unicodedata.name(each) for each in re.findall(r"<mi>(.)</mi>", made)]
    assert found == [
        "MATHEMATICAL SCRIPT CAPITAL N",
        "SCRIPT CAPITAL L",
        "MATHEMATICAL DOUBLE-STRUCK CAPITAL E",
        "MATHEMATICAL BOLD ITALIC EPSILON SYMBOL",
        "MATHEMATICAL BOLD SMALL X",
    ]


@pytest.mark.parametrize("latex", [r"\text{<script>alert(1)</script>}", "<b>"])
def test_markup_in_a_formula_stays_text(latex):
    made = to_mathml(latex, False)
    assert set(re.findall(r"</?([a-z0-9]+)", made)) <= {"math", "mrow", "mtext", "mo", "mi"}


@pytest.mark.parametrize(
    ("latex", "said"),
    [
        (r"\frac{a}{", "not closed"),
        ("a}", "closes nothing"),
        (r"\left( a", r"\left has no \right"),
        (r"\begin{alined} a \end{alined}", "did you mean aligned?"),
        (r"\begin{cases} a", "has no"),
        (r"\newcommand{\x}{\x\x}\x", "cannot be used"),
        (r"\def\a{\a\a\a}\a", "cannot be used"),
        (r"\href{javascript:alert(1)}{x}", "cannot be used"),
        (r"\color{red} x", "cannot be used"),
        (r"\eplison", "did you mean"),
        ("a & b", "between"),
        ("", "empty"),
        ("a" * (MAX_LENGTH + 1), "longer than"),
        ("{" * 50 + "}" * 50, "within each other"),
        (r'\alpha = {{ metric("a", "b") }}', "cannot stand inside a formula"),
    ],
)
def test_bad_math_is_refused_with_what_is_wrong(latex, said):
    with pytest.raises(NotReadable, match=re.escape(said)):
        to_mathml(latex, True)


@pytest.mark.parametrize(
    "latex", [r"\sqrt" * 799, r"\frac" * 799, "^" * 3999, "_{a}^{" * 39 + "}" * 39, "x^" * 1999]
)
def test_formulas_made_to_explode_end_at_once(latex):
    began = time.perf_counter()
    try:
        made = to_mathml(latex, True)
    except NotReadable:
        made = ""
    assert len(made) < 10**6 and time.perf_counter() - began < 5

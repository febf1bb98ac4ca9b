from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from tasks import BadInput
from tasks.report.build import build_report
from tests.report.made_up_run import MadeUpRun, files_of, key_of
from tests.report.page_reader import Page


def build(store, tmp_path, **options) -> Page:
    """The page of the pipeline "course"."""
    index = build_report(store, tmp_path / "out", **options)
    return Page.read(index.with_name("course.html"))


def test_page_says_what_was_run_and_shows_every_panel(store, tmp_path):
    MadeUpRun(store).record()
    page = build(store, tmp_path)
    for said in (
        "A write-up",
        "quick: Small and fast",
        "Scanned digits",
        "2026-01-02 03:04 UTC",
        "run-1",
        "models.m.epochs=3",
        "torch 2.13.0",
        "6 done",
        "B1.2",
        "Figure samples",
        "Digits drawn by the model.",
        "D = 64",
        key_of("figure/samples/panel")[:12],
    ):
        assert said in page.text
    assert set(page.all("img", "alt")) == {
        "A picture of figure/loss/panel.",
        "A picture of figure/samples/panel.",
    }


def test_panel_names_the_libraries_that_drew_it_where_they_are_not_those_of_the_run(
    store, tmp_path
):
    run = MadeUpRun(store).record()
    row = store.find(run.panel_key("loss"))
    store.record(replace(row, versions={"torch": "2.13.0", "numpy": "2.4.6"}))
    page = build(store, tmp_path)
    assert page.text.count("made with the library versions of this run") == 1
    assert page.text.count("made with numpy 2.4.6") == 2  # the other panel, and the model


def test_measurements_of_the_same_checkpoint_stand_beside_samples(store, tmp_path):
    MadeUpRun(store, figures=["samples"]).record()
    page = build(store, tmp_path)
    beside = page.text.partition("All metrics as CSV")[0]
    assert "Fréchet distance 12.34" in beside
    assert "real against real 0.56" in beside


def test_sections_keep_the_order_of_the_write_up(store, tmp_path):
    MadeUpRun(store, figures=["samples", "loss", "another"]).record()
    page = build(store, tmp_path)
    headings = [page.text.rindex(f"Figure {name}") for name in ("samples", "loss", "another")]
    assert headings == sorted(headings)


def test_pages_are_well_formed_and_their_links_lead_somewhere(store, tmp_path):
    MadeUpRun(store, statuses={"figure/loss/panel": "failed"}).record()
    index = build_report(store, tmp_path / "out")
    pages = {path.name: Page.read(path) for path in index.parent.glob("*.html")}
    for name, page in pages.items():
        assert page.unclosed == []
        assert len(page.ids) == len(set(page.ids))
        for address in page.addresses:
            file, _, fragment = address.partition("#")
            if fragment:
                assert fragment in pages[file or name].ids
            elif not address.startswith("data:"):
                assert (index.parent / file).is_file()


def test_assets_are_named_by_their_content_and_nothing_is_asked_of_the_network(store, tmp_path):
    MadeUpRun(store).record()
    build(store, tmp_path)
    for path, data in files_of(tmp_path / "out").items():
        if path.startswith("assets/"):
            assert path[7:23] == hashlib.sha256(data).hexdigest()[:16]
        assert b"http://" not in data and b"https://" not in data


def test_same_manifest_gives_the_same_bytes(store, tmp_path):
    MadeUpRun(store).record()
    build_report(store, tmp_path / "one")
    build_report(store, tmp_path / "two")
    build_report(store, tmp_path / "two")
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_newest_run_of_a_pipeline_is_shown(store, tmp_path):
    MadeUpRun(
        store, run_id="run-2", title="Second", created_at="2026-02-01T00:00:00+00:00"
    ).record()
    MadeUpRun(store, run_id="run-1", title="First").record()
    assert "Second" in build(store, tmp_path).text


def test_unreadable_newest_run_falls_back_to_the_one_before_and_says_so(store, tmp_path):
    MadeUpRun(store, title="Readable").record()
    MadeUpRun(store, run_id="run-2", created_at="2026-02-01T00:00:00+00:00").record()
    damaged = store.find(key_of("run-2")).objects["layout.json"]
    (tmp_path / "store").joinpath(
        "objects", damaged.sha256[:2], f"{damaged.sha256}.json"
    ).write_bytes(b"{}")
    assert "Readable" in build(store, tmp_path).text
    assert "run-2" in Page.read(tmp_path / "out" / "index.html").text


def test_pipelines_that_one_holds_head_their_figures_and_stand_in_the_contents(store, tmp_path):
    parts = {"a": "First write-up", "b": "First write-up", "c": "Second <write-up>"}
    MadeUpRun(store, figures=list(parts), parts=parts).record()
    build_report(store, tmp_path / "out")
    page = (tmp_path / "out" / "course.html").read_text()
    begin = [
        page.index(f'id="{name}-part">{title}</h2>')
        for name, title in (("a", "First write-up"), ("c", "Second &lt;write-up&gt;"))
    ]
    figures = [page.index(f'<h3 class="title" id="{name}">') for name in parts]
    assert begin[0] < figures[0] < figures[1] < begin[1] < figures[2]
    assert page.count('class="part"') == 4
    assert all(f'<a href="#{name}-part">' in page for name in ("a", "c"))


def test_figures_of_one_pipeline_stand_under_no_other_title(store, tmp_path):
    MadeUpRun(store).record()
    build_report(store, tmp_path / "out")
    assert 'class="part"' not in (tmp_path / "out" / "course.html").read_text()


HOSTILE = "<img src=x onerror=alert(1)> \"'</title><script>alert(2)</script>"


def test_names_and_captions_stay_text(store, tmp_path):
    MadeUpRun(
        store,
        title=HOSTILE,
        caption=HOSTILE,
        error=HOSTILE,
        run_id=HOSTILE,
        figures=["loss", HOSTILE],
        statuses={f"figure/{HOSTILE}/panel": "failed"},
    ).record()
    for single_file in (False, True):
        index = build_report(store, tmp_path / "out", single_file=single_file)
        for path in index.parent.glob("*.html"):
            page = Page.read(path)
            assert HOSTILE in page.text or path.name == "metrics.html"
            assert page.unclosed == []
            assert not any("onerror" in attributes for _, attributes in page.tags)
            scripts = [a for tag, a in page.tags if tag == "script" and a.get("type") is None]
            assert len(scripts) == 1
            assert "x" not in page.all("img", "src")


@pytest.mark.parametrize("pipeline", ["../escaped", "index", "metrics", "a/b", "Ünï", "."])
def test_a_pipeline_with_any_name_gets_a_page_inside_the_folder(store, tmp_path, pipeline):
    MadeUpRun(store, pipeline=pipeline).record()
    build_report(store, tmp_path / "deep" / "out")
    pages = [path for path in files_of(tmp_path / "deep") if path.endswith(".html")]
    assert len(pages) == 4
    assert all(path.startswith("out/") and "/" not in path[4:] for path in pages)


def test_a_failed_panel_is_a_placeholder_with_its_error(store, tmp_path):
    MadeUpRun(store, statuses={"figure/loss/panel": "failed"}).record()
    page = build(store, tmp_path)
    assert "No picture: A panel" in page.all("div", "aria-label")
    assert "figure/loss/panel failed" in page.text
    assert "loss is not finite at step 12" in page.text
    assert page.all("img", "alt") == ["A picture of figure/samples/panel."]


def test_panels_below_a_failure_name_the_node_that_failed(store, tmp_path):
    below = ("sample/m/epoch-010", "evaluate/m/epoch-010", "figure/loss/panel")
    statuses = {"train/m": "failed", "figure/samples/panel": "skipped"}
    MadeUpRun(store, statuses=statuses | dict.fromkeys(below, "skipped")).record()
    page = build(store, tmp_path)
    assert page.text.count("This panel was not drawn: train/m failed.") == 2
    assert page.all("img", "alt") == []


def test_a_missing_row_and_a_damaged_picture_are_placeholders(store, tmp_path):
    run = MadeUpRun(store).record()
    store.remove(run.panel_key("loss"))
    reference = store.find(run.panel_key("samples")).objects["image.png"]
    path = tmp_path / "store" / "objects" / reference.sha256[:2] / f"{reference.sha256}.png"
    path.write_bytes(b"not this")
    page = build(store, tmp_path)
    assert "Nothing is recorded in the store for this panel." in page.text
    assert "The picture is missing from the store or damaged" in page.text


def test_a_run_without_figures_renders(store, tmp_path):
    MadeUpRun(store, figures=[]).record()
    assert "This run has no figures." in build(store, tmp_path).text


def test_all_metrics_are_in_the_csv_in_full(store, tmp_path):
    MadeUpRun(store).record()
    page = build(store, tmp_path)
    texts = [
        (tmp_path / "out" / path).read_text()
        for path in set(page.addresses)
        if path.endswith(".csv")
    ]
    (table,) = [text for text in texts if text.startswith("node,kind,metric,value\n")]
    assert "evaluate/m/epoch-010,evaluate,frechet_distance,12.34\n" in table
    assert "train/m,train,final_loss,0.084\n" in table


def test_single_file_holds_everything_itself(store, tmp_path):
    MadeUpRun(store).record()
    MadeUpRun(store, pipeline="other", run_id="run-2", title="Another").record()
    index = build_report(store, tmp_path / "out", single_file=True)
    assert sorted(files_of(tmp_path / "out")) == ["index.html", "report-files.json"]
    page = Page.read(index)
    assert all(address.startswith(("#", "data:")) for address in page.addresses)
    assert all(address[1:] in page.ids for address in page.addresses if address.startswith("#"))
    assert len(page.ids) == len(set(page.ids))
    assert "A write-up" in page.text and "Another" in page.text


def test_only_the_asked_pipelines_are_shown(store, tmp_path):
    MadeUpRun(store).record()
    MadeUpRun(store, pipeline="other", run_id="run-2").record()
    build_report(store, tmp_path / "out", pipelines=["other"])
    pages = {path for path in files_of(tmp_path / "out") if path.endswith(".html")}
    assert pages == {"index.html", "metrics.html", "other.html", "other--nodes.html"}


def test_without_a_run_the_message_says_what_to_do(store, tmp_path):
    with pytest.raises(BadInput, match="use `darkroom run` first"):
        build_report(store, tmp_path / "out")
    MadeUpRun(store).record()
    with pytest.raises(BadInput, match=r"no run of nothing \(there are course\).*run nothing"):
        build_report(store, tmp_path / "out", pipelines=["nothing"])
    assert not (tmp_path / "out").exists()


def test_a_layout_of_another_schema_is_not_guessed_at(store, tmp_path):
    MadeUpRun(store).record()
    row = store.find(key_of("run-1"))
    layout = json.loads(store.read_object(row.objects["layout.json"])) | {"schema": 2}
    reference = store.put_object(json.dumps(layout).encode(), "json")
    store.record(type(row)(**{**vars(row), "objects": {"layout.json": reference}}))
    with pytest.raises(BadInput, match="`darkroom run course`"):
        build_report(store, tmp_path / "out")

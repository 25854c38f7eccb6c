"""The pack says what is configured, to the byte, and is fit to be read by people."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.pack.blocks import BLANK, Bullets, Document, Grid, Heading, Text
from deploy.pack.document import pack
from deploy.pack.facts import Organisation, gather
from deploy.pack.html import html
from deploy.pack.markdown import markdown
from events.data_map import STORES, Kind, Person
from events.errors import SettingsError
from events.policy import BUNDLED_POLICY, load_policy
from events.settings import Settings
from glasshouse import app
from streams.keys import new_epoch, new_ring, save_keys
from tests.deploy.pack.example import FOLDER, demo
from tests.kit.agreed import agreed, agreed_flags, agreed_in

DEMO = demo()


def written(settings: Settings = DEMO, organisation: Path | None = None) -> tuple[str, str]:
    document = pack(gather(settings, organisation))
    return markdown(document), html(document)


def test_the_example_is_what_the_demo_configuration_gives() -> None:
    text, page = written()
    again = "write it anew: python -m tests.deploy.pack.example"
    assert (FOLDER / "glasshouse.md").read_text(encoding="utf-8") == text, again
    assert (FOLDER / "glasshouse.html").read_text(encoding="utf-8") == page, again


def test_every_store_in_which_somebody_can_be_found_is_in_it() -> None:
    text, page = written()
    for store in STORES:
        if store.kind is not Kind.VIEW and {*store.people} - {Person.NOBODY}:
            assert f"| {store.name} ({store.kind}) |" in text
            assert store.name.replace(">", "&gt;") in page


def test_a_change_of_the_policy_changes_the_pack(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    source = BUNDLED_POLICY.read_text(encoding="utf-8")
    policy.write_text(source.replace("retention_days = 400", "retention_days = 41"))
    text, _ = written(Settings(data_dir=tmp_path, **agreed_in(tmp_path, policy)))
    assert "| 41 days |" in text and "400 days" not in text
    assert load_policy(policy).sha256 in text


def test_settings_and_keys_stand_in_the_measures(tmp_path: Path) -> None:
    epochs = (new_epoch(1, 0), new_epoch(2, 86_400_000))
    save_keys(replace(new_ring(), epochs=epochs), tmp_path / "keys.json")
    secured = Settings(
        data_dir=tmp_path,
        kafka_tls=True,
        kafka_user="operator",
        clickhouse_url="http://ch:8123",
        **agreed(),
    )
    text, _ = written(secured)
    assert "Kafka is spoken to over TLS: yes" in text
    assert "the epochs 1 from 1970-01-01, 2 from 1970-01-02" in text
    assert "HTTP in the clear" in text
    assert "Kafka is spoken to over TLS: NO" in written()[0]


def test_what_only_the_organisation_knows_is_a_marked_gap_until_it_is_named(
    tmp_path: Path,
) -> None:
    gap = BLANK.partition("{")[0]
    text, page = written()
    assert text.count(gap) == page.count(f"<mark>{gap}") >= len(Organisation.model_fields)
    file = tmp_path / "organisation.toml"
    file.write_text("\n".join(f'{name} = "<{name}>"' for name in Organisation.model_fields))
    text, page = written(organisation=file)
    assert gap not in text + page
    assert "<dpo>" in text and "&lt;dpo&gt;" in page and "<dpo>" not in page


@pytest.mark.parametrize("content", ["name = 1", 'nmae = "x"', "name ="])
def test_a_file_of_the_organisation_that_is_wrong_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "organisation.toml"
    file.write_text(content)
    with pytest.raises(SettingsError, match="organisation file"):
        gather(DEMO, file)


class Page(HTMLParser):
    """Tags, in order; fails where they are not balanced."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_needs_no_other_and_can_be_read_aloud() -> None:
    page = Page()
    page.feed(written()[1])
    assert page.open == []
    names = [tag for tag, _ in page.tags]
    assert not {"script", "link", "img", "iframe"} & set(names)
    assert "url(" not in written()[1] and "http" not in written()[1]
    assert page.tags[0] == ("html", {"lang": "en"})
    assert names.count("h1") == names.count("main") == names.count("title") == 1
    levels = [int(tag[1]) for tag in names if re.fullmatch(r"h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert names.count("table") == names.count("caption") == names.count("thead") > 5
    assert all("scope" in attributes for tag, attributes in page.tags if tag == "th")
    anchors = {attributes["id"] for tag, attributes in page.tags if "id" in attributes}
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert {f"#{anchor}" for anchor in anchors} == set(links)


def test_text_is_never_markup() -> None:
    document: Document = [
        Heading(1, "<b>"),
        Text("a & b"),
        Bullets(["|"]),
        Grid("c", ("x",), [("1|2",)]),
    ]
    assert "<b>" not in html(document) and "&amp;" in html(document)
    assert r"| 1\|2 |" in markdown(document)


def test_the_command_writes_both_files_and_counts_the_gaps(tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    result = CliRunner().invoke(
        app, ["dpia", str(folder), "--data-dir", str(tmp_path), *agreed_flags()]
    )
    assert result.exit_code == 0, result.output
    assert "gaps are left" in result.stdout
    assert {each.name for each in folder.iterdir()} == {"glasshouse.md", "glasshouse.html"}

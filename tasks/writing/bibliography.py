"""A .bib file, and how its entries are cited: by author and year."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tasks.writing.numbers import NotReadable

MAX_BYTES = 1_000_000
MAX_PROBLEMS = 10

_ENTRY = re.compile(r"@\s*([A-Za-z]+)\s*([{(])")
_FIELD = re.compile(r"\s*,?\s*([A-Za-z][\w:.+-]*)\s*=\s*")
_KEY = re.compile(r"\s*([^\s,{}()\"#%=]{1,100})\s*(?=[,})])")
_WORD = re.compile(r"\s*([^\s,{}()\"#]+)")
_JOIN = re.compile(r"\s*#")

_MARKS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "=": "\u0304", "u": "\u0306",
    ".": "\u0307", '"': "\u0308", "r": "\u030a", "H": "\u030b", "v": "\u030c", "c": "\u0327",
    "k": "\u0328",
}  # fmt: skip
_LETTERS = {
    "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "o": "ø", "O": "Ø", "aa": "å",
    "AA": "Å", "l": "ł", "L": "Ł", "i": "\u0131", "j": "ȷ", "&": "&", "%": "%", "$": "$", "#": "#",
    "_": "_", "{": "{", "}": "}", " ": " ",
}  # fmt: skip
_ACCENT = re.compile(r"\\([`'^~=.\"]|[urHvck](?=[\s{]))\s*(?:\{\s*(\\[ij]|\w)\s*\}|(\\[ij]|\w))")
_LETTER = re.compile(r"\\(ss|ae|AE|oe|OE|aa|AA|[oOlLij](?![A-Za-z])|[&%$#_{} ])\s?")


@dataclass(frozen=True)
class Entry:
    """kind: such as "article". fields: name in small letters to text, without LaTeX. year_mark:
    the letter that tells it from others of the same authors and year."""

    key: str
    kind: str
    fields: Mapping[str, str]
    year_mark: str = ""

    @property
    def authors(self) -> list[tuple[str, str]]:
        """Family and given name of each; a name in braces is a family name."""
        return [_split_name(each) for each in _names(self.fields)]

    @property
    def year(self) -> str:
        found = re.search(r"\d{4}", self.fields.get("year") or self.fields.get("date") or "")
        return f"{found[0] if found else 'n.d.'}{self.year_mark}"

    @property
    def who(self) -> str:
        """ "Ho et al."."""
        families = [family for family, _ in self.authors]
        if not families:
            return self.fields.get("title") or self.key
        if len(families) > 2:
            return f"{families[0]} et al."
        return " and ".join(families)

    @property
    def address(self) -> str | None:
        """Where it can be read, https or http."""
        fields = self.fields
        if doi := fields.get("doi"):
            doi = re.sub(r"^(https?://(dx\.)?doi\.org/|doi:)", "", doi.strip())
            return f"https://doi.org/{doi}" if re.fullmatch(r"10\.\S{2,200}", doi) else None
        if arxiv := re.search(r"\d{4}\.\d{4,5}", fields.get("eprint", "")):
            return f"https://arxiv.org/abs/{arxiv[0]}"
        url = fields.get("url", "").strip()
        return url if re.fullmatch(r"https?://[^\s<>\"']{3,500}", url) else None

    @property
    def reference(self) -> list[str]:
        """Authors with the year, title, and where it appeared: each a sentence without its end."""
        fields = self.fields
        names = [f"{family}, {given}" if given else family for family, given in self.authors]
        who = ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + "".join(names[-1:])
        place = next(
            (
                fields[name]
                for name in ("journal", "journaltitle", "booktitle", "publisher", "school",
                             "institution", "howpublished")
                if fields.get(name)
            ),
            "",
        )  # fmt: skip
        if not place and "eprint" in fields:
            place = f"arXiv:{fields['eprint']}"
        volume = fields.get("volume", "")
        number = f"({fields['number']})" if volume and fields.get("number") else ""
        pages = fields.get("pages", "").replace("--", "\u2013")
        where = ", ".join(part for part in (place, f"{volume}{number}", pages) if part)
        title = fields.get("title", "")
        return [f"{who or title} ({self.year})", *([title] if who and title else []), where]


def read_bibliography(text: str) -> tuple[dict[str, Entry], list[tuple[int, str]]]:
    """Entries by key, and what cannot be read: line and what is wrong there."""
    entries: dict[str, Entry] = {}
    problems: list[tuple[int, str]] = []
    strings: dict[str, str] = {name: name.capitalize() for name in _MONTHS}
    place = 0
    while len(problems) < MAX_PROBLEMS and (found := _ENTRY.search(text, place)) is not None:
        kind, place = found[1].lower(), found.end()
        try:
            if kind in ("comment", "preamble"):
                place = _end(text, found.end() - 1)
                continue
            key = ""
            if kind != "string":
                named = _KEY.match(text, place)
                if named is None:
                    raise NotReadable(f"@{kind} has no key; expected @{kind}{{key, author = ...}}")
                key, place = named[1], named.end()
            fields, place = _read_fields(text, place, strings, key or "string")
        except NotReadable as error:
            problems.append((text.count("\n", 0, found.start()) + 1, str(error)))
            continue
        if kind == "string":
            strings |= fields
        elif key in entries:
            line = text.count("\n", 0, found.start()) + 1
            problems.append((line, f"{key} is there a second time"))
        else:
            entries[key] = Entry(
                key,
                kind,
                {
                    name: _plain(_whole_names(each) if name in ("author", "editor") else each)
                    for name, each in fields.items()
                },
            )
    return entries, problems


_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


def _read_fields(
    text: str, place: int, strings: Mapping[str, str], of: str
) -> tuple[dict[str, str], int]:
    fields: dict[str, str] = {}
    while (named := _FIELD.match(text, place)) is not None:
        value, place = _read_value(text, named.end(), strings, f"{of}: {named[1]}")
        fields[named[1].lower()] = value
    closing = re.compile(r"\s*,?\s*[})]").match(text, place)
    if closing is None:
        raise NotReadable(f"{of} is not closed, or a comma or = is missing in it")
    return fields, closing.end()


def _read_value(text: str, place: int, strings: Mapping[str, str], of: str) -> tuple[str, int]:
    parts: list[str] = []
    while True:
        while place < len(text) and text[place].isspace():
            place += 1
        begin = text[place : place + 1]
        if begin == "{":
            end = _end(text, place)
            parts.append(text[place + 1 : end - 1])
        elif begin == '"':
            end = _end_of_quoted(text, place, of)
            parts.append(text[place + 1 : end - 1])
        else:
            word = _WORD.match(text, place)
            if word is None:
                raise NotReadable(f"{of} has no value")
            end = word.end()
            parts.append(word[1] if word[1].isdigit() else strings.get(word[1].lower(), word[1]))
        place = end
        join = _JOIN.match(text, place)
        if join is None:
            return "".join(parts), place
        place = join.end()


_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)


def _end(text: str, place: int) -> int:
    """Behind the brace that closes the one at `place`."""
    depth = 0
    if text[place] == "(":
        found = text.find(")", place)
        return len(text) if found < 0 else found + 1
    for found_brace in _BRACE.finditer(text, place):
        depth += {"{": 1, "}": -1}.get(found_brace[0], 0)
        if depth == 0:
            return found_brace.end()
    raise NotReadable("a { is not closed")


def _end_of_quoted(text: str, place: int, of: str) -> int:
    depth = 0
    for found in re.compile(r'\\.|[{}"]', re.DOTALL).finditer(text, place + 1):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if found[0] == '"' and depth == 0:
            return found.end()
    raise NotReadable(f'{of} has no closing "')


def _whole_names(text: str) -> str:
    """The authors, those in braces, such as a laboratory, as family names."""
    names, begin, depth = [], 0, 0
    for found in re.finditer(r"[{}]|\s+and\s+", text):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth == 0 and found[0] not in "{}":
            names.append(text[begin : found.start()])
            begin = found.end()
    names.append(text[begin:])
    return " and ".join(
        f"{name[1:-1].replace(',', ' ')}," if re.fullmatch(r"\{[^{}]*\}", name) else name
        for name in (each.strip() for each in names)
    )


def _plain(text: str) -> str:
    """Accents as letters, without braces and the rest of LaTeX; one space between words."""

    def accented(found: re.Match[str]) -> str:
        letter = (found[2] or found[3]).removeprefix("\\")
        return unicodedata.normalize("NFC", letter + _MARKS[found[1]])

    text = _ACCENT.sub(accented, text)
    text = _LETTER.sub(lambda found: _LETTERS[found[1]], text)
    text = re.sub(r"\\(?:emph|textit|textbf|texttt|url|textsc|mathrm)\s*(?=\{)", "", text)
    text = text.replace("~", " ").replace("---", "\u2014").replace("``", "\u201c")
    text = text.replace("''", "\u201d").replace("{", "").replace("}", "").replace("$", "")
    return " ".join(text.split())


def _names(fields: Mapping[str, str]) -> list[str]:
    names = re.split(r"\s+and\s+", fields.get("author") or fields.get("editor") or "")
    return [name for name in names if name]


def _split_name(name: str) -> tuple[str, str]:
    """ "Ho, Jonathan" and "Jonathan Ho" alike; "van den Oord" stays together."""
    if "," in name:
        family, _, given = name.partition(",")
        return family.strip(), given.strip()
    words = name.split()
    first = next((i for i, w in enumerate(words[:-1]) if i and w[0].islower()), len(words) - 1)
    return " ".join(words[first:]), " ".join(words[:first])


def cited(entries: Mapping[str, Entry], keys: Iterable[str]) -> dict[str, Entry]:
    """Those of the keys that are there, in the order of a list of references; years of the same
    authors told apart by letters."""
    chosen = [entries[key] for key in dict.fromkeys(keys) if key in entries]
    chosen.sort(key=lambda e: (_sorted(e.who), e.year, _sorted(e.fields.get("title", "")), e.key))
    same = Counter((entry.who, entry.year) for entry in chosen)
    given: Counter[tuple[str, str]] = Counter()
    marked = {}
    for entry in chosen:
        label = (entry.who, entry.year)
        mark = ""
        if same[label] > 1:
            mark = "abcdefghijklmnopqrstuvwxyz"[given[label] % 26]
            given[label] += 1
        marked[entry.key] = Entry(entry.key, entry.kind, entry.fields, mark)
    return marked


def _sorted(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in folded if not unicodedata.combining(each))

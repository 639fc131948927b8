"""Lists of classes with a number in each line are keyed by it in any dress, or refused; never counted by line."""

import pytest

from datatransformer.tables.class_tables import read_class_table
from datatransformer.tables.label_names import read_label_names
from settings import WorkError

NAMES = {2: "eel", 0: "cat", 1: "guinea pig"}


@pytest.mark.parametrize(
    "form",
    [
        "{}. {}", "{}.{}", "{}) {}", "({}) {}", "[{}] {}", "{}: {}", "{} = {}", "{}={}", "{} - {}", "{} – {}", "{}-{}",
        "{} -> {}", "{} => {}", "{}\t{}", '"{}" "{}"', '"{}": "{}"', "class {}: {}", "Class {} - {}", "label {} {}",
        "id {}: {}", "#{} - {}", "No. {}: {}", "{}_{}", "{}|{}", "{},{}", "{} {}",
        "{1} -> {0}", "{1} ({0})", "{1} [{0}]", "{1} - {0}", "{1}: {0}", '"{1}" "{0}"', "{1} {0}",
    ],
)  # fmt: skip
def test_numbers_in_any_dress(tmp_path, form):
    path = tmp_path / "classes.txt"
    path.write_text("".join(form.format(number, name) + "\n" for number, name in NAMES.items()))
    names = read_label_names(path, ["0", "1", "2"])
    assert [names.of(label) for label in "012"] == ["cat", "guinea pig", "eel"]
    assert names.classes == ["cat", "guinea pig", "eel"]
    assert {row.index: row.name for row in read_class_table(path)} == NAMES


@pytest.mark.parametrize("form", ["Class_{}_{}", "{1}-{0}", "{1}{0}", "n{}/{}"])
def test_numbers_in_an_unknown_dress_are_refused(tmp_path, form):
    path = tmp_path / "classes.txt"
    path.write_text("".join(form.format(number, name) + "\n" for number, name in NAMES.items()))
    with pytest.raises(WorkError, match="header index,name"):
        read_label_names(path, ["0", "1", "2"])
    path.write_text("index,name\n" + "".join(f"{number},{name}\n" for number, name in NAMES.items()))
    assert read_label_names(path, ["0", "1", "2"]).of("2") == "eel"


@pytest.mark.parametrize(
    "lines",
    [["type 2", "type 1"], ["resnet18", "vgg16"], ["3-door", "5-door"], ["0.5 mm", "1.5 mm"], ["7up", "cola"], ["A1"]],
)
def test_numbers_of_names_stay(tmp_path, lines):
    path = tmp_path / "classes.txt"
    path.write_text("\n".join(lines))
    assert [(row.index, row.name) for row in read_class_table(path)] == list(enumerate(lines))


def test_labels_that_are_whole_lines(tmp_path):
    path = tmp_path / "classes.txt"
    path.write_text("2.dog\n1.cat\n")
    assert read_label_names(path, ["1.cat", "2.dog"]).of("1.cat") == "1.cat"
    assert read_label_names(path, ["1", "2"]).of("1") == "cat"
    path.write_text("B2\nA1\n")
    assert read_label_names(path, ["A1", "B2"]).classes == ["B2", "A1"]


def test_the_label_map_of_tensorflow(tmp_path):
    path = tmp_path / "label_map.pbtxt"
    path.write_text("item {\n  id: 2\n  name: '/m/01'\n  display_name: \"dog\"\n}\nitem {\n  name: 'cat'\n  id: 1\n}\n")
    names = read_label_names(path, ["1", "2"])
    assert names.of("1") == "cat" and names.of("2") == "dog"


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ("dx,name\nm,melanoma\nn,naevus\n", ["m", "n"], ["melanoma", "naevus"]),
        ("name,dx\nmelanoma,m\nnaevus,n\n", ["m", "n"], ["melanoma", "naevus"]),
        ("short,long,group\nm,melanoma,a\nn,naevus,a\n", ["melanoma", "naevus"], ["melanoma", "naevus"]),
        ("name,count\ncat,2\ndog,0\neel,1\n", ["0", "1", "2"], ["cat", "dog", "eel"]),
        ("cat\ndog\nbig_eel\n", ["Cat", "DOG", "big eel"], ["cat", "dog", "big_eel"]),
        ("n01440764 tench, Tinca tinca\nn01443537 goldfish\n", ["0", "1"], ["tench, Tinca tinca", "goldfish"]),
        ("0,Ka\u0308se\n1,cat\u200b\n", ["0", "1"], ["K\u00e4se", "cat"]),
        ("| id | name |\n|---|:--|\n| 1 | cat |\n| 0 | dog |\n", ["0", "1"], ["dog", "cat"]),
    ],
)  # fmt: skip
def test_names_of_labels(tmp_path, text, labels, expected):
    path = tmp_path / "classes.txt"
    path.write_text(text, encoding="utf-8")
    names = read_label_names(path, labels)
    assert [names.of(label) for label in labels] == expected


def test_spellings_are_said_and_kept_apart_where_both_are_there(tmp_path):
    path = tmp_path / "classes.txt"
    path.write_text("cat\ndog\n")
    assert "in another spelling: Cat as cat" in read_label_names(path, ["Cat", "dog"]).description
    path.write_text("cat\nCat\ndog\n")
    names = read_label_names(path, ["CAT", "Cat", "dog"])
    assert names.of("Cat") == "Cat" and names.of("CAT") is None

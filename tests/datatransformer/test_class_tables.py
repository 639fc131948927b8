"""Names of classes in every form that people and programs write; merges, lists and label names too."""

import json

import pytest

from datatransformer.report import Report
from datatransformer.tables.class_tables import RawClass, read_class_table, read_merge
from datatransformer.tables.image_list import read_list
from datatransformer.tables.label_names import read_label_names
from settings import SettingError, WorkError

PLAIN = [(0, "ground"), (1, "traffic light"), (2, "core")]
COLOURED = [(0, "ground", (0, 0, 0)), (1, "traffic light", (128, 0, 0)), (2, "core", (0, 64, 255))]


def classes(path) -> list[tuple]:
    return [(row.index, row.name, *([row.colour] if row.colour else [])) for row in read_class_table(path)]


def written(tmp_path, text: str, name: str = "classes.csv"):
    (tmp_path / name).write_text(text)
    return tmp_path / name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ground\ntraffic light\ncore\n", PLAIN),
        ("name\nground\ntraffic light\ncore\n", PLAIN),
        ("id,name\n2,core\n1,traffic light\n0,ground\n", PLAIN),
        ("Name; Value\ncore;2\ntraffic light;1\nground;0\n", PLAIN),
        (",class_name\n0,ground\n1,traffic light\n2,core\n", PLAIN),
        ("2,core\n1,traffic light\n0,ground\n", PLAIN),
        ("core\t2\ntraffic light\t1\nground\t0\n", PLAIN),
        ("0: ground\n1: traffic light\n2: core\n", PLAIN),
        ("0 ground\n1 traffic light\n2 core\n", PLAIN),
        ("ground 0\ntraffic light 1\ncore 2\n", PLAIN),
        ("label_id,category,supercategory\n0,ground,a\n1,traffic light,a\n2,core,b\n", PLAIN),
        ('["ground", "traffic light", "core"]', PLAIN),
        ("['ground', 'traffic light', 'core']", PLAIN),
        ('{"ground": 0, "core": 2, "traffic light": 1}', PLAIN),
        ("names: [ground, traffic light, core]\nnc: 3\n", PLAIN),
        ("train: x\nnames:\n  0: ground\n  1: traffic light\n  2: core\n", PLAIN),
        ('{"images": [], "categories": [{"id": 2, "name": "core"}, {"id": 0, "name": "ground"},'
         ' {"id": 1, "name": "traffic light"}]}', PLAIN),
        ('{"id2label": {"0": "ground", "1": "traffic light", "2": "core"}}', PLAIN),
        ("0 0 0 ground\n128 0 0 traffic light\n0 64 255 core\n", COLOURED),
        ("ground 0 0 0\ntraffic light 128 0 0\ncore 0 64 255\n", COLOURED),
        ("2 0 64 255 core\n0 0 0 0 ground\n1 128 0 0 traffic light\n", COLOURED),
        ("name,r,g,b\nground,0,0,0\ntraffic light,128,0,0\ncore,0,64,255\n", COLOURED),
        ("ground,0,0,0\ntraffic light,128,0,0\ncore,0,64,255\n", COLOURED),
        ("red,green,blue,name,share\n0,0,0,ground,9 %\n128,0,0,traffic light,5 %\n0,64,255,core,\n", COLOURED),
        ("id,r,g,b,name,group\n0,0,0,0,ground,a\n1,128,0,0,traffic light,a\n2,0,64,255,core,b\n", COLOURED),
        ("# label:color_rgb:parts:actions\nground:0,0,0::\ntraffic light:128,0,0::\ncore:0,64,255::\n", COLOURED),
        ('class;rgb\nground;"0,0,0"\ntraffic light;"(128, 0, 0)"\ncore;#0040ff\n', COLOURED),
        ("label,color\nground,#000000\ntraffic light,#800000\ncore,#0040FF\n", COLOURED),
        ('[{"name": "ground", "color": "#000000"}, {"name": "traffic light", "color": "#800000"},'
         ' {"name": "core", "color": [0, 64, 255]}]', COLOURED),
        ('{"label_map": {"0": "ground", "1": "traffic light", "2": "core"}, "background_label": "0",'
         ' "segmentation_colors": [[0, 0, 0], [128, 0, 0], [0, 64, 255]]}', COLOURED),
        ("0: ground\n7: core\n", [(0, "ground"), (7, "core")]),
        ("names:\n  0: no\n  1: yes\n  2: 1e3\n", [(0, "no"), (1, "yes"), (2, "1e3")]),
        ("names: [on, off]\n", [(0, "on"), (1, "off")]),
        ("names:\n  core: [0, 64, 255]\n  ground: [0, 0, 0]\n", [(0, "core", (0, 64, 255)), (1, "ground", (0, 0, 0))]),
        ("type 1\ntype 2\n", [(0, "type 1"), (1, "type 2")]),
        ("tench, Tinca tinca\nshark, white, man-eater\nbus\n",
         [(0, "tench, Tinca tinca"), (1, "shark, white, man-eater"), (2, "bus")]),
        ("0 0 0 ground\n100 100 100 core\n", [(0, "ground", (0, 0, 0)), (100, "core", (100, 100, 100))]),
        ("index,name\n0,0\n1,1\n", [(0, "0"), (1, "1")]),
    ],
)  # fmt: skip
def test_classes_of_masks(tmp_path, text, expected):
    assert classes(written(tmp_path, text)) == expected


def test_a_table_in_utf_16(tmp_path):
    (tmp_path / "t.txt").write_bytes("index\tname\n1\tcafé\n0\tx\n".encode("utf-16"))
    assert classes(tmp_path / "t.txt") == [(0, "x"), (1, "café")]


def test_tables_that_name_void(tmp_path):
    labelme = read_class_table(written(tmp_path, "__ignore__\n_background_\ncat\ndog\n"))
    assert labelme == [
        RawClass(0, "_background_"), RawClass(1, "cat"), RawClass(2, "dog"), RawClass(255, "__ignore__", is_void=True),
    ]  # fmt: skip
    rows = read_class_table(written(tmp_path, "0,a\n1,b\n255,void\n"))
    assert [row.index for row in rows if row.is_void] == [255]
    report = Report()
    cityscapes = read_class_table(
        written(
            tmp_path,
            "name,id,trainId,category,catId,hasInstances,ignoreInEval,color\n"
            'unlabeled,0,255,void,0,False,True,"(0, 0, 0)"\nroad,7,0,flat,1,False,False,"(128, 64,128)"\n'
            'license plate,-1,-1,vehicle,7,False,True,"(0,0,142)"\nsidewalk,8,1,flat,1,False,False,"(244,35,232)"\n',
        ),
        report,
    )
    assert [(row.index, row.name, row.is_void) for row in cityscapes] == [
        (0, "unlabeled", True), (7, "road", False), (8, "sidewalk", False),
    ]  # fmt: skip
    assert "values from the column id, names from the column name, colours from color" in report.readings[0]
    assert "void: unlabeled" in report.readings[0] and "negative value" in report.readings[1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,name\n0,a\n0,b\n", "lines 2 and 3 have the same index, 0"),
        ("id,name\n0,a\n1,a\n", "lines 2 and 3 have the same name, a"),
        ("0 0 0 a\n0 0 0 b\n", "lines 1 and 2 have the same colour"),
        ("cat,feline\ndog,canine\n", "two columns of words.*index,name"),
        ("cat\n1,dog\nbird\n", "line 2, '1,dog', looks like a row of a table"),
        ("0 0 0 Void\n128 128 Sky\n", "line 2: '128 128 Sky' should be R G B name"),
        ("0 0 0 Void\n300 1 2 Sky\n", "line 2: Sky has the colour 300 1 2"),
        ("name,red\nSky,1\n", "red, green and blue are needed together"),
        ("name,red,green,blue\nSky,1,2\n", "line 2: '1,2,' is no colour of three parts"),
        ("index,name\n0,a\none,b\n", "line 3: the value 'one' of b is no whole number"),
        ("index,name\n0,a\n70000,b\n", "line 3: b has the index 70000"),
        ("1,2,a\n2,3,b\n", "2 columns of numbers and no header"),
        ("", "it is empty"),
        ("PK\x03\x04", "save it as CSV"),
        ('{"a": ', "is no table of classes"),
    ],
)
def test_what_is_undecided_is_refused(tmp_path, text, words):
    with pytest.raises(SettingError, match=f"(?s)class_names.*(?:{words})"):
        read_class_table(written(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    ["from,to\nBus,Car\n", "to;from\nCar;Bus\n", "old\tnew\nBus\tCar\n", "Bus,Car\n", "class,superclass\nBus,Car\n"],
)
def test_merges(tmp_path, text):
    assert read_merge(written(tmp_path, text)) == {"Bus": "Car"}


def test_wrong_merges(tmp_path):
    with pytest.raises(SettingError, match="line 3: Bus becomes both Car and Van"):
        read_merge(written(tmp_path, "from,to\nBus,Car\nBus,Van\n"))
    with pytest.raises(SettingError, match="its columns are x, y, name, and not from and to"):
        read_merge(written(tmp_path, "x,y,name\n1,2,b\n"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.jpg\n\nb.jpg\n", ["a.jpg", "b.jpg"]),
        ("filename\na.jpg\nb.jpg\n", ["a.jpg", "b.jpg"]),
        ("a 1\nb -1\nc  0\n", ["a", "b", "c"]),
        ("/i/a.png /m/a.png\n/i/b.png /m/b.png\n", ["/i/a.png", "/i/b.png"]),
        ("my photo 1.jpg\nmy photo 2.jpg\n", ["my photo 1.jpg", "my photo 2.jpg"]),
        ("a.jpg (1).jpg\nb.jpg\nc.jpg\n", ["a.jpg (1).jpg", "b.jpg", "c.jpg"]),
        ("image,label\na.jpg,x\nb.jpg,y\n", ["a.jpg", "b.jpg"]),
        (",file\n0,a.jpg\n1,b.jpg\n", ["a.jpg", "b.jpg"]),
        ("a.jpg,1\nb.jpg,0\n", ["a.jpg", "b.jpg"]),
        ("a, b.jpg\nc, d.jpg\n", ["a, b.jpg", "c, d.jpg"]),
        ("image,split\na.jpg,train\nb.jpg,val\n", ["b.jpg"]),
        ("# mine\n0001\n0002\n", ["0001", "0002"]),
        ("image 1\nimage 2\n", ["image 1", "image 2"]),
        (json.dumps(["a.jpg", "b.jpg"]), ["a.jpg", "b.jpg"]),
        ("", []),
    ],
)
def test_lists_of_images(tmp_path, text, expected):
    assert list(read_list(written(tmp_path, text, "val.txt"), "val")) == expected


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ("label,name\n0,airport\n10,beach\n2,city\n", ["0", "2", "10"], ["airport", "city", "beach"]),
        ("airport\nbeach\n", ["0", "1"], ["airport", "beach"]),
        ("airport\nbeach\n", ["1", "2"], ["airport", "beach"]),
        ("airport\nbeach\n", ["beach", "airport"], ["beach", "airport"]),
        ("mel,Melanoma\nnv,Nevus\n", ["mel", "nv"], ["Melanoma", "Nevus"]),
        ("Melanoma,mel\nNevus,nv\n", ["mel", "nv"], ["Melanoma", "Nevus"]),
        ("0,a\n1,b\n", ["0.0", "01"], ["a", "b"]),
        ("n01440764 tench, Tinca tinca\nn01443537 goldfish\n", ["n01443537"], ["goldfish"]),
        ('{"0": ["n01440764", "tench"], "1": ["n01443537", "goldfish"]}', ["1"], ["goldfish"]),
    ],
)  # fmt: skip
def test_names_of_labels(tmp_path, text, labels, expected):
    names = read_label_names(written(tmp_path, text), labels)
    assert [names.of(label) for label in labels] == expected


def test_labels_without_a_name_are_listed_once(tmp_path):
    path = written(tmp_path, "label,name\nmels,Melanoma\nnv,Nevus\nbcc,Carcinoma\n")
    names = read_label_names(path, ["mel", "nv", "odd"])
    assert names.of("mel") is None and names.classes == ["Carcinoma", "Melanoma", "Nevus"]
    assert "2 labels are not in" in names.warnings[0] and "mel (the file has mels), odd" in names.warnings[0]
    assert "2 classes of" in names.warnings[1]


@pytest.mark.parametrize(
    ("text", "labels", "words"),
    [
        ("a\nb\nc\nd\n", ["1", "2"], "may count its 4 names from 0 or from 1"),
        ("0,airport\n1,airport\n", ["0"], "lines 1 and 2 have the same name"),
        ("0,airport\n0,beach\n", ["0"], "lines 1 and 2 have the same label"),
        ("cat,feline\ndog,canine\n", ["x"], "two columns of words"),
    ],
)
def test_undecided_names_of_labels(tmp_path, text, labels, words):
    with pytest.raises(WorkError, match=words):
        read_label_names(written(tmp_path, text), labels)

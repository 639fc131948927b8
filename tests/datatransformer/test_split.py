from datatransformer.split import natural_order, stratified


def test_each_class_gives_its_rounded_share():
    names = {size: [f"{size}/{number}" for number in range(size)] for size in (2, 3, 7, 8, 10, 97, 1000)}
    chosen = stratified(names, 0.2, seed=0)
    counts = {size: sum(name in chosen for name in names[size]) for size in names}
    assert counts == {2: 1, 3: 1, 7: 1, 8: 2, 10: 2, 97: 19, 1000: 200}


def test_neither_order_nor_company_matters():
    names = [f"{number:06d}.jpg" for number in range(500)]
    chosen = stratified({"a": names}, 0.2, seed=3)
    assert chosen == stratified({"a": reversed(names)}, 0.2, seed=3)
    assert chosen != stratified({"a": names}, 0.2, seed=4)
    more = stratified({"a": [*names, "new.jpg"]}, 0.2, seed=3)
    assert len(chosen ^ more) <= 2, "an added image moves few"


def test_numbers_keep_numeric_order():
    assert sorted(["10", "9", "2", "0"], key=natural_order) == ["0", "2", "9", "10"]
    assert sorted(["room10", "room9", "attic", "Attic2"], key=natural_order) == ["Attic2", "attic", "room9", "room10"]

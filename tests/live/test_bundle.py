"""How a widget's files become one module: what is understood, what is refused, and that it runs."""

import base64
import re

import pytest
from node_bridge import LIVE, run_script

from aecore import live
from aecore.live import bundle
from aecore.live.view import LiveBox, View


def views(kind=View):
    """Every class of view that the package has."""
    return {kind, *(found for below in kind.__subclasses__() for found in views(below))}


DRAWING = sorted((v for v in views() if hasattr(v, "_esm")), key=lambda view: view.__name__)
WIDGETS = sorted(path.relative_to(LIVE).as_posix() for path in LIVE.glob("widgets/*.js"))


def run(source: str, script: str):
    """What `script` makes of `m`, the module with this source, in Node."""
    code = base64.b64encode(source.encode()).decode()
    body = f'const m = await import("data:text/javascript;base64," + data); return {script};'
    return run_script(body, code)


def test_every_widget_of_the_package_is_tried_here():
    boxes = [thing for thing in vars(live).values() if isinstance(thing, type)]
    assert len(DRAWING) == sum(issubclass(box, LiveBox) for box in boxes)
    assert {bundle.compose(name) for name in WIDGETS} == {str(view._esm) for view in DRAWING}


@pytest.mark.parametrize("view", DRAWING)
def test_each_widget_is_one_module_that_asks_for_no_other(view):
    source = str(view._esm)
    assert not re.search(r"\bimport\b(?!\(\"\.[^\"]*\"\)\.)", source), "types in comments apart"
    assert len(re.findall(r"\bexport\b", source)) == 1
    assert run(source, "[Object.keys(m), typeof m.default.render]") == [["default"], "function"]


def test_every_script_of_the_rooms_is_part_of_a_widget():
    used = {module.name for name in WIDGETS for module in bundle.modules(name)}
    assert used == {path.relative_to(LIVE).as_posix() for path in LIVE.rglob("*.js")}


def test_a_file_comes_once_and_before_those_that_import_it():
    names = [module.name for module in bundle.modules("widgets/explorer.js")]
    assert len(set(names)) == len(names)
    needed = ["maths/activations.js", "maths/decoder.js", "drawing/pad.js", "widgets/explorer.js"]
    assert sorted(names, key=names.index) == names
    assert [name for name in names if name in needed] == needed


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes files, {path: source}, that stand where the package's JavaScript would."""
    monkeypatch.setattr(bundle, "HERE", tmp_path)

    def write_all(files):
        for name, source in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(source, encoding="utf-8")

    return write_all


def composed(name: str) -> str:
    return bundle.compose.__wrapped__(name)


def test_each_file_has_a_scope_of_its_own(write):
    write(
        {
            "a.js": "const size = 1;\nexport const one = () => size;\n",
            "b.js": "const size = 2;\nexport const two = () => size;\n",
            "w.js": 'import { one } from "./a.js";\nimport { two } from "./b.js";\n'
            "const size = 3;\nexport default [one(), two(), size];\n",
        }
    )
    assert run(composed("w.js"), "m.default") == [1, 2, 3]


def test_the_forms_that_the_files_use_do_what_they_do_in_node(write, tmp_path):
    write(
        {
            "maths/a.js": "export function f() {\n  return 1;\n}\n"
            "export async function g() {}\nexport class C {}\nexport const k = 4;\n"
            "const inner = 5;\nconst other = 6;\nexport { inner, other as outer };\n",
            "w.js": 'import {\n  f,\n  g as later,\n  C,\n  k,\n} from "./maths/a.js";\n'
            'import { inner, outer as o } from "./maths/a.js";\n'
            "export const named = 1;\n"
            "export default {\n  told: [f(), later.name, new C() instanceof C, k, inner, o],\n};\n",
        }
    )
    (tmp_path / "package.json").write_text('{"type": "module"}')
    address = (tmp_path / "w.js").as_uri()
    told = run_script("return (await import(data)).default.told;", address)
    assert told == [1, "g", True, 4, 5, 6]
    assert run(composed("w.js"), "m.default.told") == told
    assert run(composed("w.js"), "Object.keys(m)") == ["default"]


def test_comments_on_lines_of_their_own_stay_behind_and_nothing_else(write):
    source = (
        "/** What: an import of something. */\n"
        "// export nothing\n"
        "const told = [\n"
        "  /** @type {number} */ (1), // one\n"
        "  `\n// a line of a text\n/* and another */\n`,\n"
        '  "export default // 2",\n'
        "  'import \\' // 3',\n"
        '  `${1 ? `// ${2}` : ""}`,\n'
        "];\n"
        "/* the last\n   words */\n"
        "export default told;\n"
    )
    write({"w.js": source})
    told = run(composed("w.js"), "m.default")
    text = "\n// a line of a text\n/* and another */\n"
    assert told == [1, text, "export default // 2", "import ' // 3", "// 2"]
    for gone in ("What:", "export nothing", "the last"):
        assert gone not in composed("w.js")


REFUSED = [
    'import one from "./a.js";',
    'import * as a from "./a.js";',
    'import one, { two } from "./a.js";',
    'import "./a.js";',
    'import { one } from "./a.js"',
    'import { one } from "lodash";',
    "import { one } from './a.js';",
    'import { "one" as two } from "./a.js";',
    'const later = import("./a.js");',
    "const here = import.meta.url;",
    'export * from "./a.js";',
    'export { one } from "./a.js";',
    "export let one = 1;",
    "export var one = 1;",
    "export const { one } = {};",
    "export function* many() {}",
    "export default 1;",
    "export default function () {}",
    "export default class {}",
    "  export const one = 1;",
]


@pytest.mark.parametrize("line", REFUSED)
def test_a_form_that_is_not_known_is_refused_by_file_and_line(write, line):
    write({"a.js": "export const one = 1;\n"})
    write({"room/w.js": f"/* first\n */\n{line}\nexport default 1;\n"})
    with pytest.raises(ValueError) as refused:
        composed("room/w.js")
    assert str(refused.value).startswith("room/w.js, line 3: this form is not known here: ")
    assert line.strip() in str(refused.value)


def test_what_cannot_be_imported_is_refused_by_file_and_line(write):
    write(
        {
            "a.js": "export const one = 1;\n",
            "w.js": 'import { one, two } from "./a.js";\nexport default one;\n',
            "v.js": '\nimport { one } from "./b.js";\nexport default one;\n',
            "u.js": 'import { one } from "../../a.js";\nexport default one;\n',
            "t.js": 'import { x } from "./s.js";\nexport default x;\n',
            "s.js": "export const x = 1;\nexport default x;\n",
            "r.js": "export const x = 1;\n",
        }
    )
    for name, message in (
        ("w.js", r"w\.js, line 1: a\.js does not export two"),
        ("v.js", r"v\.js, line 2: there is no file \./b\.js"),
        ("u.js", r"u\.js, line 1: there is no file \.\./\.\./a\.js"),
        ("t.js", r"s\.js has a default, which t\.js cannot import"),
        ("r.js", r"r\.js has no `export default`"),
    ):
        with pytest.raises(ValueError, match=message):
            composed(name)


def test_files_that_import_one_another_are_refused(write):
    write(
        {
            "a.js": 'import { b } from "./b.js";\nexport const a = 1;\n',
            "b.js": 'import { c } from "./c.js";\nexport const b = 1;\n',
            "c.js": 'import { a } from "./a.js";\nexport const c = 1;\n',
            "w.js": 'import { b } from "./b.js";\nexport default b;\n',
        }
    )
    with pytest.raises(ValueError, match=r"one another: b\.js -> c\.js -> a\.js -> b\.js"):
        composed("w.js")


def test_a_widget_carries_the_style_sheets_of_what_it_imports(write):
    write(
        {
            "live.css": "/* all */\n.all {\n  top: 0;\n}\n",
            "a.js": "export const a = 1;\n",
            "a.css": '.a {\n  content: "b";\n}\n',
            "b.js": "export const b = 1;\n",
            "b.css": ".b {}\n",
            "w.js": 'import { a } from "./a.js";\nexport default a;\n',
            "w.css": ".w {}\n",
        }
    )
    sheet = bundle.stylesheet.__wrapped__("w.js")
    assert re.findall(r"\.(\w+) {", sheet) == ["all", "a", "w"]
    assert "/*" not in sheet


def test_every_style_sheet_stands_beside_a_script():
    sheets = {path.with_suffix("") for path in LIVE.glob("*/*.css")}
    assert sheets
    assert sheets <= {path.with_suffix("") for path in LIVE.glob("*/*.js")}

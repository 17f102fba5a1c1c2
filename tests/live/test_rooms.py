"""The rooms of aecore/live: imports run widgets -> controls -> drawing -> maths, and none runs back."""

import re

import pytest
from node_bridge import LIVE
from test_package import imported

ROOMS = ["maths", "drawing", "controls", "widgets"]
SCRIPTS = sorted(LIVE.rglob("*.js"))
MODULES = sorted(set(LIVE.rglob("*.py")) - {LIVE / "__init__.py"})  # which names all widgets


def name_of(path):
    return path.relative_to(LIVE).as_posix()


@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_no_script_imports_from_a_room_above_its_own(path):
    """Types in comments count too: what is described by another file is known to this one."""
    own = ROOMS.index(path.parent.name)
    for target in re.findall(r'(?:from |import\()"([^"]+)"', path.read_text(encoding="utf-8")):
        found = (path.parent / target).resolve()
        assert found.is_file(), f"{name_of(path)} names {target}, which is not there"
        assert ROOMS.index(found.parent.name) <= own, f"{name_of(path)} imports {name_of(found)}"
        if own == ROOMS.index("widgets"):
            assert found.parent.name != "widgets", "a widget is not part of another"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_what_widgets_share_knows_no_widget_and_no_widget_another(path):
    for name in imported(path):
        assert not name.startswith("aecore.live.widgets"), f"{name_of(path)} imports {name}"
        assert name != "aecore.live", f"{name_of(path)} imports all widgets"


def test_a_widget_is_a_python_file_and_a_script_of_one_name():
    stems = {
        end: {path.stem for path in (LIVE / "widgets").glob(f"*.{end}")} for end in ("py", "js")
    }
    assert stems["py"] - {"__init__"} == stems["js"]


def test_no_two_scripts_have_the_same_name():
    names = [path.name for path in SCRIPTS]
    assert len(set(names)) == len(names)

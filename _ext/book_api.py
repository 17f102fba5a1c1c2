"""Sphinx extension: the appendix about the package, made of its docstrings.

The directive `{package}` lists the package's modules, one a line. It gives a table of them, and a section
for each with its public functions and classes. Public is what a module lists in `__all__`, or else what is
defined in it and has a name without leading underscore. So a new function comes onto the page by itself, and
a module that is not in the list is a warning, which the build takes as an error.
"""

import importlib
import inspect
import pkgutil
import re
from functools import cache

import book_docstrings
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.inspect import stringify_signature

PACKAGE = "aecore"
# Types of PyTorch as one writes them: where they are defined says nothing to a reader.
AS_WRITTEN = {
    r"~torch\.nn\.modules\.\w+\.": "nn.",
    r"~torch\.distributions\.\w+\.": "torch.distributions.",
    r"~torch\.(?:_C\.)?(?!Tensor)": "torch.",
    r"~ipywidgets\.widgets\.\w+\.": "ipywidgets.",
    r"~builtins\.": "",
    r"(?<!~)\btorch\.Tensor": "Tensor",
}
LOGGER = logging.getLogger(__name__)
SIGNATURE = re.compile(r'<dt class="sig sig-object py".*?</dt>', re.DOTALL)
GATHERED = re.compile(r"\*args\b.*\*\*kwargs\b")


@cache
def public_modules() -> tuple[str, ...]:
    """Names of the package's modules; a module inside another one belongs to that one."""
    package = importlib.import_module(PACKAGE)
    names = (module.name for module in pkgutil.iter_modules(package.__path__))
    return tuple(f"{PACKAGE}.{name}" for name in names if not name.startswith("_"))


@cache
def public_objects() -> dict[str, object]:
    """The public functions and classes of all modules by full name, methods and properties with them."""
    found = {}
    for module_name in public_modules():
        module = importlib.import_module(module_name)
        for name in getattr(module, "__all__", vars(module)):
            value = getattr(module, name)
            own = hasattr(module, "__all__") or getattr(value, "__module__", "") == module_name
            if own and not name.startswith("_") and callable(value):
                found[f"{module_name}.{name}"] = value
                if inspect.isclass(value):
                    found.update(_members(f"{module_name}.{name}", value))
    return found


def _members(class_name: str, value: type) -> dict[str, object]:
    return {
        f"{class_name}.{name}": member
        for name, member in vars(value).items()
        if not name.startswith("_") and is_documented_member(member)
    }


def is_documented_member(member: object) -> bool:
    """Whether an attribute of a class is code: not a widget's trait, not a field of a tuple."""
    return inspect.isroutine(member) or isinstance(member, property | classmethod | staticmethod)


def full_name(code: str, module: str) -> str | None:
    """What a piece of code names, from the point of view of a module: the full name, or None."""
    if code.startswith(f"{PACKAGE}."):
        return code
    objects = public_objects()
    for candidate in (f"{PACKAGE}.{code}", f"{module}.{code}"):
        if candidate in objects or candidate in public_modules():
            return candidate
    ends = [name for name in objects if name.endswith(f".{code}") and _is_of_module(name, code)]
    return ends[0] if len(ends) == 1 else None


def documented_name(name: str) -> str | None:
    """The public name of `Class.attribute`, which a public base may describe in the class's place."""
    objects = public_objects()
    owner, _, attribute = name.rpartition(".")
    names = {value: known for known, value in objects.items() if inspect.isclass(value)}
    for base in getattr(objects.get(owner), "__mro__", ()):
        if f"{names.get(base)}.{attribute}" in objects:
            return f"{names[base]}.{attribute}"
    return None


def _is_of_module(name: str, code: str) -> bool:
    return name.removesuffix(f".{code}") in public_modules()


class Package(SphinxDirective):
    """The table of modules, and a section for each."""

    has_content = True

    def run(self):
        modules = [line.strip() for line in self.content if line.strip()]
        for name in sorted(set(modules).symmetric_difference(public_modules())):
            place = "is not in the list of" if name in public_modules() else "does not exist, see"
            LOGGER.warning(
                "%s %s the appendix about the package", name, place, location=self.get_location()
            )
        rows = [f"   {name}" for name in modules]
        table = self._rst(".. autosummary::", "   :nosignatures:", "", *rows)
        return [*table, *(self._section(name) for name in modules)]

    def _section(self, module: str) -> nodes.section:
        section = nodes.section(ids=[nodes.make_id(module)], names=[module])
        section += nodes.title("", "", nodes.literal(module, module))
        section += self._rst(f".. automodule:: {module}", "   :members:")
        for name, value in _listed_constants(module).items():
            options = f"   :module: {module}", f"   :value: {value!r}"
            section += self._rst(f".. py:data:: {name}", *options)
        self.state.document.note_explicit_target(section, section)
        return section

    def _rst(self, *lines: str) -> list[nodes.Node]:
        content = StringList(["```{eval-rst}", *lines, "```"], source=self.env.docname)
        holder = nodes.Element()
        self.state.nested_parse(content, self.content_offset, holder)
        return holder.children


def _listed_constants(module: str) -> dict[str, object]:
    """What is in `__all__` and neither function nor class; autodoc would describe it as a `str`."""
    listed = getattr(importlib.import_module(module), "__all__", ())
    values = {name: getattr(importlib.import_module(module), name) for name in listed}
    return {name: value for name, value in values.items() if not callable(value)}


def _argument_names(value: object) -> list[str]:
    try:
        return list(inspect.signature(value).parameters)
    except (TypeError, ValueError):
        return []


def _write_docstring(app, what, name, value, options, lines):
    """Turn the plain text of a docstring into markup, in place."""
    module = next((m for m in public_modules() if f"{name}.".startswith(f"{m}.")), PACKAGE)
    arguments = _argument_names(value)

    def resolve(code: str) -> str | None:
        target = None if code in arguments else full_name(code, module)
        return None if target == name else target

    docstring = "\n".join(lines)
    if inspect.isclass(value) and (bases := _bases(value)):
        docstring += f"\n\nBases: {bases}"
    text = book_docstrings.to_rst(docstring, arguments, resolve)
    lines[:] = text.split("\n")


def _write_signature(app, what, name, value, options, signature, returns):
    if signature and GATHERED.search(signature):
        signature = _own_signature(value)
    # Sphinx cuts a default out of its line by bytes: one with an index such as z₁ gets the comma after it.
    signature = signature and signature.replace("),,", "),")
    return signature and _written(signature), returns and _written(returns)


def _own_signature(value: type) -> str:
    """What the class itself asks for, where a base takes whatever comes; empty where it asks for nothing."""
    if "__init__" not in vars(value) or getattr(value, "_is_protocol", False):
        return ""
    signature = inspect.signature(value.__init__)
    own = [p for name, p in signature.parameters.items() if name != "self"]
    return stringify_signature(signature.replace(parameters=own), show_return_annotation=False)


def _written(types: str) -> str:
    """Types as one writes them."""
    for found, written in AS_WRITTEN.items():
        types = re.sub(found, written, types)
    return types


def _leave_out(app, what, name, value, skip, options):
    """Of a class, what is not code: traits of widgets, fields of named tuples and data classes."""
    return True if what == "class" and not is_documented_member(value) else None


def _bases(value: type) -> str:
    """The classes that a class is made from, those of the package's own that are not public passed over."""
    public = {v: name for name, v in public_objects().items() if inspect.isclass(v)}
    bases = (
        next(b for b in base.__mro__ if b in public or not b.__module__.startswith(PACKAGE))
        for base in value.__bases__
        if base is not object
    )
    names = (public.get(b) or _written(f"~{b.__module__}.{b.__qualname__}") for b in bases)
    return ", ".join(f"`{name.lstrip('~')}`" for name in names)


def _mend_page(app, pagename, templatename, context, doctree):
    """Signatures in markup that screen readers understand; beside the text, the names of one module."""
    if SIGNATURE.search(context.get("body", "")):
        context["body"] = SIGNATURE.sub(_without_list, context["body"])
        context["theme_show_toc_level"] = 1


def _without_list(signature: re.Match) -> str:
    """Sphinx writes parameters on lines of their own as a list of definitions that define nothing."""
    markup = (
        signature[0].replace("<dl>", '<span class="book-parameters">').replace("</dl>", "</span>")
    )
    return markup.replace("<dd>", "<span>").replace("</dd>", "</span>")


def _configure(app, config):
    config.autodoc_member_order = "bysource"
    config.autodoc_typehints_format = "short"
    config.autodoc_preserve_defaults = True
    config.autosummary_generate = False
    config.python_maximum_signature_line_length = 80
    config.toc_object_entries_show_parents = "hide"


def setup(app):
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx.ext.autosummary")
    app.connect("config-inited", _configure)
    app.connect("autodoc-process-docstring", _write_docstring)
    app.connect("autodoc-process-signature", _write_signature)
    app.connect("autodoc-skip-member", _leave_out)
    app.connect("html-page-context", _mend_page, priority=100)  # before the theme makes its lists
    app.add_directive("package", Package)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

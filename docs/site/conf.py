"""The documentation site's configuration; docs/site/build.py runs it. Every warning is an error."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import molmach

project = "molmach"
author = "the authors of molmach"
release = version = molmach.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton", "docstrings"]

html_theme = "furo"
html_title = "molmach"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
exclude_patterns = ["site/**", ".doctrees"]
pygments_style = "friendly"
pygments_dark_style = "monokai"
copybutton_exclude = ".linenos, .gp, .go"

myst_enable_extensions = ["colon_fence", "attrs_inline"]
myst_heading_anchors = 4

# What a docstring refers to must be there (docstrings.py sees to short names). Names of other packages are
# taken on trust, for looking them up would need the network.
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(?!molmach\b).*"),
    ("py:.*", r"molmach\..*(\bAnnotated(\[.*)?|<locals>.*)"),
]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
python_display_short_literal_types = True
add_module_names = False
toc_object_entries_show_parents = "hide"

"""Sphinx extension: links to the repository and to Colab, on copies of the book that know their repository.

The address is that of the GitHub workflow that builds the book, or of the git remote `origin`. Without a
GitHub address there are no such links, never a guess.
"""

import os
import re
import subprocess

GITHUB = re.compile(
    r"(?:https?://(?:[^@/]*@)?|git@|ssh://git@)github\.com[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?$"
)


def github_address(remote):
    """The https address of a GitHub repository, without credentials; None for any other remote."""
    match = GITHUB.match(remote)
    return f"https://github.com/{match[1]}" if match else None


def repository_url(root):
    """The address of this checkout's GitHub repository, or None."""
    server, name = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_REPOSITORY")
    if server and name:
        return github_address(f"{server}/{name}")
    command = ["git", "-C", root, "remote", "get-url", "origin"]
    try:
        return github_address(
            subprocess.run(command, capture_output=True, text=True).stdout.strip()
        )
    except FileNotFoundError:
        return None


def _offer_links(app, config):
    options = config.html_theme_options
    url = repository_url(app.srcdir)
    options.update(
        repository_url=url or "",
        repository_branch="main",
        use_repository_button=bool(url),
        use_issues_button=bool(url),
        use_edit_page_button=bool(url),
        launch_buttons={"colab_url": "https://colab.research.google.com"} if url else {},
    )


def _colab_only_for_notebooks(app, pagename, templatename, context, doctree):
    """Colab opens .ipynb files; the theme would send it Markdown notebooks too."""
    if not str(app.env.doc2path(pagename)).endswith(".ipynb"):
        buttons = context.get("header_buttons", [])
        buttons[:] = [button for button in buttons if button.get("label") != "launch-buttons"]


def setup(app):
    app.connect("config-inited", _offer_links)
    app.connect("html-page-context", _colab_only_for_notebooks, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

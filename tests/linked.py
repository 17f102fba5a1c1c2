"""What of a widget goes on working in a saved page."""

from ipywidgets.embed import dependency_state


def links_of(widget):
    """What is linked in the page that a widget is saved to: {(slider description, view trait)}."""
    state = dependency_state([widget], drop_defaults=False)
    ends = [
        [(state[ref.removeprefix("IPY_MODEL_")]["state"], trait) for ref, trait in link_ends]
        for link_ends in (
            (model["state"]["source"], model["state"]["target"])
            for model in state.values()
            if model["model_name"] == "LinkModel"
        )
    ]
    assert all(source[1] == "value" for source, _ in ends)
    return {(source["description"], trait) for (source, _), (_, trait) in ends}

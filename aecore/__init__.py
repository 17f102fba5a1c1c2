"""Small, exact, fast autoencoders in PyTorch: the package behind the book *Autoencoders, Live*.

Every chapter imports from here. Nothing heavy is loaded until it is asked for:
``import aecore`` alone costs nothing, and each module pulls in only what it needs.
"""

__version__ = "0.1.0"

"""What these tests have in common with the plugin's."""

from tests.plugin.conftest import page_of

__all__ = ["page_of"]

"""What TensorBoard imports at its start. A failure here would take every dashboard down, so nothing that can fail is imported."""

from __future__ import annotations

import logging

from tensorboard.plugins.base_plugin import TBContext, TBLoader, TBPlugin

_log = logging.getLogger("tb_explain")


class ExplainLoader(TBLoader):
    """Makes the plugin, or leaves TensorBoard without it."""

    def load(self, context: TBContext) -> TBPlugin | None:
        """The plugin, or None when something that it needs cannot be imported: said in one line, never raised."""
        try:
            from tb_explain.plugin.plugin import ExplainPlugin

            return ExplainPlugin(context)
        except Exception as error:
            _log.error("the Explain tab is not available: %s: %s", type(error).__name__, " ".join(str(error).split()))
            return None

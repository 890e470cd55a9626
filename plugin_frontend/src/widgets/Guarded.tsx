/** Keeps what cannot be drawn to its own place: whatever is beside it stays alive. */
import { Component, type ComponentChildren } from "preact";

type Props = { children: ComponentChildren };

export class Guarded extends Component<Props, { reason: unknown }> {
  override state: { reason: unknown } = { reason: undefined };

  override componentDidCatch(reason: unknown): void {
    console.warn("What a record holds cannot be drawn:", reason);
    this.setState({ reason });
  }

  override render() {
    const { reason } = this.state;
    if (reason === undefined) return this.props.children;
    return (
      <p class="notice" role="status" data-testid="undrawable">
        This cannot be shown: {reason instanceof Error ? reason.message : String(reason)}
      </p>
    );
  }
}

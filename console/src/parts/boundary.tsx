import { Component, type ReactNode } from 'react';

interface Props {
  /** Another one is another try. */
  of: string;
  /** In place of saying so: of a part that has no place of its own on the page. */
  instead?: ReactNode;
  children: ReactNode;
}

/** Holds a view that fails: the rest of the page goes on, and says that there was a fault. */
export class Boundary extends Component<Props, { failed: string | null }> {
  override state = { failed: null as string | null };

  static getDerivedStateFromError(error: unknown): { failed: string } {
    return { failed: String(error) };
  }

  override componentDidUpdate(before: Props): void {
    if (before.of !== this.props.of) this.setState({ failed: null });
  }

  override render(): ReactNode {
    if (this.state.failed === null) return this.props.children;
    if (this.props.instead !== undefined) return this.props.instead;
    return (
      <div className="fault" role="alert">
        <p>This cannot be shown: a fault of the console.</p>
        <p className="hint">{this.state.failed.slice(0, 300)}</p>
        <button type="button" className="button" onClick={() => this.setState({ failed: null })}>
          Try again
        </button>
      </div>
    );
  }
}

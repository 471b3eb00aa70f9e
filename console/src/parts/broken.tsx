import { Component, type ReactNode } from "react";
import { Problem } from "./states.tsx";

type State = { error: Error | null };

/** In place of a page that fails: what happened, and what to do. */
export class Broken extends Component<{ children: ReactNode }, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: Error): State {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return <Problem error={new Error(`This page failed: ${error.message}`)} retry={() => location.reload()} />;
  }
}

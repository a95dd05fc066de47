import { Component } from 'react';

// Boundary shows what broke instead of an empty page, and how to go on: what the
// playground keeps in the browser may be what broke it.
export class Boundary extends Component {
  state = { error: null };

  static getDerivedStateFromError(error) {
    return { error };
  }

  render() {
    const { error } = this.state;
    if (!error) {
      return this.props.children;
    }
    return (
      <main className="starting" role="alert">
        <p>The playground broke: {String(error)}</p>
        <button onClick={startAfresh} type="button">
          Forget its tabs and start afresh
        </button>
      </main>
    );
  }
}

function startAfresh() {
  for (const name of Object.keys(localStorage)) {
    if (/^(graphiql|candlewright):/.test(name)) {
      localStorage.removeItem(name);
    }
  }
  location.reload();
}

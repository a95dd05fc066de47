import { config } from './config.js';

// Bar is the line above GraphiQL. Until the server has told about itself it
// shows the name alone.
export function Bar({ server }) {
  return (
    <header className="bar">
      <img alt="" className="bar-mark" src={config.icon} />
      <h1>Candlewright</h1>
      {server && <span className="bar-version">{server.version}</span>}
      {server?.simulated && (
        <span className="bar-simulated" role="status" title="No price here is real: a simulated market stands in for the sources.">
          Simulated market
        </span>
      )}
      <nav>
        <code>{config.endpoint}</code>
        <a href={config.licenses} rel="noopener" target="_blank">
          Licences
        </a>
      </nav>
    </header>
  );
}

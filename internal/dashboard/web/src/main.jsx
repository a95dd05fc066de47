// The playground: GraphiQL with the program's examples, its name and a word on
// whether its candles are simulated. Everything it loads comes from the program.
import { DOC_EXPLORER_PLUGIN } from '@graphiql/plugin-doc-explorer';
import { GraphiQL } from 'graphiql';
import { useState } from 'react';
import { createRoot } from 'react-dom/client';
import 'graphiql/style.css';

import { Bar } from './bar.jsx';
import { Boundary } from './boundary.jsx';
import { config } from './config.js';
import { EXAMPLES_PLUGIN } from './examples.jsx';
import { fetcher } from './fetcher.js';
import { OpenPane, rememberPane } from './pane.jsx';
import { Companion } from './server.jsx';
import './style.css';

// These stay the same objects: GraphiQL starts anew what changes.
const plugins = [EXAMPLES_PLUGIN];
const tabs = config.examples.map(({ query, variables }) => ({ query, variables }));

function Playground() {
  const [server, setServer] = useState(null);
  return (
    <>
      <Bar server={server} />
      <GraphiQL
        defaultEditorToolsVisibility="variables"
        defaultTabs={tabs}
        fetcher={fetcher}
        inputValueDeprecation
        onTogglePluginVisibility={rememberPane}
        plugins={plugins}
        referencePlugin={DOC_EXPLORER_PLUGIN}
        schemaDescription
      >
        <GraphiQL.Logo>{' '}</GraphiQL.Logo>
        <OpenPane first={DOC_EXPLORER_PLUGIN.title} />
        <Companion server={server} onServer={setServer} />
      </GraphiQL>
    </>
  );
}

createRoot(document.getElementById('playground')).render(
  <Boundary>
    <Playground />
  </Boundary>,
);

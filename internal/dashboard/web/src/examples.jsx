import { useEditorContext } from '@graphiql/react';
import { flushSync } from 'react-dom';

import { config } from './config.js';

function Icon() {
  return (
    <svg aria-hidden="true" fill="none" height="20" stroke="currentColor" strokeWidth="1.5" viewBox="0 0 20 20" width="20">
      <path d="M5 2v3M5 13v4M3 5h4v8H3zM14 3v4M14 12v5M12 7h4v5h-4z" />
    </svg>
  );
}

// Examples lists the operations that a first visit finds as tabs. A click leads
// to the tab that still has one as it was, or opens it anew.
function Examples() {
  const { tabs, activeTabIndex, addTab, changeTab, queryEditor, variableEditor } = useEditorContext({ nonNull: true });
  const open = ({ query, variables }) => {
    const at = tabs.findIndex((tab, i) => (i === activeTabIndex ? queryEditor.getValue() : tab.query) === query);
    if (at >= 0) {
      changeTab(at);
      return;
    }
    flushSync(addTab); // it empties the editors
    queryEditor.setValue(query);
    variableEditor.setValue(variables);
  };
  return (
    <section aria-label="Examples" className="examples">
      <div className="graphiql-doc-explorer-title">Examples</div>
      <ul>
        {config.examples.map((example) => (
          <li key={example.name}>
            <button className="graphiql-un-styled" onClick={() => open(example)} type="button">
              <strong>{example.name}</strong>
              <span>{example.about}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

export const EXAMPLES_PLUGIN = { title: 'Examples', icon: Icon, content: Examples };

import { useEditorContext } from '@graphiql/react';
import { useEffect } from 'react';

import { recall, remember } from './memory.js';

// rememberPane notes which pane a person opened, or that they closed it.
export function rememberPane(plugin) {
  remember('pane', plugin ? plugin.title : '');
}

// OpenPane opens the pane at the left that was open at the last visit, at the
// first visit the one named. It presses the pane's button, since GraphiQL 4 hides
// a pane that its property visiblePlugin names.
export function OpenPane({ first }) {
  const ready = Boolean(useEditorContext({ nonNull: true }).variableEditor);
  useEffect(() => {
    const title = recall('pane', first);
    if (ready && title) {
      document.querySelector(`button[aria-label="Show ${CSS.escape(title)}"]`)?.click();
    }
  }, [ready, first]);
  return null;
}

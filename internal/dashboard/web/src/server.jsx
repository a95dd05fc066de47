import { useEditorContext } from '@graphiql/react';
import { useEffect, useRef } from 'react';
import { flushSync } from 'react-dom';

import { config } from './config.js';
import { recall, remember } from './memory.js';

const ABOUT = `query About {
  server { version simulated }
  enrichmentRuns(first: 1) { nodes { jobId } }
}`;

// about asks the server what it is, and for its newest run. It is null where the
// server does not say, as without a key where it wants one.
async function about(headers) {
  try {
    const response = await fetch(config.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query: ABOUT, operationName: 'About' }),
    });
    return (await response.json()).data ?? null;
  } catch {
    return null;
  }
}

// settled is how long GraphiQL takes, in milliseconds, to note in a tab what was
// typed in its editors: they are set anew from the tab when tabs are.
const settled = 250;

// Companion lives inside GraphiQL, shows nothing and does two things: it learns
// about the server, again after an answer while it knows nothing, and it puts
// the jobId of the run that was triggered last into the variables of the tabs
// that want one.
export function Companion({ server, onServer }) {
  const context = useEditorContext({ nonNull: true });
  const latest = useRef(context);
  latest.current = context;
  const { tabs, activeTabIndex, headerEditor, variableEditor } = context;
  const response = tabs[activeTabIndex]?.response;

  useEffect(() => {
    if (server || !variableEditor) {
      return undefined;
    }
    let gone = false;
    void about(parsed(headerEditor?.getValue())).then((data) => {
      if (gone || !data?.server) {
        return;
      }
      onServer(data.server);
      const newest = data.enrichmentRuns?.nodes[0]?.jobId;
      if (newest) {
        follow(latest.current, newest);
      }
    });
    return () => {
      gone = true;
    };
  }, [Boolean(variableEditor), response]);

  useEffect(() => {
    const jobId = /^\s*mutation\b/m.test(tabs[activeTabIndex]?.query ?? '') && queuedRun(parsed(response)?.data);
    if (jobId) {
      setTimeout(() => follow(latest.current, jobId), settled);
    }
  }, [response]);

  return null;
}

// follow puts a jobId into the variables of all tabs that want one.
function follow({ tabs, activeTabIndex, moveTab, variableEditor }, jobId) {
  const last = recall('run', '');
  remember('run', jobId);
  const wants = (tab, at) => at !== activeTabIndex && wantsRun(tab.variables, last);
  if (tabs.some(wants)) {
    // The active tab must stay the same object: moveTab finds it again by that.
    flushSync(() => moveTab(tabs.map((tab, at) => (wants(tab, at) ? { ...tab, variables: withRun(tab.variables, jobId) } : tab))));
  }
  const shown = variableEditor.getValue();
  if (wantsRun(shown, last)) {
    variableEditor.setValue(withRun(shown, jobId));
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// queuedRun is the jobId in the answer of a mutation that queued a run.
function queuedRun(data) {
  return Object.values(data ?? {}).find((payload) => payload?.run?.jobId)?.run.jobId;
}

// wantsRun says whether variables have a jobId that no person chose: none yet,
// or the one that was put there before.
function wantsRun(variables, last) {
  const jobId = parsed(variables)?.jobId;
  return jobId === '' || (jobId !== undefined && jobId === last);
}

function withRun(variables, jobId) {
  return JSON.stringify({ ...parsed(variables), jobId }, null, 2);
}

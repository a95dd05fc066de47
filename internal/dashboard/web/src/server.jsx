import { useEditorContext } from '@graphiql/react';
import { useEffect } from 'react';

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

// Companion lives inside GraphiQL, shows nothing and does two things: it learns
// about the server, again after an answer while it knows nothing, and it puts
// the jobId of the run that was triggered last into the variables of the tabs
// that want one.
export function Companion({ server, onServer }) {
  const { tabs, activeTabIndex, headerEditor, moveTab, variableEditor } = useEditorContext({ nonNull: true });
  const active = tabs[activeTabIndex];
  const response = active?.response;
  const ready = Boolean(variableEditor);

  const follow = (jobId) => {
    const last = recall('run', '');
    remember('run', jobId);
    if (wantsRun(active.variables, last)) {
      variableEditor.setValue(withRun(active.variables, jobId));
    }
    // The active tab must stay the same object: moveTab finds it again by that.
    moveTab(tabs.map((tab) => (tab !== active && wantsRun(tab.variables, last) ? { ...tab, variables: withRun(tab.variables, jobId) } : tab)));
  };

  useEffect(() => {
    if (server || !ready) {
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
        follow(newest);
      }
    });
    return () => {
      gone = true;
    };
  }, [ready, response]); // eslint-disable-line -- asked once more only when there was an answer

  useEffect(() => {
    const jobId = /^\s*mutation\b/m.test(active?.query ?? '') && queuedRun(parsed(response)?.data);
    if (jobId) {
      follow(jobId);
    }
  }, [response]); // eslint-disable-line -- one answer is followed once

  return null;
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

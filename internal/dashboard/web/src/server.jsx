import { useEditorContext } from '@graphiql/react';
import { useEffect, useState } from 'react';

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
// about the server, again after an answer while it knows nothing, and where the
// variables of a tab want a run, it puts in the jobId of the one that was triggered
// last.
export function Companion({ server, onServer }) {
  const { tabs, activeTabIndex, headerEditor, variableEditor } = useEditorContext({ nonNull: true });
  const { id, query, response } = tabs[activeTabIndex] ?? {};
  const [newest, setNewest] = useState(null);
  const ready = Boolean(variableEditor);

  useEffect(() => {
    if (server || !ready) {
      return undefined;
    }
    let gone = false;
    void about(parsed(headerEditor?.getValue())).then((data) => {
      if (!gone && data?.server) {
        onServer(data.server);
        setNewest((known) => known ?? data.enrichmentRuns?.nodes[0]?.jobId);
      }
    });
    return () => {
      gone = true;
    };
  }, [ready, response]);

  useEffect(() => {
    const jobId = /^\s*mutation\b/m.test(query ?? '') && queuedRun(parsed(response)?.data);
    if (jobId) {
      setNewest(jobId);
    }
  }, [response]);

  useEffect(() => {
    if (ready && newest && wantsRun(variableEditor.getValue())) {
      put(variableEditor, newest);
    }
  }, [ready, newest, id]);

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
// or one that was put there before.
function wantsRun(variables) {
  const jobId = parsed(variables)?.jobId;
  return jobId === '' || recall('runs', '').split(' ').includes(jobId);
}

function put(editor, jobId) {
  editor.setValue(JSON.stringify({ ...parsed(editor.getValue()), jobId }, null, 2));
  const runs = recall('runs', '').split(' ').filter((run) => run !== jobId);
  remember('runs', [jobId, ...runs].slice(0, 100).join(' '));
}

import t from 'tap';
import { escapeXml, junitXml } from '../../../orchestrator/scenario/junit.js';
import { closing } from '../../../orchestrator/scenario/render.js';
import type { ScenarioResult } from '../../../orchestrator/scenario/result.js';

const PASSED: ScenarioResult = {
  name: 'fine',
  description: '',
  file: 'fine.yaml',
  seed: 1,
  outcome: 'passed',
  launchMs: 500,
  durationMs: 1500,
  steps: [{ title: 'wait 1s', line: 3, depth: 0, startMs: 0, durationMs: 1000, outcome: 'passed', seen: '' }],
  replay: 'netarium test fine.yaml --seed 1',
};

t.test('a test case a scenario', async (t) => {
  const failed: ScenarioResult = {
    ...PASSED,
    name: 'bad',
    file: 'a & b.yaml',
    outcome: 'failed',
    failure: { title: 'fetch "x"', line: 7, atMs: 250, expected: 'status <400', seen: 'status is 500\nreally' },
    evidence: 'out/bad',
  };
  const { failure } = failed;
  t.equal(
    junitXml([PASSED, failed, { ...failed, outcome: 'error', failure }], new Date(Date.UTC(2026, 10, 28, 4, 5, 6))),
    `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="netarium" tests="3" failures="1" errors="1" time="6.000">
  <testsuite name="netarium test" tests="3" failures="1" errors="1" time="6.000" timestamp="2026-11-28T04:05:06">
    <testcase name="fine" classname="netarium" time="2.000">
      <system-out>fine.yaml, seed 1
passed 0.000 s wait 1s</system-out>
    </testcase>
    <testcase name="bad" classname="netarium" time="2.000">
      <failure message="status is 500&#10;really" type="failed">line 7: fetch &quot;x&quot;
after 0.250 s
expected: status &lt;400
seen: status is 500
really
evidence: out/bad
again: netarium test fine.yaml --seed 1</failure>
      <system-out>a &amp; b.yaml, seed 1
passed 0.000 s wait 1s</system-out>
    </testcase>
    <testcase name="bad" classname="netarium" time="2.000">
      <error message="status is 500&#10;really" type="error">line 7: fetch &quot;x&quot;
after 0.250 s
expected: status &lt;400
seen: status is 500
really
evidence: out/bad
again: netarium test fine.yaml --seed 1</error>
      <system-out>a &amp; b.yaml, seed 1
passed 0.000 s wait 1s</system-out>
    </testcase>
  </testsuite>
</testsuites>
`,
  );
});

t.test('what XML cannot say', async (t) => {
  t.equal(escapeXml(`<a href="x">'&'</a>`), '&lt;a href=&quot;x&quot;&gt;&apos;&amp;&apos;&lt;/a&gt;');
  t.equal(escapeXml('\x00\x1b[31m\t\n\ufffe'), '\ufffd\ufffd[31m\t\n\ufffd');
  t.equal(escapeXml('\ud800x\udc00'), '\ufffdx\ufffd', 'lone surrogates');
  t.equal(escapeXml('😀 ok ]]>'), '😀 ok ]]&gt;');
});

t.test('what could not be kept is said with what came of the scenario', async (t) => {
  const result = { ...PASSED, notKept: 'cannot write results: the disk is full' };
  t.match(
    closing(result, (_style, text) => text),
    /^ {2}passed in .*\n {4}not kept: cannot write results: the disk is full$/,
  );
});

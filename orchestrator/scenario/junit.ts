/**
 * Results as JUnit XML, the form that CI systems read: a test case a scenario, its steps as standard output. Attributes
 * are those of the schema that Jenkins publishes (xunit-plugin, junit-10.xsd), and no others.
 */
import type { Failure, ScenarioResult, StepResult } from './result.js';

export function junitXml(results: readonly ScenarioResult[], finishedAt: Date): string {
  const counts = attributes({
    tests: results.length,
    failures: results.filter(({ outcome }) => outcome === 'failed').length,
    errors: results.filter(({ outcome }) => outcome === 'error').length,
    time: seconds(results.reduce((sum, result) => sum + totalMs(result), 0)),
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="netarium"${counts}>`,
    `  <testsuite name="netarium test"${counts} timestamp="${finishedAt.toISOString().slice(0, 19)}">`,
    ...results.map(testCase),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testCase(result: ScenarioResult): string {
  const { name, file, seed, steps, failure, outcome, evidence, replay } = result;
  const head = `    <testcase${attributes({ name, classname: 'netarium', time: seconds(totalMs(result)) })}>`;
  const lines = [head];
  if (failure !== undefined) {
    const element = outcome === 'error' ? 'error' : 'failure';
    const text = [failureText(failure), evidence && `evidence: ${evidence}`, `again: ${replay}`]
      .filter(Boolean)
      .join('\n');
    lines.push(
      `      <${element}${attributes({ message: failure.seen, type: outcome })}>${escapeXml(text)}</${element}>`,
    );
  }
  lines.push(
    `      <system-out>${escapeXml([`${file}, seed ${seed}`, ...steps.map(stepLine)].join('\n'))}</system-out>`,
    '    </testcase>',
  );
  return lines.join('\n');
}

function failureText({ title, line, atMs, expected, seen }: Failure): string {
  const where = line === undefined ? '' : `line ${line}: `;
  const when = atMs === undefined ? '' : `after ${seconds(atMs)} s`;
  return [`${where}${title ?? ''}`, when, `expected: ${expected}`, `seen: ${seen}`].filter(Boolean).join('\n');
}

function stepLine({ outcome, startMs, depth, title, seen }: StepResult): string {
  const when = startMs === undefined ? '' : `${seconds(startMs)} s `;
  return `${'  '.repeat(depth)}${outcome} ${when}${title}${seen === '' ? '' : ` => ${seen}`}`;
}

function totalMs({ launchMs, durationMs }: ScenarioResult): number {
  return launchMs + durationMs;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(
      ([name, value]) => ` ${name}="${escapeXml(String(value)).replace(/[\t\n\r]/g, (c) => `&#${c.charCodeAt(0)};`)}"`,
    )
    .join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** XML 1.0 has no way to write control characters, lone surrogates, U+FFFE and U+FFFF: each becomes U+FFFD. */
export function escapeXml(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd')
      .replace(/[&<>"']/g, (character) => ENTITIES[character])
  );
}

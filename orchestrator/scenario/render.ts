/** Results for people: each step as it ends, then what came of the whole. */
import { formatDuration, type Paint, visible } from '../terminal.js';
import type { Failure, ScenarioResult, StepResult } from './result.js';

const WORDS = { passed: 'ok', failed: 'FAILED', skipped: '-' } as const;
const STYLES = { passed: 'green', failed: 'red', skipped: 'dim' } as const;
/** Columns of the outcome and of the time. */
const INDENT = ' '.repeat(20);

export function heading(
  { name, description, file, seed }: Pick<ScenarioResult, 'name' | 'description' | 'file' | 'seed'>,
  paint: Paint,
): string {
  const lines = [`${paint('bold', name)} ${paint('dim', visible(`(${file}, seed ${seed})`))}`];
  if (description !== '') lines.push(...description.split('\n').map((line) => `  ${paint('dim', visible(line))}`));
  return lines.join('\n');
}

/** Two lines at most, the second for what was seen. */
export function stepLines({ outcome, startMs, depth, title, seen, times }: StepResult, paint: Paint): string {
  const word = paint(STYLES[outcome], WORDS[outcome].padEnd(6));
  const when = (startMs === undefined ? '' : formatDuration(startMs)).padStart(8);
  const often = times === undefined || times === 1 ? '' : `, ${times} times`;
  const indent = '  '.repeat(depth);
  const head = `  ${word}  ${paint('dim', when)}  ${indent}${visible(title)}${often}`;
  return seen === '' ? head : `${head}\n${INDENT}${indent}${paint('dim', visible(oneLine(seen)))}`;
}

export function closing(result: ScenarioResult, paint: Paint): string {
  const { outcome, durationMs, launchMs, failure, evidence, notKept, replay } = result;
  const time = `${formatDuration(durationMs)}, the lab up after ${formatDuration(launchMs)}`;
  const kept = evidence === undefined ? [] : [`    evidence: ${evidence}`];
  if (notKept !== undefined) kept.push(`    ${paint('red', visible(`not kept: ${notKept}`))}`);
  if (failure === undefined) return [`  ${paint(['bold', 'green'], outcome)} in ${time}`, ...kept].join('\n');
  return [
    `  ${paint(['bold', 'red'], outcome === 'error' ? 'ERROR' : 'FAILED')} after ${time}`,
    ...failureLines(failure).map((line) => `    ${line}`),
    ...kept,
    `    again:    ${replay}`,
  ].join('\n');
}

function failureLines({ title, line, expected, seen }: Failure): string[] {
  const where = line === undefined ? (title ?? '') : `line ${line}: ${title}`;
  return [where, `expected: ${oneLine(expected)}`, `seen:     ${oneLine(seen)}`].filter(Boolean).map(visible);
}

export function summary(results: readonly ScenarioResult[], left: number, paint: Paint): string {
  const count = (wanted: ScenarioResult['outcome']) => results.filter(({ outcome }) => outcome === wanted).length;
  const [passed, failed, errors] = [count('passed'), count('failed'), count('error')];
  const bad = failed + errors > 0;
  const parts = [
    `${passed} passed`,
    `${failed} failed`,
    ...(errors > 0 ? [`${errors} could not be carried out`] : []),
    ...(left > 0 ? [`${left} not run`] : []),
  ];
  return paint(bad ? 'red' : 'green', parts.join(', '));
}

function oneLine(text: string): string {
  const line = text.replace(/\s*\n\s*/g, ' | ');
  return line.length > 300 ? `${line.slice(0, 297)}...` : line;
}

/** Whether a timeline comes to an end, and how long it takes at least: what waits for nothing but the clock. */
import type { Path } from '../topology/source.js';
import { formatDuration } from '../topology/units.js';
import type { Compiler } from './compiler.js';
import type { Block, Step } from './model.js';
import { isBlock, type StepFile } from './schema.js';

/** Names what has no end, and what ends too late. */
export function checkEnds(compiler: Compiler, timeline: Block, limitMs: number): void {
  const least = leastTime(timeline);
  if (least <= limitMs) return;
  const message = `the timeline takes ${formatDuration(least)} at least, but the limit is ${formatDuration(limitMs)}: write a longer "limit:"`;
  compiler.problem(['steps'], message, { key: true }, 'endless');
}

/** What is repeated ends by itself, or with a block around it. `hasEnd`: such a block is there. */
export function checkRepeat(compiler: Compiler, step: StepFile, path: Path, hasEnd: boolean): void {
  if (step.every === undefined || hasEnd || step.times !== undefined) return;
  if (step.for !== undefined && !isBlock(step)) return;
  if (step.until !== undefined && compiler.hasLimit) return;
  const message =
    step.until === undefined
      ? 'it has no end: write "times:", "until:" or "for:", or "for:" at the block around it'
      : 'what if that never comes? Write "for:" beside "until:", or a "limit:" for the whole scenario';
  compiler.problem([...path, 'every'], message, { key: true }, 'endless');
}

/** Milliseconds. */
export function leastTime(block: Block): number {
  let now = 0;
  let longest = 0;
  for (const step of block.steps) {
    const start = block.order === 'serial' ? now : 0;
    const begin = step.atMs === undefined ? start + (step.afterMs ?? 0) : Math.max(start, step.atMs);
    now = begin + leastOf(step);
    longest = Math.max(longest, now);
  }
  return Math.max(longest, block.forMs ?? 0);
}

function leastOf({ action, repeat }: Step): number {
  const once = action.kind === 'block' ? leastTime(action) : action.kind === 'wait' ? action.ms : 0;
  if (repeat?.times === undefined || repeat.until !== undefined) return once;
  const all = (repeat.times - 1) * Math.max(repeat.everyMs, once) + once;
  // The time that it has may be over before.
  return repeat.forMs === undefined ? all : Math.min(all, repeat.forMs);
}

/**
 * Regular expressions whose time is bounded by the length of the text times the size of the pattern: all ways through
 * the pattern are followed at once, so that there is nothing to go back to. A device meets patterns of strangers' making
 * and packets of others', and must answer in time.
 */
import { isWordCharacter, type PatternNode, PatternProblem, parsePattern } from './pattern-syntax.js';

/** Steps of the program: a set consumes a character; a fork goes on at both places; the rest look only. */
type Step =
  | { readonly kind: 'set'; readonly set: Uint8Array }
  | { readonly kind: 'fork'; next: number; other: number }
  | { readonly kind: 'start' | 'end' | 'boundary' | 'inside' | 'match' };

const MAX_STEPS = 2000;
/** Repetitions of repetitions of nothing take no steps, and no end either. */
const MAX_VISITS = 20_000;

export type Pattern = (text: string | Uint8Array) => boolean;

/** Finds the pattern anywhere in a text. Gives what is wrong with it where something is. */
export function compilePattern(pattern: string): Pattern | PatternProblem {
  const program = new Program();
  try {
    program.emit(parsePattern(pattern));
    program.push({ kind: 'match' });
  } catch (error) {
    if (error instanceof PatternProblem) return error;
    throw error;
  }
  const { steps } = program;
  return (text) => new Run(steps, text).find();
}

type Fork = Extract<Step, { kind: 'fork' }>;

class Program {
  readonly steps: Step[] = [];
  private visits = 0;

  push<T extends Step>(step: T): T {
    if (this.steps.length >= MAX_STEPS) throw new PatternProblem('the pattern is too large');
    this.steps.push(step);
    return step;
  }

  emit(node: PatternNode): void {
    this.visits += 1;
    if (this.visits > MAX_VISITS) throw new PatternProblem('the pattern is too large');
    switch (node.kind) {
      case 'set':
        this.push({ kind: 'set', set: node.set });
        break;
      case 'sequence':
        for (const part of node.nodes) this.emit(part);
        break;
      case 'choice':
        this.emitChoice(node.nodes);
        break;
      case 'repeat':
        this.emitRepeat(node);
        break;
      default:
        this.push({ kind: node.kind });
    }
  }

  private emitChoice(nodes: readonly PatternNode[]): void {
    const ends: Fork[] = [];
    nodes.forEach((node, index) => {
      const fork = index < nodes.length - 1 ? this.fork() : undefined;
      this.emit(node);
      if (fork === undefined) return;
      ends.push(this.fork());
      fork.other = this.steps.length;
    });
    for (const end of ends) end.next = end.other = this.steps.length;
  }

  private emitRepeat({ node, minimum, maximum }: Extract<PatternNode, { kind: 'repeat' }>): void {
    for (let i = 0; i < minimum; i++) this.emit(node);
    if (maximum === Number.POSITIVE_INFINITY) {
      const at = this.steps.length;
      const fork = this.fork();
      this.emit(node);
      this.push({ kind: 'fork', next: at, other: at });
      fork.other = this.steps.length;
      return;
    }
    const forks: Fork[] = [];
    for (let i = minimum; i < maximum; i++) {
      forks.push(this.fork());
      this.emit(node);
    }
    for (const fork of forks) fork.other = this.steps.length;
  }

  /** Goes on behind itself, or at a place that is yet to be filled in. */
  private fork(): Fork {
    return this.push({ kind: 'fork', next: this.steps.length + 1, other: 0 });
  }
}

/** One search. */
class Run {
  private readonly steps: readonly Step[];
  private readonly text: string | Uint8Array;
  /** By step: the place in the text at which it was last reached, plus one. */
  private readonly reachedAt: Uint32Array;

  constructor(steps: readonly Step[], text: string | Uint8Array) {
    this.steps = steps;
    this.text = text;
    this.reachedAt = new Uint32Array(steps.length);
  }

  find(): boolean {
    let current: number[] = [];
    for (let at = 0; at <= this.text.length; at++) {
      // A match may begin anywhere.
      if (this.reach(0, at, current)) return true;
      if (at === this.text.length) return false;
      const code = Math.min(this.codeAt(at), 256);
      const next: number[] = [];
      for (const index of current) {
        const step = this.steps[index];
        if (step.kind === 'set' && step.set[code] === 1 && this.reach(index + 1, at + 1, next)) return true;
      }
      current = next;
    }
    return false;
  }

  private codeAt(at: number): number {
    return typeof this.text === 'string' ? this.text.charCodeAt(at) : this.text[at];
  }

  /** Adds the sets that can be met from here without a character; true when the whole pattern is done. */
  private reach(from: number, at: number, sets: number[]): boolean {
    const waiting = [from];
    for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
      if (this.reachedAt[index] === at + 1) continue;
      this.reachedAt[index] = at + 1;
      const step = this.steps[index];
      if (step.kind === 'match') return true;
      if (step.kind === 'set') sets.push(index);
      else if (step.kind === 'fork') waiting.push(step.next, step.other);
      else if (this.holds(step.kind, at)) waiting.push(index + 1);
    }
    return false;
  }

  private holds(kind: 'start' | 'end' | 'boundary' | 'inside', at: number): boolean {
    const { length } = this.text;
    if (kind === 'start') return at === 0;
    // The last line feed of a text does not count, as in Perl.
    if (kind === 'end') return at === length || (at === length - 1 && this.codeAt(at) === 10);
    const before = at > 0 && isWordCharacter(this.codeAt(at - 1));
    const after = at < length && isWordCharacter(this.codeAt(at));
    return (before !== after) === (kind === 'boundary');
  }
}

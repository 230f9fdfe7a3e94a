/** A YAML text and where everything in it stands. */
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml';
import type { Place, Problem, ProblemCode } from './errors.js';

/** `['devices', 'a', 'address']`, `['links', 0]` */
export type Path = readonly (string | number)[];

export interface Spot {
  /** Mark the key instead of the value. */
  readonly key?: boolean;
  /** Mark this part of the value, where it is found. */
  readonly find?: string;
  /** The last occurrence of `find`, not the first. */
  readonly last?: boolean;
}

/** After this many complaints of the YAML parser the rest only repeats the first ones. */
const MOST_YAML_PROBLEMS = 10;

export class Source {
  readonly text: string;
  readonly #document: Document;
  readonly #lines = new LineCounter();
  /** Where all paths begin: a document within another one. */
  readonly #base: Path;
  /** Of lists that have lost items: which item of the text each one is. By the path in the text. */
  readonly #items = new Map<string, number[]>();

  constructor(text: string, base: Path = []) {
    this.text = text;
    this.#base = base;
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      // Duplicates are reported with the place of both, see duplicateKeys.
      uniqueKeys: false,
      merge: true,
      logLevel: 'silent',
    });
  }

  get isEmpty(): boolean {
    const { contents } = this.#document;
    return contents === null || (isScalar(contents) && contents.value === null);
  }

  /** What makes the text unusable as YAML. */
  problems(): Problem[] {
    const document = this.#document;
    const problems: Problem[] = [...document.errors, ...document.warnings]
      .slice(0, MOST_YAML_PROBLEMS)
      .map((error) => ({
        code: 'yaml',
        message: `not valid YAML: ${firstLine(error.message)}`,
        place: this.#place(error.pos[0], error.pos[0] + 1),
      }));
    visit(document, {
      Alias: (_, alias) => {
        if (alias.resolve(document) !== undefined) return;
        problems.push({
          code: 'yaml',
          message: `there is no anchor &${alias.source}`,
          place: this.#placeOfNode(alias),
        });
      },
      Pair: (_, pair) => {
        if (isScalar(pair.key) && pair.key.value !== '__proto__') return;
        if (isAlias(pair.key)) return;
        const place = isNode(pair.key) ? this.#placeOfNode(pair.key) : undefined;
        problems.push({ code: 'yaml', message: 'a key must be a plain name', place });
      },
    });
    return problems;
  }

  /** Names that stand twice in the same map. */
  duplicateKeys(): Problem[] {
    const problems: Problem[] = [];
    visit(this.#document, {
      Map: (_, map) => {
        const seen = new Map<string, Node>();
        for (const { key } of map.items) {
          if (!isScalar(key)) continue;
          const name = String(key.value);
          const first = seen.get(name);
          if (first === undefined) seen.set(name, key);
          else if (name !== '<<') {
            const line = this.#placeOfNode(first)?.line;
            const message = `"${name}" is there twice; the first one is on line ${line}`;
            problems.push({ code: 'duplicate-name', message, place: this.#placeOfNode(key) });
          }
        }
      },
    });
    return problems;
  }

  /** Plain values. Throws ReferenceError when aliases multiply beyond reason. */
  toValue(): unknown {
    return this.#document.toJS({ maxAliasCount: 1000 });
  }

  problem(code: ProblemCode, path: Path, message: string, spot: Spot = {}): Problem {
    return { code, message, place: this.placeOf(path, spot) };
  }

  /** The place of what the path leads to, or of the nearest thing above it that is written in the file. */
  placeOf(path: Path, spot: Spot = {}): Place | undefined {
    let node: Node | undefined = this.#follow(this.#document.contents);
    let key: Node | undefined;
    for (const step of this.#pathInText(path)) {
      const next = this.#step(node, step);
      if (next === undefined) return this.#placeOfNode(key ?? node);
      key = next.key ?? key;
      node = next.value;
    }
    const isBlank = node === undefined || (isScalar(node) && node.value === null);
    if (spot.key || isBlank || isMap(node)) return this.#placeOfNode(key ?? node);
    return this.#placeOfNode(node, spot);
  }

  /** An item of a list was taken out of the value: later paths count without it. */
  itemTakenOut(path: Path): void {
    const list = this.#pathInText(path.slice(0, -1));
    const key = JSON.stringify(list);
    let node = this.#follow(this.#document.contents);
    for (const step of list) node = this.#step(node, step)?.value;
    const items = this.#items.get(key) ?? (isSeq(node) ? node.items.map((_, i) => i) : []);
    items.splice(Number(path[path.length - 1]), 1);
    this.#items.set(key, items);
  }

  #pathInText(path: Path): Path {
    const result: (string | number)[] = [...this.#base];
    for (const step of path) {
      const items = this.#items.get(JSON.stringify(result));
      result.push(typeof step === 'number' ? (items?.[step] ?? step) : step);
    }
    return result;
  }

  #step(node: Node | undefined, step: string | number): { key?: Node; value: Node | undefined } | undefined {
    if (isSeq(node)) {
      const item = node.items[Number(step)];
      return isNode(item) ? { key: item, value: this.#follow(item) } : undefined;
    }
    if (!isMap(node)) return undefined;
    // The last of duplicates is the one that counts.
    const pair = node.items.findLast(({ key }) => isScalar(key) && String(key.value) === String(step));
    if (pair !== undefined) return { key: pair.key as Node, value: this.#follow(pair.value) };
    for (const { key, value } of node.items) {
      if (isScalar(key) && key.value === '<<') {
        const merged = this.#step(this.#follow(value), step);
        if (merged !== undefined) return merged;
      }
    }
    return undefined;
  }

  #follow(node: unknown): Node | undefined {
    if (isAlias(node)) return node.resolve(this.#document);
    return isNode(node) ? node : undefined;
  }

  #placeOfNode(node: Node | undefined, spot: Spot = {}): Place | undefined {
    if (node?.range == null) return undefined;
    const [start, end] = node.range;
    if (spot.find !== undefined) {
      const written = this.text.slice(start, end);
      const at = spot.last ? written.lastIndexOf(spot.find) : written.indexOf(spot.find);
      if (at >= 0) return this.#place(start + at, start + at + spot.find.length);
    }
    return this.#place(start, end);
  }

  #place(start: number, end: number): Place {
    const { line, col } = this.#lines.linePos(Math.min(start, this.text.length));
    const written = this.text.slice(start, end).split(/\r?\n/, 1)[0];
    return { line: Math.max(1, line), column: Math.max(1, col), length: Math.max(1, written.length) };
  }
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0].replace(/[:.]$/, '');
}

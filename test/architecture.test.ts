/** The import rule of the design: who may import whom, and what each part may touch. Every ban has its reason. */
import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import ts from 'typescript';

const here = fileURLToPath(import.meta.url);
const ROOT = here.slice(0, here.lastIndexOf(`${sep}build${sep}`));

interface Source {
  /** From the repository's root, with slashes. */
  readonly path: string;
  /** Without comments, with the contents of texts blanked out. */
  readonly code: string;
  /** Repository paths of the project's own modules, and names of packages and built-ins. */
  readonly imports: readonly string[];
  /** Those that are there at run time: types are erased. */
  readonly runtimeImports: readonly string[];
}

/** Comments away; strings stay, for the imports. */
function withoutComments(text: string): string {
  return text.replace(
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (_all, literal: string | undefined) => literal ?? '',
  );
}

function importsOf(path: string, text: string): string[] {
  return ts.preProcessFile(text).importedFiles.map(({ fileName: name }) => {
    if (!name.startsWith('.')) return name;
    return relative(ROOT, join(ROOT, dirname(path), name))
      .split(sep)
      .join('/')
      .replace(/\.js$/, '.ts');
  });
}

function readSource(path: string): Source {
  const text = withoutComments(readFileSync(join(ROOT, path), 'utf8'));
  const valuesOnly = text.replace(/\b(import|export) type\b[^;]*? from '[^']+'/g, '');
  const code = text.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, "''");
  return { path, code, imports: importsOf(path, text), runtimeImports: importsOf(path, valuesOnly) };
}

const SOURCES = ['devices', 'orchestrator'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path.split(sep).join('/')}`)
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .map(readSource),
);

/** The part of the design that a file belongs to. */
function partOf(path: string): string {
  const parts: [string, RegExp][] = [
    ['control.ts', /^devices\/control\.ts$/],
    ['control', /^devices\/control\//],
    ['wire', /^devices\/stack\/wire\//],
    ['link', /^devices\/stack\/link\//],
    ['ip', /^devices\/stack\/ip\//],
    ['transport', /^devices\/stack\/transport\//],
    ['tcp', /^devices\/stack\/tcp\//],
    ['stack.ts', /^devices\/stack\/stack\.ts$/],
    [
      'ground',
      /^devices\/stack\/(clock|random|trace|events|errors|counters|counter-names|drop-reasons|link-settings|packet-faults|fifo)\.ts$/,
    ],
    ['net', /^devices\/net\//],
    ['apps', /^devices\/apps\//],
    ['runtime', /^devices\/runtime\//],
    ['entry', /^devices\/(host|switch|hub|router|dns-server)\.ts$/],
    ['orchestrator', /^orchestrator\//],
  ];
  return parts.find(([, pattern]) => pattern.test(path))?.[0] ?? 'unknown';
}

const GROUND = ['wire', 'ground'];
const STACK = [...GROUND, 'link', 'ip', 'transport', 'tcp', 'stack.ts'];

/** What each part may import besides itself, and why nothing else. */
const MAY_IMPORT: Record<string, { readonly parts: readonly string[]; readonly reason: string }> = {
  wire: {
    parts: [],
    reason: 'codecs turn bytes into values and know nobody: they serve devices, story and tests alike',
  },
  ground: { parts: ['wire'], reason: 'clock, randomness, traces and counters are what all layers stand on' },
  link: { parts: GROUND, reason: 'a layer never names the one above it: it hands up through a handler' },
  ip: { parts: [...GROUND, 'link'], reason: 'a layer never names the one above it: it hands up through a handler' },
  transport: { parts: [...GROUND, 'link', 'ip'], reason: 'UDP stands on IP, beside TCP' },
  tcp: { parts: [...GROUND, 'link', 'ip', 'transport'], reason: 'TCP stands on IP; only stack.ts knows all layers' },
  'stack.ts': { parts: STACK, reason: 'the composition root knows the layers and nothing above the stack' },
  control: { parts: ['wire', 'ground'], reason: 'the messages are plain data that the orchestrator imports too' },
  'control.ts': { parts: ['control', 'wire', 'ground'], reason: 'it is the door to control/ and nothing more' },
  net: { parts: [...STACK, 'control', 'control.ts'], reason: 'sockets serve programs without knowing any' },
  apps: {
    parts: [...STACK, 'control', 'control.ts', 'net'],
    reason: 'programs run in a test without an operating system',
  },
  runtime: {
    parts: [...STACK, 'control', 'control.ts', 'net', 'apps'],
    reason: 'it drives machines; entry files choose which',
  },
  entry: { parts: ['apps', 'runtime'], reason: 'an entry file names its kind and the runtime, no more' },
  orchestrator: {
    parts: ['control.ts', 'wire'],
    reason:
      'the orchestrator knows of devices what crosses the control channel and the wire: it has no privileged way in',
  },
};

function lines(violations: readonly string[]): string {
  return violations.length === 0 ? 'none' : violations.join('\n');
}

t.test('every file belongs to a part of the design', async (t) => {
  t.ok(SOURCES.length > 100, 'the sources are found');
  t.same(
    SOURCES.map(({ path }) => path).filter((path) => partOf(path) === 'unknown'),
    [],
  );
});

t.test('imports go leftward only', async (t) => {
  const known = new Set(SOURCES.map(({ path }) => path));
  const violations = SOURCES.flatMap(({ path, imports }) => {
    const part = partOf(path);
    const { parts, reason } = MAY_IMPORT[part] ?? { parts: [], reason: 'unknown part' };
    return imports
      .filter((name) => known.has(name) && partOf(name) !== part && !parts.includes(partOf(name)))
      .map((name) => `${path} imports ${name}, but: ${reason}`);
  });
  t.equal(lines(violations), 'none');
});

t.test('every import of the project leads to a file', async (t) => {
  const known = new Set(SOURCES.map(({ path }) => path));
  const lost = SOURCES.flatMap(({ path, imports }) =>
    imports
      .filter((name) => /^(devices|orchestrator|\.\.)\//.test(name) && !known.has(name))
      .map((name) => `${path}: ${name}`),
  );
  t.same(lost, []);
});

/** What the globals of a platform would bring into a stack that takes bytes, time and randomness as arguments. */
const BANNED_IN_STACK: [RegExp, string][] = [
  [/\bDate\b/, 'time comes in as an argument, so that a test owns the clock'],
  [/\bperformance\b/, 'time comes in as an argument, so that a test owns the clock'],
  [/\b(setTimeout|setInterval|setImmediate|queueMicrotask)\b/, 'deadlines live in Timers, which the caller advances'],
  [/\bMath\.random\b/, 'every random draw is seeded: use the Random that came in'],
  [/\bcrypto\b/, 'every random draw is seeded: use the Random that came in'],
  [/\bprocess\b/, 'the stack runs in a test or a browser as well as in a process'],
  [/\bconsole\b/, 'what happens is told by traces and counters'],
  [/\bBuffer\b/, 'bytes are Uint8Array: Buffer is Node alone, and its slices share memory'],
];

t.test('the stack is sans-I/O', async (t) => {
  const violations = SOURCES.filter(({ path }) => path.startsWith('devices/stack/')).flatMap(
    ({ path, code, imports }) => [
      ...imports
        .filter((name) => !name.startsWith('devices/stack/'))
        .map((name) => `${path} imports ${name}, but: the stack takes all that it needs as arguments`),
      ...BANNED_IN_STACK.filter(([pattern]) => pattern.test(code)).map(
        ([pattern, why]) => `${path} uses ${pattern}: ${why}`,
      ),
    ],
  );
  t.equal(lines(violations), 'none');
});

/** Built-ins that compute, and touch neither files nor sockets nor processes; of node:net only types and isIP(). */
const PURE_BUILTINS = [
  'net',
  'stream',
  'http',
  'http2',
  'tls',
  'events',
  'crypto',
  'util',
  'url',
  'path/posix',
  'path',
  'zlib',
  'buffer',
];

t.test('only devices/runtime touches the operating system', async (t) => {
  const violations = SOURCES.filter(({ path }) => /^devices\/(net|apps|control|control\.ts|stack)/.test(path)).flatMap(
    ({ path, code, imports }) => [
      ...imports
        .filter(
          (name) => isBuiltin(name) && !PURE_BUILTINS.includes(name.replace('node:', '').replace('/promises', '')),
        )
        .map((name) => `${path} imports ${name}, but: a whole internet also runs inside one test`),
      ...(/\b(Date\.now|new Date\(\)|Math\.random|performance\.now|process\.(hrtime|env|argv|exit|stdout))\b/.test(code)
        ? [`${path} reads a clock, chance or the process, but: they come in by the Environment`]
        : []),
    ],
  );
  t.equal(lines(violations), 'none');
});

t.test('built-ins are imported as node:', async (t) => {
  const bare = SOURCES.flatMap(({ path, imports }) =>
    imports.filter((name) => isBuiltin(name) && !name.startsWith('node:')).map((name) => `${path}: ${name}`),
  );
  t.same(bare, []);
});

/** The folder of a file; an entry or root file stands for itself. */
function folderOf(path: string): string {
  const folder = dirname(path);
  return folder === 'devices' || folder === 'orchestrator' || folder === 'devices/stack' ? path : folder;
}

t.test('folders do not import each other in a circle', async (t) => {
  const known = new Set(SOURCES.map(({ path }) => path));
  const edges = new Map<string, Map<string, string>>();
  for (const { path, runtimeImports } of SOURCES) {
    for (const name of runtimeImports) {
      const [from, to] = [folderOf(path), folderOf(name)];
      if (from === to || !known.has(name)) continue;
      const out = edges.get(from) ?? new Map<string, string>();
      if (!out.has(to)) out.set(to, `${path} imports ${name}`);
      edges.set(from, out);
    }
  }
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (folder: string, trail: readonly string[]) => {
    const start = trail.indexOf(folder);
    if (start >= 0) {
      const ring = [...trail.slice(start), folder];
      circles.push(
        ring
          .slice(1)
          .map((to, i) => edges.get(ring[i])?.get(to))
          .join('; '),
      );
      return;
    }
    if (done.has(folder)) return;
    for (const to of edges.get(folder)?.keys() ?? []) visit(to, [...trail, folder]);
    done.add(folder);
  };
  for (const folder of edges.keys()) visit(folder, []);
  t.equal(lines(circles), 'none');
});

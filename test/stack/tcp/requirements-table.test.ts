/** The table of requirements in docs/tcp.md: complete, and what it names exists. */
import { existsSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const here = fileURLToPath(import.meta.url);
const ROOT = here.slice(0, here.lastIndexOf(`${sep}build${sep}`));
const REQUIREMENTS = 69;

interface Row {
  readonly id: string;
  readonly held: string;
  readonly tests: string;
}

function rows(): Row[] {
  return readFileSync(join(ROOT, 'docs/tcp.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| MUST-'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, id, , held, tests]) => ({ id, held, tests }));
}

const isNotHeld = ({ held }: Row) => held.startsWith('not held: ');

/** The sources of the tests, read once each. */
const sources = new Map<string, string>();
function sourceOf(file: string): string {
  const path = join(ROOT, 'test/stack', file);
  const known = sources.get(path) ?? (existsSync(path) ? readFileSync(path, 'utf8') : '');
  sources.set(path, known);
  return known;
}

/** Is there a `t.test('name'` in that file? */
function hasTest(file: string, name: string): boolean {
  const source = sourceOf(file);
  for (let at = source.indexOf(`'${name}'`); at >= 0; at = source.indexOf(`'${name}'`, at + 1)) {
    if (/\bt\.test\(\s*$/.test(source.slice(0, at))) return true;
  }
  return false;
}

t.test('every MUST of RFC 9293 has its row, in order', async (t) => {
  t.same(
    rows().map(({ id }) => id),
    Array.from({ length: REQUIREMENTS }, (_, index) => `MUST-${index + 1}`),
  );
});

t.test('what is not held says why; all else names files that exist', async (t) => {
  const missing = rows()
    .filter((row) => !isNotHeld(row))
    .flatMap(({ id, held }) => {
      const files = [...held.matchAll(/`([^`]+)`/g)].map(([, file]) => file);
      if (files.length === 0) return [`${id}: no file`];
      return files.filter((file) => !existsSync(join(ROOT, 'devices/stack/tcp', file))).map((file) => `${id}: ${file}`);
    });
  t.same(missing, []);
  t.same(
    rows()
      .filter(isNotHeld)
      .map(({ id }) => id),
    ['MUST-51', 'MUST-52', 'MUST-53'],
  );
});

t.test('every test that is named exists under that name', async (t) => {
  const missing = rows()
    .filter((row) => !isNotHeld(row))
    .flatMap(({ id, tests }) =>
      tests.split('<br>').flatMap((entry) => {
        const [, file, name] = /^`([^`]+)`: (.+)$/.exec(entry) ?? [];
        return file !== undefined && hasTest(file, name) ? [] : [`${id}: ${entry}`];
      }),
    );
  t.same(missing, []);
});

/** Small parts: command lines in words, values and what they should be, which files are meant, page loads in few words. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { FetchResult } from '../../../devices/control.js';
import { makeFolder } from '../../../orchestrator/scenario/evidence.js';
import { isMeant, scenarioFiles } from '../../../orchestrator/scenario/files.js';
import { compileMatch, fieldOf } from '../../../orchestrator/scenario/matching.js';
import { Newest } from '../../../orchestrator/scenario/newest.js';
import { pageOutcome } from '../../../orchestrator/scenario/page-outcome.js';
import type { MatcherFile } from '../../../orchestrator/scenario/schema-values.js';
import { splitWords } from '../../../orchestrator/scenario/words.js';

t.test('command lines', async (t) => {
  t.same(splitWords('  ping -c 1   b '), ['ping', '-c', '1', 'b']);
  t.same(splitWords(`curl -d 'a b' "c d" --x='e "f"'g`), ['curl', '-d', 'a b', 'c d', '--x=e "f"g']);
  t.same(splitWords(''), []);
  t.same(splitWords(`echo ''`), ['echo', '']);
  for (const open of [`'`, `a "b`, `a 'b" c`]) t.equal(splitWords(open), undefined, open);
});

t.test('values and what they should be', async (t) => {
  const cases: [matcher: MatcherFile, text: string, fits: unknown[], misses: unknown[]][] = [
    ['up', 'up', ['up', ['down', 'up']], ['UP', undefined, ['down'], 3]],
    [3, '3', [3, [3], '3'], ['03', 4, undefined]],
    ['3', '3', [3, '3'], [4, undefined]],
    [{ not: '500' }, 'not 500', [200], [500, '500']],
    [null, 'null', [undefined, null], [0, '']],
    ['500ms', '500ms', [500, '500ms'], [501]],
    [[301, 302], '301 or 302', [301, 302], [300]],
    [{ atLeast: 2, atMost: '1KiB' }, 'at least 2 and at most 1KiB', [2, 1024], [1, 1025, '3', undefined]],
    [{ atMost: 0 }, 'at most 0', [0, undefined], [1]],
    [{ not: ['a', 'b'] }, 'not a or b', ['c', undefined], ['a', 'b']],
    [{ contains: 'loss' }, 'containing "loss"', ['0% loss', ['x', 'loss']], ['', undefined, 4]],
    [{ matches: '^b.d$' }, 'matching /^b.d$/', ['bad', 'a\nbed'], ['abad', undefined]],
  ];
  for (const [file, text, fits, misses] of cases) {
    const match = compileMatch(file);
    t.equal(match.text, text);
    for (const value of fits) t.ok(match.test(value), `${JSON.stringify(value)} is ${text}`);
    for (const value of misses) t.notOk(match.test(value), `${JSON.stringify(value)} is not ${text}`);
  }
  t.throws(() => compileMatch({ atLeast: '3 apples' }), /"3 apples" is not a quantity/);
});

t.test('fields of fields', async (t) => {
  const value = { a: { b: [{ c: 1 }] }, 'd.e': 2 };
  t.equal(fieldOf(value, 'a.b.0.c'), 1);
  t.equal(fieldOf(value, 'd.e'), 2);
  for (const path of ['a.x', 'a.b.1.c', 'x', 'a.b.0.c.d', 'toString', '__proto__.x'])
    t.equal(fieldOf(value, path), undefined);
});

t.test('what came last is kept', async (t) => {
  const newest = new Newest<number>(10);
  for (let n = 0; n < 5; n++) newest.add(n, 3);
  t.same([...newest], [2, 3, 4]);
  t.equal(newest.left, 2);
  for (let n = 0; n < 5000; n++) newest.add(n, 5);
  t.same([...newest], [4998, 4999]);
  t.equal(newest.left, 5003);
  newest.add(1, 11);
  t.same([...newest], [], 'too much for itself');
});

t.test('a folder is nobody else’s', async (t) => {
  const output = join(mkdtempSync(join(tmpdir(), 'nt-folder-')), 'out');
  t.teardown(() => rmSync(join(output, '..'), { recursive: true }));
  const made = () => makeFolder(output, 'it').slice(output.length + 1);
  t.equal(made(), 'it');
  symlinkSync(join(output, 'nowhere'), join(output, 'it-2'));
  writeFileSync(join(output, 'it-3'), '');
  t.same([made(), made()], ['it-4', 'it-5']);
  t.notOk(existsSync(join(output, 'nowhere')), 'no link is followed');
  t.throws(() => makeFolder(join(output, 'it-3'), 'it'), { exitStatus: 1, message: /it-3/ });
});

t.test('files and folders, with and without a shell', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nt-files-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const name of ['b.yaml', 'a.yml', 'x.txt', 'bb.yaml']) writeFileSync(join(folder, name), '');
  mkdirSync(join(folder, 'empty'));
  const names = (...words: string[]) => scenarioFiles(words).map((file) => file.slice(folder.length + 1));
  t.same(names(folder), ['a.yml', 'b.yaml', 'bb.yaml']);
  t.same(names(join(folder, 'b*.yaml')), ['b.yaml', 'bb.yaml']);
  t.same(names(join(folder, 'bb.yaml'), folder), ['bb.yaml', 'a.yml', 'b.yaml'], 'each once');
  t.same(names(join(folder, 'nothing.yaml')), ['nothing.yaml'], 'whoever reads it says so');
  t.throws(() => names(join(folder, 'empty')), { exitStatus: 2, message: /no \.yaml file in this folder/ });
  t.throws(() => names(join(folder, 'z*.yaml')), { exitStatus: 2, message: /no file has such a name/ });
  t.throws(() => names(join(folder, 'no', '*.yaml')), { exitStatus: 2, message: /no such folder/ });
  t.ok(isMeant('dns-root', undefined) && isMeant('dns-root', 'root') && isMeant('dns-root', 'dns-*'));
  t.notOk(isMeant('dns-root', 'root-*') || isMeant('dns-root', 'x') || isMeant('dnsXroot', 'dns.*'));
});

t.test('a page load in few words', async (t) => {
  const result = {
    url: 'http://b/',
    ok: true,
    status: 200,
    startAt: 1000,
    endAt: 1250,
    resources: [
      { url: 'http://b/', status: 200, bytes: 1000, sha256: 'aa' },
      { url: 'http://b/x.png', status: 404, bytes: 24, sha256: 'bb' },
    ],
  } as unknown as FetchResult;
  let asked = 0;
  const report = async () => {
    asked += 1;
    return { connections: [{ retransmissions: 2 }, { retransmissions: 1 }] } as never;
  };
  const page = pageOutcome(result, report);
  t.equal(page.text, 'ok, status 200, 2 parts, 1 failed, 1.0 KiB, 250 ms');
  t.match(page.facts, { ok: true, durationMs: 250, bytes: 1000, parts: 2, failedParts: 1 });
  t.same(page.parts, ['http://b/ 200 aa', 'http://b/x.png 404 bb']);
  t.match([await page.report(), await page.report()], [{ retransmissions: 3 }, { retransmissions: 3 }]);
  t.equal(asked, 1, 'the story is read once');
  const error = { code: 'EAI_AGAIN', message: 'getaddrinfo EAI_AGAIN b', stage: 'dns' };
  const failed = { ...result, ok: false, status: 0, error, resources: [] } as unknown as FetchResult;
  t.equal(pageOutcome(failed, report).text, 'failed at dns: b: no name server answers, 250 ms');
});

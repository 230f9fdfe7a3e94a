/**
 * Runs the tests and closes with one line that people and CI read: `N passed, N failed`. Everything that tap says goes
 * to build/tests.tap; what failed is shown in full. With arguments, only those files. Without, all but those of
 * test/interop, which need root and other people's tools: `make interop` names them.
 *
 * Tests with real processes come last and one file at a time: twenty devices keep two cores busy by themselves.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { Parser, type Result } from 'tap-parser';

const TESTS = 'build/js/test';
const OUTPUT = 'build/tests.tap';

class Tally {
  passed = 0;
  failed = 0;
  skipped = 0;
  /** Files that ended badly although none of their assertions failed. */
  broken = 0;

  /** Follows tap's output; subtests are summed up by their assertions, not by the line that repeats them. */
  follow(parser: Parser, path: readonly string[] = []): void {
    const subtests = new Set<string>();
    parser.on('child', (child: Parser) => {
      subtests.add(child.name);
      if (path.length === 0) {
        child.on('complete', ({ ok, count }) => print(`${ok ? 'ok    ' : 'not ok'}  ${child.name}  ${count} tests`));
      }
      this.follow(child, [...path, child.name]);
    });
    parser.on('assert', (result: Result) => {
      if (subtests.has(result.name)) return;
      if (result.skip || result.todo) this.skipped += 1;
      else if (result.ok) this.passed += 1;
      else {
        this.failed += 1;
        print(`not ok  ${[...path, result.name].join(' > ')}`);
        if (result.diag) print(JSON.stringify(result.diag, null, 2));
      }
    });
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function runTap(files: readonly string[], jobs: number, output: WriteStream, tally: Tally): Promise<void> {
  if (files.length === 0) return;
  const failedBefore = tally.failed;
  const tap = spawn('node_modules/.bin/tap', ['run', '--reporter=tap', `--jobs=${jobs}`, ...files], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const parser = new Parser();
  tally.follow(parser);
  tap.stdout.on('data', (chunk: Buffer) => {
    output.write(chunk);
    parser.write(chunk);
  });
  const [status] = await once(tap, 'close');
  parser.end();
  if (status === 0 || tally.failed > failedBefore) return;
  tally.broken += 1;
  print(`tap ended with status ${status}: a test file did not run to its end`);
}

const all = (readdirSync(TESTS, { recursive: true }) as string[])
  .filter((file) => file.endsWith('.test.js'))
  .map((file) => join(TESTS, file))
  .sort();
const isInterop = (file: string) => file.includes(join(TESTS, 'interop'));
const isEndToEnd = (file: string) => file.includes(join(TESTS, 'e2e')) || isInterop(file);
const chosen = process.argv.length > 2 ? process.argv.slice(2) : all.filter((file) => !isInterop(file));

const startedAt = Date.now();
const tally = new Tally();
const output = createWriteStream(OUTPUT);
const inOneProcess = chosen.filter((file) => !isEndToEnd(file));
await runTap(inOneProcess, 2, output, tally);
await runTap(chosen.filter(isEndToEnd), 1, output, tally);
output.end();

const { passed, failed, skipped, broken } = tally;
print(`# { total: ${passed + failed + skipped}, pass: ${passed}, fail: ${failed}, skip: ${skipped} }`);
print(`# time=${((Date.now() - startedAt) / 1000).toFixed(1)} s, all of tap's output: ${OUTPUT}`);
print(`${passed} passed, ${failed + broken} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed + broken === 0 && passed > 0 ? 0 : 1;

/**
 * Runs the tests and closes with one line that people and CI read: `N passed, N failed`. Everything that tap says goes
 * to build/tests.tap; what failed is shown in full.
 */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { Parser, type Result } from 'tap-parser';

const OUTPUT = 'build/tests.tap';

const startedAt = Date.now();
const tap = spawn('node_modules/.bin/tap', ['run', '--reporter=tap', ...process.argv.slice(2)], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const parser = new Parser();
const file = createWriteStream(OUTPUT);
tap.stdout.on('data', (chunk: Buffer) => {
  file.write(chunk);
  parser.write(chunk);
});

let [passed, failed, skipped] = [0, 0, 0];

function watch(child: Parser, path: readonly string[]): void {
  child.on('assert', (result: Result) => {
    // A subtest's own line repeats what its assertions said.
    if (result.name !== '' && subtests.has([...path, result.name].join(' > '))) return;
    if (result.skip || result.todo) skipped += 1;
    else if (result.ok) passed += 1;
    else {
      failed += 1;
      process.stdout.write(`not ok  ${[...path, result.name].join(' > ')}\n`);
      if (result.diag) process.stdout.write(`${JSON.stringify(result.diag, null, 2)}\n`);
    }
  });
  child.on('child', (grandchild: Parser) => {
    const name = [...path, grandchild.name];
    subtests.add(name.join(' > '));
    if (path.length === 0) {
      grandchild.on('complete', (results) => {
        process.stdout.write(`${results.ok ? 'ok    ' : 'not ok'}  ${grandchild.name}  ${results.count} tests\n`);
      });
    }
    watch(grandchild, name);
  });
}
const subtests = new Set<string>();
watch(parser, []);

tap.on('close', (status) => {
  parser.end();
  file.end();
  process.stdout.write(
    `# { total: ${passed + failed + skipped}, pass: ${passed}, fail: ${failed}, skip: ${skipped} }\n`,
  );
  process.stdout.write(`# time=${((Date.now() - startedAt) / 1000).toFixed(1)} s, all of tap's output: ${OUTPUT}\n`);
  const broken = failed === 0 && status !== 0;
  if (broken) process.stdout.write(`tap ended with status ${status}: a test file did not run to its end\n`);
  process.stdout.write(`${passed} passed, ${broken ? 1 : failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
  process.exitCode = status === 0 ? 0 : 1;
});

/** The commands that read topologies: what they print, and how they end. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import t from 'tap';
import { graphCommand } from '../../../orchestrator/commands/graph.js';
import { schemaCommand } from '../../../orchestrator/commands/schema.js';
import { validateCommand } from '../../../orchestrator/commands/validate.js';
import { CliError } from '../../../orchestrator/errors.js';
import { shippedTopology } from '../topology/support/problems.js';

const folder = mkdtempSync(join(tmpdir(), 'netarium-topology-'));
t.teardown(() => rmSync(folder, { recursive: true }));

interface Ran {
  readonly stdout: string;
  readonly error: unknown;
}

function run(command: Command, ...argv: string[]): Ran {
  const written = t.capture(process.stdout, 'write', () => true);
  let error: unknown;
  try {
    command.exitOverride().parse(argv, { from: 'user' });
  } catch (thrown) {
    error = thrown;
  }
  const calls = written();
  written.restore();
  return { stdout: calls.map(({ args }) => String(args[0])).join(''), error };
}

function badFile(): string {
  const file = join(folder, 'bad.yaml');
  writeFileSync(file, 'devices:\n  a: hots\n');
  return file;
}

t.test('validate says what is in a sound file', async (t) => {
  const file = shippedTopology('mini-internet');
  t.equal(run(validateCommand(), file).stdout, `${file} is fine: 21 devices, 21 links, 13 networks\n`);
  t.same(JSON.parse(run(validateCommand(), '--json', shippedTopology('hello')).stdout), {
    ok: true,
    file: shippedTopology('hello'),
    name: 'hello',
    devices: 3,
    links: 2,
    networks: 1,
    problems: [],
  });
});

t.test('validate refuses a bad file with status 2, also as JSON', async (t) => {
  const plain = run(validateCommand(), badFile());
  t.equal(plain.stdout, '');
  t.ok(plain.error instanceof CliError);
  t.match(plain.error, { exitStatus: 2, message: /bad\.yaml:2:6: kind "hots" is not supported/ });
  const json = run(validateCommand(), '--json', badFile());
  t.match(json.error, { exitStatus: 2 });
  t.match(JSON.parse(json.stdout), {
    ok: false,
    problems: [{ code: 'unknown-kind', line: 2, column: 6, length: 4, message: /^kind "hots" is not supported/ }],
  });
});

t.test('graph draws a file or a generated topology', async (t) => {
  t.match(run(graphCommand(), shippedTopology('hello')).stdout, /^graph LR\n/);
  t.match(run(graphCommand(), shippedTopology('hello'), '--format', 'dot').stdout, /^graph "hello" \{\n/);
  t.match(run(graphCommand(), '--topo', 'ring,3', '--format', 'svg').stdout, /^<svg /);
  t.match(JSON.parse(run(graphCommand(), '--topo', 'star,1', '--json').stdout), {
    name: 'star-1',
    devices: [{ name: 's1' }, { name: 'h1', ports: [{ name: 'eth0', addresses: ['10.0.0.1/24'] }] }],
    links: [{ name: 'h1:eth0 -- s1:1' }],
    networks: [{ subnets: ['10.0.0.0/24'], bridges: ['s1'], ports: ['h1:eth0'] }],
  });
});

t.test('graph writes to a file, and says when it cannot', async (t) => {
  const out = join(folder, 'hello.svg');
  t.equal(run(graphCommand(), shippedTopology('hello'), '-f', 'svg', '-o', out).stdout, '');
  t.match(readFileSync(out, 'utf8'), /<\/svg>\n$/);
  t.match(run(graphCommand(), shippedTopology('hello'), '-o', join(folder, 'no', 'where.svg')).error, {
    exitStatus: 1,
  });
});

t.test('graph needs exactly one of a file and a generator', async (t) => {
  t.match(run(graphCommand()).error, { exitStatus: 2, message: 'give a file or --topo' });
  t.match(run(graphCommand(), 'x.yaml', '--topo', 'ring,3').error, { exitStatus: 2 });
});

t.test('schema prints the JSON Schema', async (t) => {
  t.equal(JSON.parse(run(schemaCommand()).stdout).title, 'Netarium topology');
});

/** Each shipped scenario fails when its expectation is made false: the fault is left out, or the opposite is expected. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { netarium } from './netarium.js';
import { changedScenario, SHIPPED_NAMES, type TestReport, temporaryFolder } from './scenario-files.js';

interface False {
  readonly edits: readonly (readonly [from: string, to: string])[];
  readonly step: RegExp;
  readonly seen: RegExp;
}

const FALSE: Readonly<Record<string, False>> = {
  'lossy-home-link': {
    edits: [['loss: 30%', 'loss: 0%']],
    step: /^expect frames frame\.drop_reason == "impairmentLoss" during lossy: at least 1/,
    seen: /^0 frames$/,
  },
  'dns-root-dead': {
    edits: [['chaos: {device: root-dns, action: kill}', 'wait: 1ms']],
    step: /^fetch http:\/\/www\.example\.org\/ from client: ok false, error\.stage dns/,
    seen: /^ok is true, error\.stage is nothing, error\.code is nothing \(ok, status 200/,
  },
  'backbone-router-killed': {
    edits: [['is: {ok: true, bytes: 1000000, retransmissions: {atLeast: 1}}', 'is: {ok: false}']],
    step: /^await download: ok false$/,
    seen: /^ok is true \(ok, status 200, 976\.6 KiB/,
  },
  'cut-during-handshake-and-close': {
    edits: [["{carrier: 'client:eth0', is: down}", "{carrier: 'client:eth0', is: up}"]],
    step: /^expect carrier client:eth0: up/,
    seen: /^client:eth0 is down$/,
  },
  'bit-errors': {
    edits: [['bitErrorRate: 1e-6', 'bitErrorRate: 0']],
    step: /^expect result damaged: the same as clean; table interfaces of client where name eth0: drops\.badFcs at least 5/,
    seen: /^drops\.badFcs is nothing$/,
  },
  'slow-isp-dns': {
    edits: [['delay: 400ms}', 'delay: 1ms}']],
    step: /^expect result slow: slower than usual by at least 350ms/,
    seen: /^\d+ ms against \d+ ms$/,
  },
  'duplicate-address': {
    edits: [
      ['ip addr add 192.168.1.100/24', 'ip addr add 192.168.1.200/24'],
      ['within: 5s', 'within: 500ms'],
    ],
    step: /^within 500ms: counter arp\.conflict of owner: at least 1$/,
    seen: /^arp\.conflict 0$/,
  },
  'rogue-dhcp-server': {
    edits: [['plug: rogue-sw -- sw', 'plug: rogue-sw -- rogue']],
    step: /^expect table dhcp of client: state BOUND, server 10\.66\.0\.1/,
    seen: /^server is "192\.168\.1\.1"$/,
  },
  'switch-loop': {
    edits: [['plug: sw1 -- sw2', 'plug: sw1 -- a']],
    step: /^expect frames eth\.dst == ff.* at b:eth0 during storm: at least 50/,
    seen: /^[0-9] frames?$/,
  },
  'all-restarted': {
    edits: [['chaos: {device: client, action: restart}', 'wait: 1ms']],
    step: /^expect result after: the same as before; table dhcp of client: state BOUND; frames dhcp\.option\.dhcp == 5/,
    seen: /^0 frames$/,
  },
};

t.test('every shipped scenario has its false one', async (t) => t.same(Object.keys(FALSE).sort(), SHIPPED_NAMES));

for (const [name, { edits, step, seen }] of Object.entries(FALSE)) {
  t.test(`${name}, when what it expects is false`, async (t) => {
    const net = netarium(t);
    const output = temporaryFolder(t);
    const file = changedScenario(t, name, edits);
    const { exitStatus, stdout } = await net.run('test', file, '--json', '--output', output);
    t.equal(exitStatus, 1);
    const { ok, scenarios } = JSON.parse(stdout) as TestReport;
    t.equal(ok, false);
    const [{ outcome, failure, evidence, replay, seed }] = scenarios;
    t.match({ outcome, title: failure?.title, seen: failure?.seen }, { outcome: 'failed', title: step, seen });
    t.equal(evidence, join(output, name));
    for (const part of ['capture.pcapng', 'tables.json', 'faults.json', 'logs', `${name}.yaml`])
      t.ok(existsSync(join(output, name, part)), part);
    t.match(JSON.parse(readFileSync(join(output, name, 'result.json'), 'utf8')), { failure, outcome });
    t.equal(replay, `netarium test ${file} --seed ${seed}`);
    t.same(net.files(), [], 'no lab is left');
  });
}

/** Authorities outside the lab: what hosts trust because the topology says so, and what is wrong with the files. */
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parseTopology, planTopology, TopologyError } from '../../../orchestrator/topology/index.js';
import { CERTIFICATE, PRIVATE_KEY } from '../../support/self-signed.js';

const options = { lab: 'x', runDir: '/run/x', basePort: 20_000, platform: 'linux' } as const;

function folderOf(t: Test): string {
  const damaged = CERTIFICATE.replace(/MII/, 'MIX');
  const files = {
    'a.pem': CERTIFICATE,
    'damaged.pem': CERTIFICATE + damaged,
    'key.pem': PRIVATE_KEY,
    large: '',
    folder: {},
  };
  const folder = t.testdir({ 'bundle.pem': `Two of them\n${PRIVATE_KEY}${CERTIFICATE}\n${CERTIFICATE}`, ...files });
  truncateSync(join(folder, 'large'), 2 ** 21);
  return folder;
}

function trusted(folder: string, authorities: string, ofB = '', more = {}) {
  const text = `authorities: ${authorities}\ndevices:\n  a: host\n  b: {kind: host${ofB}}\n  r: router\nlinks: [a -- b, b -- r]\n`;
  const plan = planTopology(parseTopology(text, join(folder, 'net.yaml')), { ...options, ...more });
  return plan.map((config) => config.authorities);
}

t.test('of all hosts, of one, and the one of the lab before them', async (t) => {
  const folder = folderOf(t);
  t.same(trusted(folder, 'a.pem'), [[CERTIFICATE], [CERTIFICATE], undefined]);
  t.same(trusted(folder, '[a.pem]', '', { authorities: ['own'] })[0], ['own', CERTIFICATE]);
  t.same(trusted(folder, '[]', ', authorities: [a.pem]'), [undefined, [CERTIFICATE], undefined]);
  t.same(trusted(folder, 'bundle.pem', ', authorities: a.pem')[1], [CERTIFICATE], 'each once, and no key');
});

t.test('what is wrong with a file is told with its place', async (t) => {
  const folder = folderOf(t);
  const complaint = (authorities: string, ofB?: string) => {
    try {
      trusted(folder, authorities, ofB);
    } catch (error) {
      if (error instanceof TopologyError) return error.message.split('\n')[0].replace(`${folder}/`, '');
      throw error;
    }
    return '';
  };
  t.equal(
    complaint('[a.pem, none.pem]'),
    'net.yaml:1:22: the certificate file "none.pem" does not exist; it is looked for beside the topology file',
  );
  t.match(complaint('[]', ', authorities: [key.pem]'), /^net\.yaml:4:33: .*"key\.pem" has no certificate: write PEM/);
  t.match(complaint('damaged.pem'), /^net\.yaml:1:14: .* is damaged: its certificate number 2 cannot be read$/);
  t.match(complaint('folder'), /"folder" is a folder$/);
  t.match(complaint('large'), /"large" is too large for certificates$/);
  t.match(complaint('{a: b}'), /a map is not a certificate file, nor a list of them$/);
  t.match(complaint('[5]'), /^net\.yaml:1:15: 5 is not a text/);
});

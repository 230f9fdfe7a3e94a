/** What is said of devices that are not there, and who is waited for when one comes back. */
import t from 'tap';
import type { RpcPeer } from '../../../devices/control.js';
import { describeNews } from '../../../orchestrator/lab/device-news.js';
import { describeState, remedy } from '../../../orchestrator/lab/device-state.js';
import { Followers } from '../../../orchestrator/lab/followers.js';

const ENDED = { name: 'r1', how: 'SIGKILL', lastLines: ['its last words'] };

t.test('states, with who and when', (t) => {
  const row = { name: 'r1', since: 1000, end: '' };
  t.equal(describeState({ ...row, state: 'killed', by: 'fault-3' }, 13_000), 'r1 was killed by fault-3 12.0 s ago');
  t.equal(describeState({ ...row, state: 'paused' }, 1250), 'r1 was paused 250 ms ago');
  t.equal(describeState({ ...row, state: 'stopped' }, 900), 'r1 was stopped 0 ms ago', 'clocks may be set back');
  t.equal(
    describeState({ ...row, state: 'dead', end: 'r1 has ended (exit status 70)' }, 0),
    'r1 has ended (exit status 70)',
  );
  t.equal(describeState({ ...row, state: 'starting' }, 0), 'r1 is starting');
  t.match(remedy({ name: 'r1', state: 'dead' }, 'lab'), /`netarium chaos device r1 start --lab lab`/);
  t.match(remedy({ name: 'r1', state: 'paused' }, 'lab'), /`netarium chaos device r1 resume --lab lab`/);
  t.match(remedy({ name: 'r1', state: 'running' }, 'lab'), /`netarium logs r1 --lab lab`/);
  t.end();
});

t.test('news', (t) => {
  t.equal(describeNews({ event: 'end', state: 'killed', by: 'fault-3', ...ENDED }), 'r1 was killed by fault-3');
  t.equal(describeNews({ event: 'end', state: 'dead', ...ENDED }), 'r1 has ended (SIGKILL)\n    its last words');
  t.equal(describeNews({ event: 'start', name: 'r1', pid: 7, life: 2 }), 'r1 was started again (process 7)');
  t.equal(describeNews({ event: 'pause', name: 'r1', by: 'fault-4' }), 'r1 was paused by fault-4');
  t.equal(describeNews({ event: 'resume', name: 'r1' }), 'r1 was resumed');
  t.end();
});

function peer(): RpcPeer & { close(): void } {
  const closers: (() => void)[] = [];
  const close = () => {
    for (const run of closers) run();
  };
  const nothing = () => {};
  return {
    notify: nothing,
    sendBinary: nothing,
    onBinary: nothing,
    backlogBytes: 0,
    onClose: (run) => closers.push(run),
    terminate: close,
    close,
  };
}

t.test('a device that comes back waits for all who follow, and for nobody who has gone', async (t) => {
  const followers = new Followers();
  await followers.gathered('r1');
  const [a, b] = [peer(), peer()];
  followers.add(a);
  followers.add(b);
  let gathered = '';
  const all = [
    followers.gathered('r1').then(() => {
      gathered += 'r1 ';
    }),
    followers.gathered('r2').then(() => {
      gathered += 'r2 ';
    }),
  ];
  followers.listens('r2', a);
  followers.listens('r1', a);
  followers.listens('r3', b);
  followers.listens('r2', b);
  await all[1];
  t.equal(gathered, 'r2 ', 'each device by itself');
  b.close();
  await all[0];
  t.equal(gathered, 'r2 r1 ');
});

t.test('who does not answer is not waited for long', async (t) => {
  const followers = new Followers();
  followers.add(peer());
  await t.resolves(followers.gathered('r1'));
});

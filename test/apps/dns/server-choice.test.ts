/** Which of several servers is asked. */
import t from 'tap';
import { ServerTimes } from '../../../devices/apps/dns/server-times.js';
import { Random } from '../../../devices/stack/random.js';
import { RCODE_SERVFAIL } from '../../../devices/stack/wire/dns.js';
import { DnsNet, type DnsNode, zone } from './dns-net.js';

function times() {
  const clock = { now: 0 };
  return { clock, times: new ServerTimes(() => clock.now, new Random('times')) };
}

t.test('who is not known comes first, then the fastest', async (t) => {
  const { times: known } = times();
  known.answered('slow', 80);
  known.answered('fast', 20);
  t.same(known.order(['slow', 'fast', 'new']), ['new', 'fast', 'slow']);
  t.same(known.order(['slow', 'fast']), ['fast', 'slow']);
});

t.test('times are smoothed', async (t) => {
  const { times: known } = times();
  known.answered('a', 100);
  known.answered('a', 200);
  t.equal(Math.round(known.expected('a')), 130);
});

t.test('silence counts as a second, and doubles; both fade', async (t) => {
  const { clock, times: known } = times();
  known.answered('a', 20);
  known.answered('dead', 10);
  known.silent('dead');
  t.equal(known.expected('dead'), 1000);
  known.silent('dead');
  t.equal(known.expected('dead'), 2000);
  for (let i = 0; i < 10; i++) known.silent('dead');
  t.equal(known.expected('dead'), 60_000, 'with an end');
  t.same(known.order(['dead', 'a']), ['a', 'dead']);
  for (let second = 0; second < 500; second++) {
    clock.now += 1000;
    known.answered('a', 20);
  }
  t.same(known.order(['dead', 'a']), ['dead', 'a'], 'after some minutes it gets another chance');
});

t.test('a thousand servers are remembered', async (t) => {
  const { times: known } = times();
  for (let i = 0; i < 1100; i++) known.answered(`server ${i}`, 50);
  t.ok(known.expected('server 0') < 1, 'forgotten');
  t.equal(known.expected('server 1099'), 50);
});

/** A zone with two servers, `near` and `far`; answers may be kept for a second. */
function world() {
  const net = new DnsNet();
  const client = net.host('client');
  const isp = net.nameServer('isp', { recursion: true, rootHints: [{ name: 'root', address: '10.0.2.1' }] });
  net.nameServer('root', {
    zones: [zone('.', 'x NS ns1.x', 'x NS ns2.x', 'ns1.x A 10.0.3.1', 'ns2.x A 10.0.4.1')],
  });
  const records = zone('x', '* 1 A 192.0.2.1');
  const near = net.nameServer('near', { zones: [records] });
  const far = net.nameServer('far', { zones: [records] });
  net.slowDown(far, 60);
  const ask = async (count: number) => {
    const before = isp.dnsLines().length;
    for (let i = 0; i < count; i++) await net.ask(client, isp, { name: `n${before}-${i}.x` });
    return isp.dnsLines().slice(before);
  };
  return { net, isp, near, far, ask };
}

function share(lines: readonly string[], server: DnsNode): number {
  const asked = lines.filter((line) => line.startsWith('ask') && line.includes('(x)'));
  return asked.filter((line) => line.includes(server.ip)).length / asked.length;
}

t.test('each is tried, then the near one is asked; the far one now and then', async (t) => {
  const { net, near, far, ask } = world();
  const first = await ask(20);
  t.equal(share(first, far), 1 / 20);
  t.equal(share(first, near), 19 / 20);
  await net.runFor(600_000);
  const later = await ask(20);
  t.ok(share(later, near) > 0.8, String(share(later, near)));
});

t.test('the near one dies: one question waits, the others go to the far one; revived, it is found again', async (t) => {
  const { net, near, far, ask } = world();
  await ask(5);
  net.kill(near);
  const dead = await ask(10);
  t.equal(dead.filter((line) => line === `no answer from ${near.ip}`).length, 1);
  t.equal(dead.filter((line) => line.startsWith(`answer from ${far.ip}`)).length, 10);
  net.revive(near);
  for (let i = 0; i < 20; i++) {
    await net.runFor(10_000);
    await ask(1);
  }
  t.ok(share(await ask(10), near) >= 0.9, 'but for one that looks after the far one');
});

t.test('failures are remembered for longer each time, and not after an answer (RFC 9520 section 3.2)', async (t) => {
  const net = new DnsNet();
  const client = net.host('client');
  const isp = net.nameServer('isp', { recursion: true, rootHints: [{ name: 'root', address: '10.0.2.1' }] });
  net.nameServer('root', { zones: [zone('.', '@ NS root', 'root A 10.0.2.1', 'x NS ns.x', 'ns.x A 10.0.3.1')] });
  const server = net.nameServer('x', { zones: [zone('x', 'www 1 A 192.0.2.1')] });
  const router = net.forwarder('router', [isp.ip]);
  /** Whether others were asked for the answer. */
  const asks = async (who: typeof isp | typeof router) => {
    const before = who.traced.length;
    await net.ask(client, who, { name: 'www.x' });
    return who.traced.slice(before).some(({ event }) => event === 'dns-query');
  };
  for (const who of [isp, router]) {
    net.kill(server);
    for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
      t.equal(await asks(who), true);
      await net.runFor(1000 * seconds - 200);
      t.equal(await asks(who), false, `${seconds} s`);
      await net.runFor(300);
    }
    net.revive(server);
    t.equal(await asks(who), true);
    net.kill(server);
    await net.runFor(1_000);
    t.equal(await asks(who), true);
    await net.runFor(1_100);
    t.equal(await asks(who), true, 'a second again, since there was an answer');
    net.revive(server);
    await net.runFor(60_000);
  }
});

t.test(
  'name servers whose addresses could not be found are not looked up again at once (RFC 9520 section 2.4)',
  async (t) => {
    const net = new DnsNet();
    const client = net.host('client');
    const isp = net.nameServer('isp', { recursion: true, rootHints: [{ name: 'root', address: '10.0.2.1' }] });
    const dead = ['dead NS ns.dead', 'ns.dead A 10.0.3.1'];
    net.nameServer('root', {
      zones: [zone('.', '@ NS root', 'root A 10.0.2.1', ...dead, 'x NS a.dead')],
    });
    net.kill(net.host('dead'));
    const asked = async (name: string) => {
      const before = isp.dnsLines().length;
      t.equal((await net.ask(client, isp, { name })).message.rcode, RCODE_SERVFAIL);
      return isp
        .dnsLines()
        .slice(before)
        .filter((line) => line.startsWith('ask 10.0.3.1')).length;
    };
    t.ok((await asked('www.x')) > 0);
    t.equal(await asked('ftp.x'), 0);
  },
);

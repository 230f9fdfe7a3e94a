import t from 'tap';
import type { Command } from '../../../devices/apps/commands/command.js';
import { dig } from '../../../devices/apps/commands/dig.js';
import { host } from '../../../devices/apps/commands/host.js';
import { nslookup } from '../../../devices/apps/commands/nslookup.js';
import { DnsNet, zone } from './dns-net.js';

async function* nothing(): AsyncGenerator<string> {}

function world(domain?: string) {
  const net = new DnsNet();
  const client = net.host('client');
  const isp = net.nameServer('isp', { recursion: true, rootHints: [{ name: 'root', address: '10.0.2.1' }] });
  net.nameServer('root', {
    zones: [
      zone(
        '.',
        '@ NS root',
        'root A 10.0.2.1',
        'com NS ns.com',
        'ns.com A 10.0.3.1',
        '2.0.192.in-addr.arpa NS ns.com.',
      ),
    ],
  });
  net.nameServer('com', {
    zones: [
      zone(
        'com',
        '@ SOA ns h 7 3600 600 86400 30',
        '@ NS ns',
        'ns A 10.0.3.1',
        'www.server A 192.0.2.80',
        'blog.server CNAME www.server',
        'server TXT "v=1"',
        ...Array.from({ length: 40 }, (_, i) => `big A 10.9.0.${i}`),
      ),
      zone('2.0.192.in-addr.arpa', '80 PTR www.server.com.'),
    ],
  });
  const resolver = client.resolver({ servers: [isp.ip], domain, hosts: { 'dns.isp': [isp.ip] } });
  const run = async (make: typeof dig, line: string, signal = new AbortController().signal) => {
    const command: Command = make(client.network, resolver, client.random);
    let stdout = '';
    let stderr = '';
    const status = await net.until(
      command.run(line.split(' '), {
        stdout: (text) => {
          stdout += text;
        },
        stderr: (text) => {
          stderr += text;
        },
        stdin: nothing(),
        signal,
        drained: async () => {},
        columns: 80,
      }),
    );
    return { status, stdout, stderr };
  };
  return { net, client, isp, run };
}

/** What differs from run to run of the seed: ids, times. */
function masked(text: string): string {
  return text
    .replace(/id: \d+/, 'id: N')
    .replace(/time: \d+/, 'time: N')
    .replace(/in \d+ ms/g, 'in N ms');
}

t.test('dig prints what dig prints', async (t) => {
  const { run } = world();
  const { status, stdout } = await run(dig, 'www.server.com');
  t.equal(status, 0);
  t.equal(
    masked(stdout),
    `
; <<>> DiG (netarium) <<>> www.server.com
;; global options: +cmd
;; Got answer:
;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: N
;; flags: qr rd ra; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 0

;; QUESTION SECTION:
;www.server.com.\t\tIN\tA

;; ANSWER SECTION:
www.server.com.\t\t300\tIN\tA\t192.0.2.80

;; Query time: N msec
;; SERVER: 10.0.1.1#53(10.0.1.1) (UDP)
;; WHEN: Thu Jan 01 00:00:00 UTC 1970
;; MSG SIZE  rcvd: 48

`,
  );
});

t.test('dig: a referral, its glue, and the warning that nobody recurses', async (t) => {
  const { run } = world();
  const { stdout } = await run(dig, '@10.0.2.1 www.server.com +nocmd +nostats');
  t.equal(
    masked(stdout),
    `;; Got answer:
;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: N
;; flags: qr rd; QUERY: 1, ANSWER: 0, AUTHORITY: 1, ADDITIONAL: 1
;; WARNING: recursion requested but not available

;; QUESTION SECTION:
;www.server.com.\t\tIN\tA

;; AUTHORITY SECTION:
com.\t\t\t300\tIN\tNS\tns.com.

;; ADDITIONAL SECTION:
ns.com.\t\t\t300\tIN\tA\t10.0.3.1

`,
  );
});

t.test('dig: options', async (t) => {
  const { run, client } = world();
  t.equal((await run(dig, 'blog.server.com +short')).stdout, 'www.server.com.\n192.0.2.80\n');
  t.equal((await run(dig, '+short -x 192.0.2.80')).stdout, 'www.server.com.\n');
  t.equal((await run(dig, '-t txt server.com +short')).stdout, '"v=1"\n');
  t.equal((await run(dig, '@dns.isp +short server.com SOA')).stdout, '', 'no SOA below the cut');
  t.equal((await run(dig, 'com soa +short')).stdout, 'ns.com. h.com. 7 3600 600 86400 30\n');
  t.match((await run(dig, '@dns.isp com NS')).stdout, /SERVER: 10.0.1.1#53\(dns.isp\) \(UDP\)/);
  t.match((await run(dig, 'no.server.com')).stdout, /status: NXDOMAIN/);
  t.match((await run(dig, 'www.server.com +tcp')).stdout, /\(TCP\)/);
  const tc = await run(dig, 'big.com +noall +comments');
  t.match(tc.stdout, /;; Truncated, retrying in TCP mode.\n.*ANSWER: 40/s);
  t.match((await run(dig, 'big.com +ignore +noall +comments')).stdout, /flags: qr tc rd ra/);
  t.equal((await run(dig, '+noall +answer www.server.com')).stdout.split('\n').length, 2);
  const cold = await run(dig, '+norecurse www.other.com');
  t.match(cold.stdout, /flags: qr ra;.*AUTHORITY SECTION:\ncom\./s);
  t.ok(client.traced.some((event) => event.event === 'dns-query' && !event.recursionDesired));
});

t.test('dig +trace goes down from the root', async (t) => {
  const { run } = world();
  const { stdout, status } = await run(dig, '+trace www.server.com');
  t.equal(status, 0);
  t.equal(
    masked(stdout).split('\n').slice(3).join('\n'),
    `.\t\t\t300\tIN\tNS\troot.
;; Received 34 bytes from 10.0.1.1#53(10.0.1.1) in N ms

com.\t\t\t300\tIN\tNS\tns.com.
;; Received 65 bytes from 10.0.2.1#53(root) in N ms

www.server.com.\t\t300\tIN\tA\t192.0.2.80
;; Received 48 bytes from 10.0.3.1#53(ns.com) in N ms

`,
  );
});

t.test('dig: no reply, refused connection, wrong arguments', async (t) => {
  const { run, net, isp } = world();
  net.kill(isp);
  const dead = await run(dig, 'www.server.com +time=1 +tries=2');
  t.equal(dead.status, 9);
  t.match(dead.stdout, /(;; communications error to 10.0.1.1#53: timed out\n){2};; no servers could be reached\n$/);
  const closed = await run(dig, '@10.0.0.254 www.server.com +tries=1');
  t.match(closed.stdout, /communications error to 10.0.0.254#53: connection refused/);
  for (const [line, message] of [
    ['+nonsense', 'invalid option +nonsense'],
    ['-z', 'invalid option -z'],
    ['-p 0', '-p takes a number 1 … 65535'],
    ['-t nothing', 'unknown type nothing'],
    ['-x 1.2.3', 'invalid IP address 1.2.3'],
    ['a..b', "'a..b' is not a legal name"],
    ['a.com b.com', 'one name at a time: a.com, b.com'],
  ]) {
    const wrong = await run(dig, line);
    t.equal(wrong.status, 2, line);
    t.match(wrong.stderr, `dig: ${message}`);
  }
  t.match(await run(dig, '@no.where www.server.com'), { status: 1, stderr: /couldn't get address for 'no.where'/ });
});

t.test('Ctrl-C ends a question that nobody answers', async (t) => {
  const { run, net, isp } = world();
  net.kill(isp);
  const controller = new AbortController();
  const running = run(dig, 'www.server.com', controller.signal);
  await net.runFor(100);
  controller.abort();
  t.equal((await running).status, 130);
  t.ok(net.now < 1000);
});

t.test('nslookup', async (t) => {
  const { run, net, isp } = world('server.com');
  const head = 'Server:\t\t10.0.1.1\nAddress:\t10.0.1.1#53\n\n';
  t.equal(
    (await run(nslookup, 'blog.server.com')).stdout,
    `${head}Non-authoritative answer:\nblog.server.com\tcanonical name = www.server.com.\n` +
      'Name:\twww.server.com\nAddress: 192.0.2.80\n\n',
  );
  t.match((await run(nslookup, 'www')).stdout, /Name:\twww.server.com\n/, 'by the search domain');
  t.match((await run(nslookup, '192.0.2.80')).stdout, /80.2.0.192.in-addr.arpa\tname = www.server.com.\n/);
  t.match((await run(nslookup, '-type=txt server.com')).stdout, /server.com\ttext = "v=1"\n/);
  t.match(
    (await run(nslookup, '-type=soa com 10.0.3.1')).stdout,
    /#53\n\ncom\n\torigin = ns.com\n\tmail addr = h.com\n/,
  );
  t.match(await run(nslookup, 'no.server.com'), {
    status: 1,
    stdout: `${head}** server can't find no.server.com: NXDOMAIN\n\n`,
  });
  t.match((await run(nslookup, 'server.com')).stdout, "*** Can't find server.com: No answer\n");
  t.equal((await run(nslookup, '-type=what x')).status, 2);
  net.kill(isp);
  t.match(await run(nslookup, '-timeout=1 www.server.com'), {
    status: 1,
    stdout: ';; connection timed out; no servers could be reached\n\n',
  });
});

t.test('host', async (t) => {
  const { run, net, isp } = world('server.com');
  t.equal(
    (await run(host, 'blog.server.com')).stdout,
    'blog.server.com is an alias for www.server.com.\nwww.server.com has address 192.0.2.80\n',
  );
  t.equal((await run(host, '192.0.2.80')).stdout, '80.2.0.192.in-addr.arpa domain name pointer www.server.com.\n');
  t.equal((await run(host, '-t ns com')).stdout, 'com name server ns.com.\n');
  t.equal((await run(host, '-t txt www')).stdout, 'www.server.com has no TXT record\n');
  t.equal((await run(host, '-T -t txt server.com')).stdout, 'server.com descriptive text "v=1"\n');
  t.equal(
    (await run(host, '-t a www.server.com 10.0.1.1')).stdout,
    'Using domain server:\nName: 10.0.1.1\nAddress: 10.0.1.1#53\nAliases: \n\nwww.server.com has address 192.0.2.80\n',
  );
  t.same(await run(host, 'no.server.com'), {
    status: 1,
    stdout: 'Host no.server.com not found: 3(NXDOMAIN)\n',
    stderr: '',
  });
  t.equal((await run(host, '-t what x')).status, 2);
  net.kill(isp);
  t.match(await run(host, '-W 1 -R 1 www.server.com'), {
    status: 1,
    stdout: ';; connection timed out; no servers could be reached\n',
  });
});

import t from 'tap';
import { dig } from '../../../devices/apps/commands/dig.js';
import { host } from '../../../devices/apps/commands/host.js';
import { nslookup } from '../../../devices/apps/commands/nslookup.js';
import { runCommand } from './command-run.js';
import { DnsNet, zone } from './dns-net.js';

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
    return runCommand(net, make(client.network, resolver, client.random), line, signal);
  };
  return { net, client, isp, run };
}

t.test('dig: what no golden text shows', async (t) => {
  const { run, client, net, isp } = world();
  t.match((await run(dig, '@dns.isp com NS')).stdout, /SERVER: 10.0.1.1#53\(dns.isp\) \(UDP\)/, 'the hosts file');
  const cold = await run(dig, '+norecurse www.other.com');
  t.match(cold.stdout, /flags: qr ra;.*AUTHORITY SECTION:\ncom\./s);
  t.ok(client.traced.some((event) => event.event === 'dns-query' && !event.recursionDesired));
  t.match((await run(dig, '+multi +noall +ans com SOA')).stdout, /3600 +; refresh \(1 hour\)/, 'shortened words');
  t.match((await run(dig, 'www.server.com +ednsflags=0x80 +qr')).stdout, 'flags:; MBZ: 0x0080, udp: 1232');
  t.match((await run(dig, 'com SOA +ttlunits +noall +answer')).stdout, '\t4m59s\tIN');
  for (const line of ['-x', '-t', '+ednsopt=x:1', '+edns=300', '+bufsize=70000', '+ednsflags=x', '+tries=x']) {
    const wrong = await run(dig, line);
    t.ok(wrong.status === 1 || wrong.status === 10, line);
    t.not(wrong.stderr, '');
  }
  t.match(await run(dig, '-h'), { status: 0, stdout: /^Usage: {2}dig / });
  t.match(await run(dig, '-v'), { status: 0, stderr: 'DiG (netarium)\n' });
  net.kill(isp);
  t.match(await run(dig, 'www.server.com +time=1 +tries=2'), { status: 9 });
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
  t.match((await run(nslookup, '-type=what www.server.com')).stdout, /^unknown query type: what\n/);
  t.equal((await run(nslookup, '-what x')).status, 2);
  net.kill(isp);
  t.match(await run(nslookup, '-timeout=1 www.server.com'), {
    status: 1,
    stdout: /(;; communications error to 10.0.1.1#53: timed out\n){3};; no servers could be reached\n\n$/,
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
    stdout: /(;; communications error to 10.0.1.1#53: timed out\n){2};; no servers could be reached\n$/,
  });
});

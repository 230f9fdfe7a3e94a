import t from 'tap';
import { begin } from './begin.js';
import { interruptAfter, threeNetworks } from './three-networks.js';

t.test('netstat -napt, ss: a server and its connection, through its life', async (t) => {
  const world = threeNetworks();
  const server = await begin(world, 'b', 'nc -l 8080');
  const client = await begin(world, 'a', 'nc b 8080');
  const port = /10\.0\.0\.2:(\d+)/.exec((await world.exec('a', 'netstat -nt')).stdout)?.[1] ?? '';
  t.equal(
    (await world.exec('b', 'netstat -napt')).stdout,
    `Active Internet connections (servers and established)
Proto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name    
tcp        0    511 0.0.0.0:80              0.0.0.0:*               LISTEN      -/web-server        
tcp        0      0 10.0.2.2:8080           10.0.0.2:${port}          ESTABLISHED -/nc                
`,
  );
  t.equal(
    (await world.exec('b', 'ss -tanp')).stdout,
    `State  Recv-Q Send-Q Local Address:Port Peer Address:Port  Process
LISTEN 0      511          0.0.0.0:80        0.0.0.0:*     users:(("web-server"))
ESTAB  0      0           10.0.2.2:8080     10.0.0.2:${port} users:(("nc"))
`,
  );
  t.match((await world.exec('b', 'netstat -l')).stdout, /only servers\)\n.*\ntcp .*0\.0\.0\.0:http .*LISTEN/);
  t.match((await world.exec('a', 'netstat -t')).stdout, / b:http-alt +ESTABLISHED/);
  t.match(
    (await world.exec('a', 'ss -ti')).stdout,
    /^\t (cubic|reno) wscale:\d+,\d+ rto:\d+ rtt:[\d.]+\/[\d.]+ mss:\d+ pmtu:1500 rcvmss:\d+ advmss:\d+ cwnd:\d+ /m,
  );
  client.stop();
  t.equal((await world.until(client.end)).status, 130);
  t.equal((await world.until(server.end)).status, 0);
  await world.runFor(100);
  t.match((await world.exec('a', 'netstat -napto')).stdout, /TIME_WAIT {3}- +timewait \(\d+\.\d\d\/0\/0\)/);
  t.match((await world.exec('a', 'ss -tano')).stdout, /^TIME-WAIT .*timer:\(timewait,\d+sec,0\)$/m);
  t.equal((await world.exec('a', 'ss -tnH')).stdout, '', 'TIME-WAIT only with -a');
  await world.runFor(60_000);
  t.equal((await world.exec('a', 'ss -tanH')).stdout, '');
});

t.test('netstat -r, -i, -s, -u; wrong arguments', async (t) => {
  const world = threeNetworks();
  await world.exec('a', 'ping -c 1 b');
  t.equal(
    (await world.exec('a', 'netstat -rn')).stdout,
    `Kernel IP routing table
Destination     Gateway         Genmask         Flags   MSS Window  irtt Iface
0.0.0.0         10.0.0.1        0.0.0.0         UG        0 0          0 eth0
10.0.0.0        0.0.0.0         255.255.255.0   U         0 0          0 eth0
`,
  );
  t.match(
    (await world.exec('a', 'netstat -i')).stdout,
    /\neth0 {13}1500 {8}\d {6}0 {6}0 0 {13}\d {6}0 {6}0 {6}0 BRU\n$/,
  );
  t.match(
    (await world.exec('a', 'netstat -s')).stdout,
    /^Icmp:\n {4}1 ICMP messages received\n {4}0 input ICMP message failed\n {4}ICMP input histogram:\n {8}echo replies: 1\n/m,
  );
  t.match((await world.exec('a', 'netstat -su')).stdout, /^Udp:\n {4}0 packets received\n/);
  const server = await begin(world, 'b', 'nc -lu 53');
  t.match((await world.exec('b', 'netstat -anu')).stdout, /\nudp {8}0 {6}0 0\.0\.0\.0:53 {14}0\.0\.0\.0:\* {26}\n$/);
  t.match((await world.exec('b', 'ss -lnuH')).stdout, /^UNCONN 0 +0 +0\.0\.0\.0:53 0\.0\.0\.0:\*\n$/);
  t.match((await world.exec('b', 'ss -lnH')).stdout, /^tcp LISTEN .*\nudp UNCONN .*\n$/);
  server.stop();
  await world.until(server.end);
  t.equal((await world.exec('a', 'netstat -Z')).status, 2);
});

t.test('nc: text there and back over TCP, half-close with -N', async (t) => {
  const world = threeNetworks();
  const server = await begin(world, 'b', 'nc -l -v 8080', 'from the server\n');
  const client = await world.exec('a', 'nc -v -q 1 b 8080', 'from the client\n');
  t.match(client, {
    status: 0,
    stdout: 'from the server\n',
    stderr: 'Connection to b 8080 port [tcp/http-alt] succeeded!\n',
  });
  const heard = await world.until(server.end);
  t.equal(heard.stdout, 'from the client\n');
  t.match(heard.stderr, /^Listening on 0\.0\.0\.0 8080\nConnection received on 10\.0\.0\.2 \d+\n$/);
  const web = await world.exec('a', 'nc -N b 80', 'GET /nothing HTTP/1.0\r\n\r\n');
  t.match(web.stdout, /^HTTP\/1\.1 404 Not Found\r\n/);
});

t.test('nc -k serves one after the other; -z tells open from closed; -w gives up', async (t) => {
  const world = threeNetworks();
  const server = await begin(world, 'b', 'nc -lk 9000');
  await world.exec('a', 'nc -N -q 0 b 9000', 'one ');
  await world.exec('a', 'nc -N -q 0 b 9000', 'two');
  server.stop();
  t.match(await world.until(server.end), { status: 130, stdout: 'one two' });
  t.match(await world.exec('a', 'nc -vz b 79-81'), {
    status: 0,
    stderr: [
      'nc: connect to b port 79 (tcp) failed: Connection refused',
      'Connection to b 80 port [tcp/http] succeeded!',
      'nc: connect to b port 81 (tcp) failed: Connection refused',
      '',
    ].join('\n'),
  });
  t.match(await world.exec('a', 'nc -z b 81'), { status: 1, stderr: '' });
  const start = world.now;
  t.match(await world.exec('a', 'nc -v -w 2 10.0.0.9 80'), {
    status: 1,
    stderr: 'nc: connect to 10.0.0.9 port 80 (tcp) timed out\n',
  });
  t.equal(world.now - start, 2000);
  t.match(await world.exec('b', 'nc -l 80'), { status: 1, stderr: 'nc: Address already in use\n' });
  t.match(await world.exec('b', 'nc -l 81', '', interruptAfter(world, 'b', 500)), { status: 130 });
  t.match(await world.exec('a', 'nc b'), { status: 2 });
  t.match(await world.exec('a', 'nc b 0'), { status: 1, stderr: 'nc: port number invalid: 0\n' });
  t.match(await world.exec('a', 'nc nosuch 1'), { status: 1, stderr: /Temporary failure in name resolution/ });
});

t.test('nc -u: datagrams there and back; nobody there', async (t) => {
  const world = threeNetworks();
  const server = await begin(world, 'b', 'nc -u -l 5000', 'answer');
  const client = await world.exec('a', 'nc -u -w 1 b 5000', 'question');
  t.match(client, { status: 0, stdout: 'answer' });
  server.stop();
  t.match(await world.until(server.end), { status: 130, stdout: 'question' });
  t.match(await world.exec('a', 'nc -u b 5000', 'x'), { status: 1, stderr: 'nc: Connection refused\n' });
  t.match(await world.exec('a', 'nc -zuv b 5000'), { status: 1, stderr: '' });
});

t.test('curl: a page, a form, headers, redirects, what -w tells', async (t) => {
  const world = threeNetworks();
  t.same(await world.exec('a', 'curl -d username=zss -d password=123 http://b/echo'), {
    status: 0,
    stdout: 'username=zss&password=123',
    stderr: '',
  });
  const verbose = await world.exec('a', 'curl -v -d x=1 -H X-Test:yes b/echo');
  t.same(
    verbose.stderr.split('\n').filter((line) => !line.startsWith('<')),
    [
      '*   Trying 10.0.2.2:80...',
      '* Connected to b (10.0.2.2) port 80',
      '> POST /echo HTTP/1.1',
      '> Host: b',
      '> User-Agent: curl/8.5.0',
      '> Accept: */*',
      '> Content-Length: 3',
      '> Content-Type: application/x-www-form-urlencoded',
      '> X-Test: yes',
      '> ',
      '* Connection #0 to host b left intact',
      '',
    ],
  );
  t.match(
    (await world.exec('a', 'curl -I b/old')).stdout,
    /^HTTP\/1\.1 302 Found\r\n.*Location: \/echo\r\n.*\r\n\r\n$/s,
  );
  t.equal(
    (await world.exec('a', 'curl -s -I -w %{http_code}:%{num_redirects}:%{url_effective} -L b/old')).stdout
      .split('\r\n\r\n')
      .at(-1),
    '405:1:http://b/echo',
  );
});

t.test('curl: failures with their exit status', async (t) => {
  const world = threeNetworks();
  const fails = async (line: string, status: number, stderr: string) =>
    t.same(
      await world.exec('a', line),
      { status, stdout: '', stderr: stderr === '' ? '' : `curl: (${status}) ${stderr}\n` },
      line,
    );
  await fails('curl -X G@T http://b/', 43, 'Method must be a valid HTTP token ["G@T"]');
  await fails('curl ftp://b/', 1, 'Protocol "ftp" not supported');
  await fails('curl http://b:99999/', 3, 'URL using bad/illegal format or missing URL');
  await fails('curl nosuch', 6, 'Could not resolve host: nosuch');
  await world.exec('a', 'ping -c 1 b');
  await fails('curl b:81', 7, 'Failed to connect to b port 81 after 6 ms: Connection refused');
  await fails('curl http://10.0.0.9/', 7, 'Failed to connect to 10.0.0.9 port 80 after 3000 ms: No route to host');
  await fails('curl -f b/none', 22, 'The requested URL returned error: 404');
  await fails('curl -m 1 http://10.0.0.9/', 28, 'Operation timed out after 1000 milliseconds');
  await fails('curl -s b:81', 7, '');
  await begin(world, 'b', 'nc -l 8013', 'Sun Nov 22 23:17:18 2026\n');
  await fails('curl b:8013', 1, 'Received HTTP/0.9 when not allowed');
  t.match(await world.exec('a', 'curl -o file b'), { status: 2, stderr: /a device has no files/ });
  t.match(await world.exec('a', 'curl'), { status: 2 });
  const server = await begin(world, 'b', 'nc -l 8081');
  t.match(await world.exec('a', 'curl b:8081', '', interruptAfter(world, 'a', 1000)), { status: 130 });
  server.stop();
  await world.until(server.end);
});

import t from 'tap';
import { prettyLine } from '../../../orchestrator/commands/logs.js';

const plain = (_style: unknown, text: string) => text;
const TIME = Date.UTC(2026, 10, 22, 12, 0, 1, 250);

function pretty(entry: object): string {
  return prettyLine(JSON.stringify({ level: 30, time: TIME, pid: 1, hostname: 'h', name: 'client', ...entry }), plain);
}

t.test('time, level, device, message, facts', async (t) => {
  t.equal(
    pretty({ msg: 'dhcp: bound', address: '192.168.1.100', options: { mtu: 1500 } }),
    '12:00:01.250 INFO  client  dhcp: bound  address=192.168.1.100 options={"mtu":1500}',
  );
  t.equal(pretty({ level: 50, msg: 'no' }), '12:00:01.250 ERROR client  no');
  t.equal(pretty({ level: 35, msg: 'own level' }), '12:00:01.250 35    client  own level');
});

t.test('what the message says is not said again', async (t) => {
  const served = { remote: '192.0.2.1:4000', method: 'GET', url: 'http://b/200', status: 200, bytes: 11 };
  t.match(
    pretty({ ...served, msg: 'GET http://b/200 200' }),
    / {2}GET http:\/\/b\/200 200 {2}remote=192.0.2.1:4000 bytes=11$/,
  );
  const error = { code: 'ENOTFOUND', message: 'b: no such name', stage: 'dns' };
  t.match(
    pretty({ url: 'http://b/', status: 0, error, msg: 'loaded http://b/: ENOTFOUND (dns)' }),
    / {2}status=0 error=\{"message":"b: no such name"\}$/,
  );
  t.match(pretty({ port: 80, sites: ['b', 'c'], msg: 'serving b, c on port 80' }), /serving b, c on port 80$/);
  t.match(pretty({ port: 80, sites: ['b', 'd'], msg: 'serving b on 80' }), / {2}port=80 sites=\["b","d"\]$/, 'in part');
  t.match(pretty({ address: '10.0.0.1', msg: 'not 10.0.0.12' }), / {2}address=10\.0\.0\.1$/, 'nor a part of it');
});

t.test('an error: what went wrong, and where in the application', async (t) => {
  const stack = [
    'Error: no database\n    at node:internal/x:1:1',
    'at refusal (/opt/netarium/devices/host.cjs:9:9)',
    'at Layer.handle (/srv/node_modules/router/lib/layer.js:169:33)',
    'at async order (file:///srv/my%20shop.mjs?instance=1:22:9)',
  ].join('\n    ');
  const err = { type: 'Error', message: 'no database', stack };
  t.match(pretty({ err, msg: 'an application has failed' }), /failed {2}err=no database at=\/srv\/my shop\.mjs:22:9$/);
  t.match(pretty({ err, msg: 'it has failed: no database' }), /: no database {2}at=\/srv\/my shop\.mjs:22:9$/);
  t.match(pretty({ err: { message: 'x', stack: 'Error: x' }, msg: 'y' }), / {2}y {2}err=x$/);
  const own = 'Error: x\n    at tick (/opt/netarium/devices/host.cjs:9:9)';
  t.match(pretty({ err: { message: 'x', stack: own }, msg: 'crashed' }), /err=x at=\/opt\/.*host\.cjs:9:9$/);
});

t.test("lines that are not pino's are shown as they are", async (t) => {
  for (const line of ['Segmentation fault', '', 'null', '5', '"text"', '[1]', '{}', '{"time":"noon","msg":"x"}']) {
    t.equal(prettyLine(line, plain), line);
  }
});

t.test('what a machine was sent does not steer the terminal', async (t) => {
  const entry = { msg: 'bad request: \x1b[2J', host: '\x9b31m' };
  t.equal(pretty(entry), '12:00:01.250 INFO  client  bad request: \\x1b[2J  host=\\x9b31m');
  t.equal(prettyLine('\x1b[2J', plain), '\\x1b[2J');
});

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

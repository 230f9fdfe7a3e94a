/** Urgent data: RFC 9293 section 3.8.5, RFC 6093. It stays in line. */
import t from 'tap';
import { ACK, PSH, SYN, URG } from '../../../devices/stack/wire/tcp.js';
import { bytesOf, Conversation, established, IRS, text } from './harness.js';

function listening() {
  const setup = established();
  const urgent: number[] = [];
  const { client } = setup;
  client.handler = { ...client.handler, onUrgent: () => urgent.push(client.urgentBytes) };
  return { ...setup, urgent };
}

t.test('the program hears of urgent data, how much there is, and reads it in line', async (t) => {
  const { c, client, una, urgent } = listening();
  c.peer({ flags: PSH | URG, seq: IRS + 1, ack: una, text: 'stop!go', urgentPointer: 5 });
  t.same(urgent, [5]);
  t.equal(text(client.read(2)), 'st');
  t.equal(client.urgentBytes, 3);
  t.equal(text(client.read()), 'op!go');
  t.equal(client.urgentBytes, 0);
});

t.test('the pointer may be ahead of the data, of any length, and is told once for each place', async (t) => {
  const { c, client, una, urgent } = listening();
  c.peer({ flags: URG, seq: IRS + 1, ack: una, urgentPointer: 60_000 });
  c.peer({ flags: URG, seq: IRS + 1, ack: una, urgentPointer: 60_000 });
  t.same(urgent, [60_000], 'in advance of everything');
  c.peer({ flags: URG, seq: IRS + 1, ack: una, text: 'a', urgentPointer: 65_535 });
  t.same(urgent, [60_000, 65_535]);
  t.equal(client.urgentBytes, 65_535);
});

t.test('a pointer to what was read already, without a value or after FIN tells nothing', async (t) => {
  const { c, client, una, urgent } = listening();
  c.peer({ seq: IRS + 1, ack: una, text: 'old' });
  client.read();
  c.peer({ flags: URG, seq: IRS + 1, ack: una, text: 'old', urgentPointer: 3 });
  c.peer({ flags: URG, seq: IRS + 4, ack: una, text: 'new', urgentPointer: 0 });
  t.same(urgent, []);
  t.equal(text(client.read()), 'new');
});

t.test('a closed window takes the pointer all the same', async (t) => {
  const { c, client, una } = established({ receiveBufferBytes: 1000 });
  let seq = IRS + 1;
  for (let room = client.info().receiveWindow; room > 0; room = client.info().receiveWindow) {
    c.peer({ seq, ack: una, text: bytesOf(room) });
    seq += room;
  }
  const readable = client.readableBytes;
  let told = 0;
  client.handler = { ...client.handler, onUrgent: () => (told = client.urgentBytes) };
  c.peer({ flags: URG, seq, ack: una, text: '!', urgentPointer: 1 });
  t.equal(told, readable + 1);
  t.equal(client.readableBytes, readable, 'the byte itself is not taken');
});

t.test('sending: the pointer names the octet after the urgent data, in every segment up to there', async (t) => {
  const { c, client, una } = established();
  c.call(() => client.send(bytesOf(1000)));
  t.equal(c.expect({ flags: PSH | ACK, seq: una }).urgentPointer, 0);
  c.peer({ seq: IRS + 1, ack: una + 1000 });
  c.call(() => client.sendUrgent(bytesOf(2000)));
  t.equal(c.expect({ flags: ACK | URG, seq: una + 1000, length: 1460 }).urgentPointer, 2000);
  t.equal(c.expect({ flags: PSH | ACK | URG, seq: una + 2460, length: 540 }).urgentPointer, 540);
  c.peer({ seq: IRS + 1, ack: una + 3000 });
  c.call(() => client.send(bytesOf(10)));
  t.equal(c.expect({ flags: PSH | ACK, seq: una + 3000 }).urgentPointer, 0);
});

t.test('urgent data that was given before the handshake is done', async (t) => {
  const c = new Conversation();
  const client = c.connect();
  c.call(() => client.sendUrgent(bytesOf('now')));
  const { seq, urgentPointer } = c.expect({ flags: SYN });
  t.equal(urgentPointer, 0);
  c.peer({ flags: SYN, seq: IRS, ack: seq + 1 });
  const flags = PSH | ACK | URG;
  while (c.sent.length > 1) c.sent.shift();
  t.equal(c.expect({ flags, seq: seq + 1, text: 'now' }).urgentPointer, 3);
});

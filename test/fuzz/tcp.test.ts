/** A peer that says anything at any time, and a program that calls in any order: nothing throws, everything is bounded. */
import t from 'tap';
import { Random } from '../../devices/stack/random.js';
import type { Connection } from '../../devices/stack/tcp/connection.js';
import { seqAdd } from '../../devices/stack/tcp/control-block/seqnum.js';
import { ACK, FIN, PSH, RST, SYN, URG } from '../../devices/stack/wire/tcp.js';
import { Conversation, IRS, record } from '../stack/tcp/harness.js';

const RUNS = Number(process.env.FUZZ_RUNS ?? 200) * 5;
const STEPS = 60;
const BUFFER = 16_384;
/** A whole send buffer in the smallest segments that an ICMP error can ask for, and some more. */
const MAX_BURST = 600;
/** Longer than fifteen retransmissions or probes with their backoff. */
const LONG_SILENCE_MS = 3_600_000;

const FLAGS = [ACK, ACK, ACK, ACK, ACK | PSH, ACK | FIN, SYN, SYN | ACK, RST, RST | ACK, FIN, 0, ACK | URG, 255];

class Fuzz {
  readonly c: Conversation;
  readonly random: Random;
  connection: Connection | undefined;
  /** Where the peer stands, and what it has heard of us. */
  seq = IRS;
  heard = 0;

  constructor(seed: number) {
    this.random = new Random(`tcp ${seed}`);
    this.c = new Conversation({ sendBufferBytes: BUFFER, receiveBufferBytes: BUFFER }, `${seed}`);
    if (this.random.chance(0.5)) {
      this.connection = this.c.connect();
      record(this.connection);
    } else {
      const { listener } = this.c.listen(80, 8);
      listener.onConnection = (connection) => {
        record(connection);
        this.connection = connection;
      };
    }
  }

  step(): void {
    for (const segment of this.c.sent.splice(0)) {
      this.heard = seqAdd(segment.seq, segment.payload.length + (segment.flags & (SYN | FIN) ? 1 : 0));
    }
    const { random } = this;
    const choice = random.below(20);
    if (choice < 11) this.speak();
    else if (choice < 13) this.connection?.send(new Uint8Array(random.below(4000)));
    else if (choice < 15) this.connection?.read(random.chance(0.5) ? random.below(5000) + 1 : undefined);
    else if (choice < 18) this.c.advance(random.below(random.chance(0.1) ? 100_000 : 600));
    else if (choice === 18) this.icmp();
    else this.rareCall();
    this.c.call(() => {});
  }

  private speak(): void {
    const { random } = this;
    const orderly = random.chance(0.7);
    const flags = orderly ? ACK : FLAGS[random.below(FLAGS.length)];
    const text = random.chance(0.4) ? new Uint8Array(random.below(1600)) : new Uint8Array(0);
    const shift = random.chance(0.6) ? 0 : random.below(6000) - 3000;
    const ackShift = random.chance(0.7) ? 0 : random.below(6000) - 3000;
    const unknown = this.connection === undefined || this.connection.state === 'SYN_SENT';
    const opening = unknown && random.chance(0.7);
    this.c.peer({
      flags: opening ? SYN | (this.connection === undefined ? 0 : ACK) : flags,
      seq: seqAdd(this.seq, shift),
      ack: flags & ACK || opening ? seqAdd(this.heard, ackShift) : undefined,
      window: random.chance(0.2) ? random.below(3) : random.below(65_536),
      text,
      options: random.chance(0.1)
        ? { mss: random.below(2000), windowScale: random.below(15), timestamps: { value: random.uint32(), echo: 0 } }
        : {},
    });
    if (shift === 0) this.seq = seqAdd(this.seq, opening ? 1 : text.length);
  }

  private icmp(): void {
    const { connection, random } = this;
    if (connection === undefined) return;
    const payload = new Uint8Array(8);
    new DataView(payload.buffer).setUint16(0, connection.local.port);
    new DataView(payload.buffer).setUint16(2, connection.remote.port);
    new DataView(payload.buffer).setUint32(4, seqAdd(connection.tcb.sndUna, random.below(2000)));
    const { address: src } = connection.local;
    const { address: dst } = connection.remote;
    const code = random.chance(0.7) ? 4 : random.below(16);
    const report = { type: 3, code, mtu: random.below(1500), from: dst, src, dst, payload };
    this.c.tcp.icmpError(report);
  }

  private rareCall(): void {
    const { connection, random } = this;
    const choice = random.below(12);
    if (connection === undefined) return;
    if (choice < 3) connection.shutdown();
    else if (choice === 3) connection.close();
    else if (choice === 4) connection.abort();
    else if (choice < 7) connection.setNoDelay(random.chance(0.5));
    else if (choice < 9) connection.setKeepAlive(random.chance(0.7), { delayMs: random.below(2000) });
  }
}

t.test('whatever the peer and the program do', async (t) => {
  const states = new Set<string>();
  for (let seed = 0; seed < RUNS; seed++) {
    const fuzz = new Fuzz(seed);
    for (let step = 0; step < STEPS; step++) {
      try {
        fuzz.step();
      } catch (error) {
        throw new Error(`seed ${seed}, step ${step}`, { cause: error });
      }
      const rows = fuzz.c.tcp.sockets();
      if (rows.length > 10) throw new Error(`seed ${seed}: ${rows.length} sockets`);
      for (const row of rows) {
        states.add(row.state);
        if (row.sendQueue > BUFFER || row.recvQueue > BUFFER) throw new Error(`seed ${seed}: ${JSON.stringify(row)}`);
      }
      if (fuzz.c.sent.length > MAX_BURST) throw new Error(`seed ${seed}: ${fuzz.c.sent.length} segments at once`);
    }
    // The program lets go, the peer falls silent: nothing stays for ever.
    fuzz.connection?.close();
    fuzz.connection?.setKeepAlive(false);
    fuzz.c.advance(LONG_SILENCE_MS);
    const left = fuzz.c.tcp.sockets().filter(({ state }) => state !== 'LISTEN');
    if (left.length > 0) throw new Error(`seed ${seed}: ${JSON.stringify(left)}`);
  }
  for (const state of [
    'SYN_SENT',
    'SYN_RECV',
    'ESTABLISHED',
    'FIN_WAIT1',
    'FIN_WAIT2',
    'CLOSE_WAIT',
    'CLOSING',
    'LAST_ACK',
  ])
    t.ok(states.has(state), state);
});

/**
 * One connection with small buffers of a fixed size over a path of 100 ms that loses packets in both directions, in
 * virtual time: the shape of the simulated network in smoltcp's tests, so that its figures can be compared.
 */
import type { Instant } from '../../../devices/stack/clock.js';
import type { Port } from '../../../devices/stack/link/port.js';
import { createCongestionControl } from '../../../devices/stack/tcp/congestion/choose.js';
import {
  type CongestionControl,
  type CongestionControlName,
  INFINITE_SSTHRESH,
} from '../../../devices/stack/tcp/congestion/congestion-control.js';
import type { Connection } from '../../../devices/stack/tcp/connection.js';
import { StackNode } from '../../support/stack-node.js';
import { Wiring } from '../../support/wiring.js';

export interface SmallWindowCase {
  /** Of both ends, for sending and for receiving. */
  readonly bufferBytes: number;
  /** 0 … 1, of each direction. */
  readonly loss: number;
  readonly bytes: number;
  readonly seed?: number;
  /** Default: CUBIC; `none`: only the buffers limit what is in flight. */
  readonly congestion?: CongestionControlName | 'none';
}

export interface SmallWindowResult {
  /** Bytes a second, from before the first ARP request to the last byte's arrival. */
  readonly goodput: number;
  readonly ms: number;
  readonly segments: number;
  readonly retransmissions: number;
  readonly probes: number;
}

export const SMALL_WINDOW_RTT_MS = 100;
const PORT = 1;
const CHUNK = new Uint8Array(65_536);
/** A year: at 30 % of loss a few bytes take weeks. */
const LIMIT_MS = 365 * 86_400_000;

/** As if there were no congestion control. */
class Unlimited implements CongestionControl {
  readonly name = 'reno';
  readonly slowStartThreshold = INFINITE_SSTHRESH;
  window = INFINITE_SSTHRESH;
  setMss(): void {}
  onAcked(): void {
    this.window = INFINITE_SSTHRESH;
  }
  onCongestion(): void {}
  onTimeout(): void {}
  onIdle(): void {}
  onApplicationLimited(): void {}
  undo(): void {}
}

class PollingNode extends StackNode {
  afterPacket = () => {};

  override receive(port: Port, packet: Uint8Array, now: Instant): void {
    super.receive(port, packet, now);
    this.call(now, this.afterPacket);
  }
}

export function runSmallWindow({
  bufferBytes,
  loss,
  bytes,
  seed = 0,
  congestion = 'cubic',
}: SmallWindowCase): SmallWindowResult {
  const wiring = new Wiring();
  wiring.keepFrames = false;
  const tcp = { sendBufferBytes: bufferBytes, receiveBufferBytes: bufferBytes };
  const sender = wiring.attach(new PollingNode({ name: 'sender', addresses: ['10.0.0.2/24'], tcp, seed }));
  const receiver = wiring.attach(new StackNode({ name: 'receiver', addresses: ['10.0.0.1/24'], tcp, seed }));
  const impairment = { delayMs: SMALL_WINDOW_RTT_MS / 2, loss };
  wiring.link('sender:eth0', 'receiver:eth0', { delayMs: 0, impairment });
  let received = 0;
  let failure: Error | undefined;
  const onClosed = (error?: Error) => {
    failure ??= error ?? new Error('closed');
  };
  receiver.call(0, ({ tcp }) => {
    tcp.listen({ address: 0, port: PORT }).onConnection = (connection) => {
      const onReadable = () => {
        for (let chunk = connection.read(); chunk !== undefined; chunk = connection.read()) received += chunk.length;
        receiver.traced.length = 0;
      };
      connection.handler = { ...connection.handler, onReadable, onClosed };
    };
  });
  const connection = sender.call(0, ({ tcp }) => tcp.connect({ remote: { address: receiver.address(), port: PORT } }));
  connection.sender.flight.useCongestionControl(
    congestion === 'none' ? new Unlimited() : createCongestionControl(congestion),
  );
  // As bulk programs do, ours among them: a program that fills every gap at once would wait for Nagle all the time.
  connection.setNoDelay(true);
  // As TCP_USER_TIMEOUT: at such losses fifteen repetitions in a row fail sooner or later.
  connection.setUserTimeout(0x7fffffff);
  connection.handler = { ...connection.handler, onClosed };
  // The program looks for room after every packet, not only when it is told that there is some.
  sender.afterPacket = () => {
    if (connection.state === 'ESTABLISHED') connection.send(CHUNK);
    sender.traced.length = 0;
  };
  wiring.runSync(() => failure !== undefined || received >= bytes, LIMIT_MS);
  if (received < bytes) throw failure ?? new Error('the transfer stands still');
  return { goodput: received / (wiring.now / 1000), ms: wiring.now, ...countsOf(connection) };
}

function countsOf({ tcb, sender: { flight } }: Connection) {
  return {
    segments: tcb.statistics.segmentsOut,
    retransmissions: flight.count,
    probes: flight.recovery.probe.count,
  };
}

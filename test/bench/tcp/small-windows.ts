/**
 * One connection with small buffers of a fixed size over a path of 100 ms that loses packets in both directions, in
 * virtual time: the shape of the simulated network in smoltcp's tests, so that its figures can be compared.
 */
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

export function runSmallWindow({ bufferBytes, loss, bytes, seed = 0 }: SmallWindowCase): SmallWindowResult {
  const wiring = new Wiring();
  wiring.keepFrames = false;
  const tcp = { sendBufferBytes: bufferBytes, receiveBufferBytes: bufferBytes };
  const sender = wiring.attach(new StackNode({ name: 'sender', addresses: ['10.0.0.2/24'], tcp, seed }));
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
  // As TCP_USER_TIMEOUT: at such losses fifteen repetitions in a row fail sooner or later.
  connection.setUserTimeout(0x7fffffff);
  const fill = () => {
    sender.traced.length = 0;
    while (connection.send(CHUNK) > 0);
  };
  connection.handler = { ...connection.handler, onEstablished: fill, onWritable: fill, onClosed };
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

/**
 * One bulk transfer between two stacks over one impaired link, on the manual clock: how fast the bytes came, and what
 * it took. The same transfer gives the same figures on every machine.
 */
import type { Impairment } from '../../devices/stack/link-settings.js';
import type { TcpSettings } from '../../devices/stack/stack.js';
import { BytePattern } from '../support/byte-pattern.js';
import { StackNode } from '../support/stack-node.js';
import { Wiring } from '../support/wiring.js';

export interface Transfer {
  /** Of both directions of the link. */
  readonly impairment: Impairment;
  /** Of both ends. */
  readonly tcp?: TcpSettings;
  readonly bytes: number;
  readonly seed?: number;
}

export interface Outcome {
  /** From the first SYN to the last byte's arrival. */
  readonly ms: number;
  readonly retransmissions: number;
}

const PORT = 5001;
/** Fifteen retransmissions with their backoff take a quarter of an hour; nothing that works takes so long. */
const LIMIT_MS = 4 * 3_600_000;

/** Throws when a byte is wrong, or the transfer does not end in an orderly way. */
export function transfer({ impairment, tcp, bytes, seed = 0 }: Transfer): Outcome {
  const wiring = new Wiring();
  wiring.keepFrames = false;
  const sender = wiring.attach(new StackNode({ name: 'sender', addresses: ['10.0.0.1/24'], tcp, seed }));
  const receiver = wiring.attach(new StackNode({ name: 'receiver', addresses: ['10.0.0.2/24'], tcp, seed }));
  wiring.link('sender:eth0', 'receiver:eth0', { delayMs: 0, impairment });
  const pattern = new BytePattern('goodput');
  let arrived = 0;
  let lastAt = 0;
  let failure: Error | undefined;
  const ended = { sender: false, receiver: false };

  receiver.call(0, ({ tcp }) => {
    tcp.listen({ address: 0, port: PORT }).onConnection = (connection) => {
      connection.handler = {
        ...connection.handler,
        onReadable: () => {
          for (let chunk = connection.read(); chunk !== undefined; chunk = connection.read()) {
            const wrongAt = pattern.differsAt(arrived, chunk);
            if (wrongAt >= 0) failure ??= new Error(`byte ${wrongAt} is wrong`);
            arrived += chunk.length;
            lastAt = wiring.now;
          }
        },
        onEnd: () => connection.shutdown(),
        onClosed: (error) => {
          ended.receiver = true;
          failure ??= error;
        },
      };
    };
  });
  sender.call(0, ({ tcp }) => {
    const connection = tcp.connect({ remote: { address: receiver.address(), port: PORT } });
    let sent = 0;
    const fill = () => {
      while (sent < bytes) {
        const chunk = pattern.at(sent, bytes - sent);
        const taken = connection.send(chunk);
        sent += taken;
        if (taken < chunk.length) return;
      }
      connection.shutdown();
    };
    connection.handler = {
      ...connection.handler,
      onEstablished: fill,
      onWritable: fill,
      onClosed: (error) => {
        ended.sender = true;
        failure ??= error;
      },
    };
  });
  wiring.runSync(() => failure !== undefined || (ended.sender && ended.receiver), LIMIT_MS);
  if (failure !== undefined) throw failure;
  if (arrived !== bytes) throw new Error(`${arrived} of ${bytes} bytes arrived`);
  const retransmissions = sender.traced.filter(({ event }) => event === 'tcp-retransmit').length;
  return { ms: lastAt, retransmissions };
}

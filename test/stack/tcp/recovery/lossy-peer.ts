/** The peer's side of a conversation about lost segments: it acknowledges whole segments by their number. */
import type { Connection } from '../../../../devices/stack/tcp/connection.js';
import type { TcpContext } from '../../../../devices/stack/tcp/control-block/types.js';
import { SYN, type TcpOptions, type TcpSegment } from '../../../../devices/stack/wire/tcp.js';
import { bytesOf, Conversation, IRS } from '../harness.js';

/** MSS 1460 less timestamps, or without. */
export const MSS = 1460;
const NXT = IRS + 1;

export interface Flight {
  readonly c: Conversation;
  readonly client: Connection;
  /** Acknowledges all before segment `ack` and reports segments `from` to before `to` for each of `blocks`. */
  readonly ack: (ack: number, ...blocks: readonly (readonly [number, number])[]) => void;
  /** The numbers of the segments that went out since the last look: 0 is the first one of data. */
  readonly taken: () => number[];
  readonly una: number;
}

/** A connection that has agreed on SACK, its round trip measured as `rttMs`, and `count` segments of data on their way. */
export function inFlight(
  count: number,
  options: { rttMs?: number; context?: Partial<TcpContext>; timestamps?: boolean; write?: number } = {},
): Flight {
  const { rttMs = 100, context = {}, timestamps = false } = options;
  const c = new Conversation({ congestionControl: 'reno', ...context });
  c.machine.mtu = MSS + 40 + (timestamps ? 12 : 0);
  const client = c.connect();
  const syn = c.expect({ flags: SYN });
  c.advance(rttMs);
  let stamp = syn.options.timestamps?.value ?? 0;
  const una = (syn.seq + 1) >>> 0;
  const agreed: TcpOptions = {
    mss: timestamps ? MSS + 12 : MSS,
    sackPermitted: true,
    ...(timestamps ? { timestamps: { value: 1, echo: stamp } } : {}),
  };
  c.peer({ flags: SYN, seq: IRS, ack: una, options: agreed });
  c.sent.length = 0;
  const withStamp = (more: TcpOptions): TcpOptions =>
    timestamps ? { ...more, timestamps: { value: 2 + c.timers.now, echo: stamp } } : more;
  c.peer({ seq: NXT, ack: una, options: withStamp({}) });
  c.sent.length = 0;
  const at = (number: number) => (una + number * MSS) >>> 0;
  const numberOf = (segment: TcpSegment) => ((segment.seq - una) >>> 0) / MSS;
  const taken = () => {
    for (const segment of c.sent) stamp = segment.options.timestamps?.value ?? stamp;
    return c.sent.splice(0).map(numberOf);
  };
  const ack: Flight['ack'] = (number, ...blocks) => {
    const sack = blocks.map(([from, to]) => ({ left: at(from), right: at(to) }));
    c.peer({ seq: NXT, ack: at(number), options: withStamp(sack.length === 0 ? {} : { sack }) });
  };
  c.call(() => client.send(bytesOf((options.write ?? count) * MSS)));
  return { c, client, ack, taken, una };
}

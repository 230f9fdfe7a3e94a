/** Datagrams and pings beside the connections. They may be lost or come twice, but never otherwise than they were sent. */
import { BytePattern } from '../support/byte-pattern.js';
import type { Building } from './building.js';
import type { ChatterPlan } from './plan.js';

const UDP_PORT = 5300;
const HEADER = 4;

export function startChatter(building: Building, plan: ChatterPlan): { stop: () => void } {
  return plan.kind === 'udp' ? startDatagrams(building, plan) : startPings(building, plan);
}

/** Calls `count` times, the first time at once when its time has come. */
function repeatedly(building: Building, { from, at, count, everyMs }: ChatterPlan, say: (n: number) => void): void {
  const { stack } = building.host(from);
  const next = (n: number) => {
    stack.perform(building.wiring.now, () => say(n));
    if (n + 1 < count) stack.timers.after(everyMs, () => next(n + 1));
  };
  stack.timers.after(at, () => next(0));
}

/** A number, then bytes that belong to it. */
function startDatagrams(building: Building, plan: ChatterPlan): { stop: () => void } {
  const pattern = new BytePattern(`udp ${plan.from}`);
  const target = building.host(plan.to);
  const { stack } = building.host(plan.from);
  const heard = target.stack.udp.bind({ address: 0, port: 0 });
  const speaker = stack.udp.bind({ address: 0, port: UDP_PORT, reuse: true });
  heard.onDatagram = (payload, from) => {
    if (from.port !== UDP_PORT) throw new Error(`a datagram from port ${from.port}`);
    const n = new DataView(payload.buffer, payload.byteOffset).getUint32(0);
    const bytes = payload.subarray(HEADER);
    if (n >= plan.count || bytes.length !== plan.bytes || pattern.differsAt(n, bytes) >= 0) {
      throw new Error(`datagram ${n} of ${bytes.length} bytes is not as it was sent`);
    }
  };
  repeatedly(building, plan, (n) => {
    const payload = new Uint8Array(HEADER + plan.bytes);
    new DataView(payload.buffer).setUint32(0, n);
    payload.set(pattern.at(n, plan.bytes), HEADER);
    speaker.send(payload, { address: target.address(), port: heard.local.port });
  });
  return {
    stop: () => {
      heard.close();
      speaker.close();
    },
  };
}

function startPings(building: Building, plan: ChatterPlan): { stop: () => void } {
  const pattern = new BytePattern(`ping ${plan.from}`);
  const target = building.host(plan.to);
  const { stack } = building.host(plan.from);
  const identifier = building.nextIdentifier++;
  const stop = stack.icmp.onEchoReply(identifier, {
    onReply: ({ sequence, data }) => {
      if (sequence >= plan.count || data.length !== plan.bytes || pattern.differsAt(sequence, data) >= 0) {
        throw new Error(`the answer to ping ${sequence} is not what was sent`);
      }
    },
    onError: () => {},
  });
  repeatedly(building, plan, (sequence) => {
    stack.icmp.sendEcho({ dst: target.address(), identifier, sequence, data: pattern.at(sequence, plan.bytes) });
  });
  return { stop };
}

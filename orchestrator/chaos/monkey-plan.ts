/**
 * What the monkey will do: drawn before it begins, from the seed alone. The same seed, options and topology give the same
 * faults at the same times.
 *
 * All of it heals by the end: each fault has its time. A device has one fault of its process at a time, and leave to come
 * back before the next one; no more than a quarter of the devices are away together.
 */
import type { DeviceKind } from '../../devices/control.js';
import { CliError } from '../errors.js';
import { type Cable, endText, groupAmong, namesOf } from './cabling.js';
import { type DeviceRequest, type FaultRequest, MONKEY_KINDS, type MonkeyKind, type MonkeyRequest } from './fault.js';
import { Dice } from './monkey-dice.js';
import { someImpairment } from './monkey-impairments.js';
import { somePackets } from './monkey-packets.js';

export interface MonkeyGround {
  readonly devices: readonly { readonly name: string; readonly kind: DeviceKind }[];
  readonly cables: readonly Cable[];
}

export interface PlannedFault {
  /** From the monkey's beginning. */
  readonly atMs: number;
  readonly request: FaultRequest;
}

export type MonkeyOptions = Omit<MonkeyRequest, 'seed'> & { readonly seed: string };

const DEFAULT_INTERVAL_MS = 2000;
/** A fault that is shorter is hardly one. */
const SHORTEST_MS = 100;
/** So that some two or three faults are in force at a time. */
const LONGEST_INTERVALS = 8;
/** In this time a process starts again on a busy machine. */
const COME_BACK_MS = 3000;
/** What nobody would wait for. */
export const MOST_PLANNED = 10_000;
export const AWAY_SHARE = 0.25;

/** Links fail more often than machines. */
const WEIGHTS: Readonly<Record<MonkeyKind, number>> = {
  impair: 6,
  cut: 2,
  packets: 4,
  kill: 1,
  restart: 1,
  pause: 1,
  slow: 1,
  clock: 1,
};

/**
 * In the order of their times. Throws a CliError: of status 2 when there is nothing that it could do, 3 when a device that is to
 * be spared is not there.
 */
export function planMonkey(ground: MonkeyGround, options: MonkeyOptions): PlannedFault[] {
  const scene = sceneOf(ground, options);
  const { forMs, intervalMs = DEFAULT_INTERVAL_MS, seed } = options;
  // Streams of their own: another kind of fault does not move all those behind it.
  const pauses = new Dice(seed, 'intervals');
  const plan: PlannedFault[] = [];
  for (let at = 0, draw = 1; plan.length < MOST_PLANNED && draw <= MOST_PLANNED; draw += 1) {
    at += Math.max(1, Math.round(pauses.exponential() * intervalMs));
    if (at > forMs - SHORTEST_MS) break;
    const request = scene.draw(new Dice(seed, `fault ${draw}`), at);
    if (request !== undefined) plan.push({ atMs: at, request: seeded(request, `${seed}/${draw}`) });
  }
  return plan;
}

/** What a fault draws does not hang on its id either, and so not on what there was before the monkey. */
function seeded(request: FaultRequest, seed: string): FaultRequest {
  return request.kind === 'device' ? request : { ...request, seed };
}

function sceneOf(
  ground: MonkeyGround,
  { forMs, intervalMs = DEFAULT_INTERVAL_MS, spare = [], kinds }: MonkeyOptions,
): Scene {
  const names = ground.devices.map(({ name }) => name);
  const spared = groupAmong(namesOf(names, ground.cables), spare);
  const devices = names.filter((name) => !spared.has(name));
  // A link with one end on a spared device is trouble for that one too.
  const cables = ground.cables.filter(({ left, right }) => !spared.has(left.device) && !spared.has(right.device));
  const possible = (kinds ?? MONKEY_KINDS).filter((kind) =>
    kind === 'impair' || kind === 'cut' ? cables.length > 0 : devices.length > 0,
  );
  if (possible.length === 0) {
    throw new CliError(
      2,
      'there is nothing that the monkey could do',
      'Spare fewer devices, or allow other kinds of faults.',
    );
  }
  return new Scene({
    devices,
    spared: names.filter((name) => spared.has(name)),
    cables,
    kinds: possible,
    forMs,
    longestMs: Math.max(SHORTEST_MS, LONGEST_INTERVALS * intervalMs),
  });
}

interface SceneOptions {
  readonly devices: readonly string[];
  /** Devices that are left alone. */
  readonly spared: readonly string[];
  readonly cables: readonly Cable[];
  readonly kinds: readonly MonkeyKind[];
  readonly forMs: number;
  readonly longestMs: number;
}

type OwnKind = 'kill' | 'restart' | 'pause' | 'slow' | 'clock';

class Scene {
  private readonly options: SceneOptions;
  /** Until when a device's process, speed or clock is in trouble. */
  private readonly busy = new Map<string, number>();
  /** Until when devices are away. */
  private readonly away: { readonly device: string; readonly until: number }[] = [];
  private readonly cut = new Map<string, number>();

  constructor(options: SceneOptions) {
    this.options = options;
  }

  /** Undefined when what was drawn cannot be now. */
  draw(dice: Dice, at: number): FaultRequest | undefined {
    const kind = dice.weighted(this.options.kinds.map((one) => [one, WEIGHTS[one]] as const));
    const { forMs, longestMs, spared } = this.options;
    const wished = Math.round(dice.scaled(Math.max(SHORTEST_MS, longestMs / 16), longestMs));
    const duration = Math.min(wished, forMs - at);
    if (kind === 'packets') {
      return { ...somePackets(dice), ...(spared.length > 0 && { except: spared }), forMs: duration };
    }
    if (kind === 'impair' || kind === 'cut') return this.drawLink(kind, dice, at, duration);
    return this.drawDevice(kind, dice, at, duration);
  }

  private drawLink(kind: 'impair' | 'cut', dice: Dice, at: number, forMs: number): FaultRequest | undefined {
    const cable = dice.one(this.options.cables);
    const [a, b] = [endText(cable.left), endText(cable.right)];
    const from = dice.chance(0.5) ? {} : { from: dice.one([a, b]) };
    if (kind === 'impair') return { kind: 'link', a, b, ...from, impairment: someImpairment(dice), forMs };
    if ((this.cut.get(cable.name) ?? 0) > at) return undefined;
    this.cut.set(cable.name, at + forMs);
    if (dice.chance(0.5)) return { kind: 'link', a, b, state: 'down', forMs };
    return { kind: 'link', a, b, ...from, state: 'blackhole', forMs };
  }

  private drawDevice(kind: OwnKind, dice: Dice, at: number, wished: number): FaultRequest | undefined {
    const device = dice.one(this.options.devices);
    const leavesItsPlace = kind === 'kill' || kind === 'restart' || kind === 'pause';
    // Also the last one is back in the end.
    const room = this.options.forMs - at - (leavesItsPlace ? COME_BACK_MS : 0);
    const forMs = Math.min(wished, room);
    if (forMs < SHORTEST_MS || (this.busy.get(device) ?? 0) > at) return undefined;
    const until = at + (kind === 'restart' ? 0 : forMs) + (leavesItsPlace ? COME_BACK_MS : 0);
    if (leavesItsPlace) {
      const others = this.away.filter((one) => one.until > at).length;
      const most = Math.max(1, Math.floor(this.options.devices.length * AWAY_SHARE));
      if (others >= most) return undefined;
      this.away.push({ device, until });
    }
    this.busy.set(device, until);
    return requestOf(kind, device, dice, forMs);
  }
}

function requestOf(kind: OwnKind, device: string, dice: Dice, forMs: number): DeviceRequest {
  const request = { kind: 'device', device } as const;
  if (kind === 'restart') return { ...request, action: 'restart' };
  if (kind === 'kill') return { ...request, action: dice.one(['kill', 'stop']), forMs };
  if (kind === 'pause') return { ...request, action: 'pause', forMs };
  if (kind === 'slow') return { ...request, action: 'slow', factor: dice.whole(2, 20), forMs };
  const offsetMs = dice.whole(-3600, 3600) * 1000;
  return { ...request, action: 'clock', rate: dice.scaled(0.5, 2), offsetMs, forMs };
}

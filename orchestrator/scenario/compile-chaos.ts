/** From what a scenario breaks to the request that the lab's chaos is given, checked as far as that is possible without a lab. */

import { endText } from '../chaos/cabling.js';
import { checkDevice } from '../chaos/device-fault.js';
import {
  DEVICE_ACTIONS,
  type DeviceAction,
  type FaultRequest,
  type LinkRequest,
  type PartitionRequest,
} from '../chaos/fault.js';
import { checkLink } from '../chaos/link-fault.js';
import { cutOf } from '../chaos/partition.js';
import { parseRequest } from '../chaos/request-schema.js';
import { parseLink } from '../topology/endpoint.js';
import { impairmentOf } from '../topology/impairment.js';
import type { ImpairmentFile } from '../topology/schema-impairment.js';
import type { Path } from '../topology/source.js';
import { type Common, refuseOthers, ruleRequest } from './compile-rule.js';
import { type Compiler, ms } from './compiler.js';
import type { Action } from './model.js';
import { formsOf } from './one-of.js';
import { CHAOS_FORMS, type ChaosFile, CLOCK_RATE } from './schema-chaos.js';

export interface CompiledChaos {
  readonly action: Action;
  /** `link client -- sw1, loss 30%` */
  readonly title: string;
}

export function compileChaos(compiler: Compiler, file: 'clear' | ChaosFile, path: Path): CompiledChaos | undefined {
  if (file === 'clear') return { action: { kind: 'clear' }, title: 'clear' };
  const title = titleOf(file);
  if (file.end !== undefined) {
    if (compiler.step(file.end, [...path, 'end'], ['chaos']) === undefined) return undefined;
    return { action: { kind: 'end-fault', name: file.end }, title };
  }
  const request = requestOf(compiler, file, path);
  if (request === undefined || compiler.attempt(path, () => parseRequest(request)) === undefined) return undefined;
  return { action: { kind: 'chaos', request }, title };
}

function requestOf(compiler: Compiler, file: ChaosFile, path: Path): FaultRequest | undefined {
  const common = {
    ...(file.for !== undefined && { forMs: ms(file.for) }),
    // By its place in the file, not by the fault's number: two that begin at once may be numbered either way.
    seed: String(file.seed ?? `${compiler.seed} ${path.join('.')}`),
  };
  switch (formsOf(CHAOS_FORMS, file)[0]) {
    case 'link':
      return linkRequest(compiler, file, path, common);
    case 'device':
      return deviceRequest(compiler, file, path, common);
    case 'fault':
      return ruleRequest(compiler, file, path, common);
    case 'partition':
      return partitionRequest(compiler, file, path, common);
    default:
      if (file.for === undefined) {
        compiler.problem([...path, 'monkey'], 'a monkey needs an end: write "for: 10s"', { key: true }, 'endless');
        return undefined;
      }
      return {
        kind: 'monkey',
        ...common,
        forMs: ms(file.for),
        ...(file.interval !== undefined && { intervalMs: ms(file.interval) }),
        ...(file.spare !== undefined && { spare: spared(compiler, file.spare, [...path, 'spare']) }),
        ...(file.kinds !== undefined && { kinds: file.kinds }),
      };
  }
}

function spared(compiler: Compiler, names: string | string[], path: Path): string[] {
  const patterns = [names].flat();
  compiler.attempt(path, () => compiler.cabling.group(patterns));
  return patterns;
}

function linkRequest(compiler: Compiler, file: ChaosFile, path: Path, common: Common): FaultRequest | undefined {
  const place = [...path, 'link'];
  const link = parseLink(file.link ?? '');
  if (link === undefined) {
    compiler.problem(place, `"${file.link}" is no link: write client -- sw1`);
    return undefined;
  }
  if (file.rate !== undefined && CLOCK_RATE.test(file.rate)) {
    compiler.problem([...path, 'rate'], 'of a link: write 10Mbit or 512kbit');
    return undefined;
  }
  const [a, b] = [endText(link.left), endText(link.right)];
  const cable = compiler.attempt(place, () => compiler.cabling.find(a, b));
  if (cable === undefined) return undefined;
  const { from, state } = file;
  if (from !== undefined) compiler.attempt([...path, 'from'], () => compiler.cabling.endOf(cable, from));
  const impairment = impairmentOf(file as ImpairmentFile);
  if (impairment === undefined && state === undefined) {
    const message = 'what happens to it? Write a parameter such as "loss: 30%", or "state: down"';
    compiler.problem(place, message, { key: true });
    return undefined;
  }
  const request: LinkRequest = {
    kind: 'link',
    a,
    b,
    ...(from !== undefined && { from }),
    ...(impairment !== undefined && { impairment }),
    ...(state !== undefined && { state }),
    ...common,
  };
  compiler.attempt(path, () => checkLink(request));
  return request;
}

function partitionRequest(compiler: Compiler, file: ChaosFile, path: Path, common: Common): FaultRequest {
  const request: PartitionRequest = {
    kind: 'partition',
    left: [file.partition ?? []].flat(),
    ...(file.against !== undefined && { right: [file.against].flat() }),
    ...(file.silent !== undefined && { silent: file.silent }),
    ...common,
  };
  compiler.attempt([...path, 'partition'], () => cutOf(request, compiler.cabling));
  return request;
}

function deviceRequest(compiler: Compiler, file: ChaosFile, path: Path, common: Common): FaultRequest | undefined {
  const before = compiler.problems.length;
  const device = compiler.device(file.device, [...path, 'device'], '');
  const action = DEVICE_ACTIONS.find((known) => known === file.action);
  if (action === undefined) {
    compiler.problem(
      [...path, file.action === undefined ? 'device' : 'action'],
      `what happens to it? "action" is one of ${DEVICE_ACTIONS.join(', ')}`,
    );
    return undefined;
  }
  const belongs: Partial<Record<keyof ChaosFile, DeviceAction>> = { factor: 'slow', rate: 'clock', offset: 'clock' };
  refuseOthers(compiler, file, path, belongs, action);
  const place = [...path, 'action'];
  if (action === 'slow' && file.factor === undefined) compiler.problem(place, 'how slow? Write "factor: 4"');
  if (action === 'clock' && file.rate === undefined && file.offset === undefined)
    compiler.problem(place, 'what is wrong with it? Write "rate: 105%" or "offset: -2h"');
  if (file.rate !== undefined && !CLOCK_RATE.test(file.rate))
    compiler.problem([...path, 'rate'], 'how fast is the clock? Write 10% to 1000%');
  if (device === undefined || compiler.problems.length > before) return undefined;
  const request = {
    kind: 'device',
    device: device.name,
    action,
    ...(file.factor !== undefined && { factor: file.factor }),
    ...(file.rate !== undefined && { rate: Number.parseFloat(file.rate) / 100 }),
    ...(file.offset !== undefined && { offsetMs: signed(file.offset) }),
    ...common,
  } as const;
  compiler.attempt(path, () => checkDevice(request));
  return request;
}

/** `-2h` */
function signed(text: string): number {
  return (text.startsWith('-') ? -1 : 1) * ms(text.replace(/^[-+]/, ''));
}

/** As it is written, in one line. */
function titleOf(file: ChaosFile): string {
  const [form, ...rest] = [
    ...formsOf(CHAOS_FORMS, file),
    ...Object.keys(file).filter((key) => !Object.hasOwn(CHAOS_FORMS, key)),
  ];
  const written = (key: string) => {
    const value = file[key as keyof ChaosFile];
    if (Array.isArray(value)) return value.join(' ');
    return typeof value === 'object' ? JSON.stringify(value) : String(value);
  };
  const head = `${form} ${written(form)}`;
  const parts = rest.map((key) => (['state', 'action'].includes(key) ? written(key) : `${key} ${written(key)}`));
  return [head, ...parts].join(', ');
}

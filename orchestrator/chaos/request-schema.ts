/** The shape of requests, which come over the lab's socket from anybody: what they say is checked by the registry. */
import { z } from 'zod';
import { REPLY_KINDS } from '../../devices/control.js';
import { CliError } from '../errors.js';
import { DEVICE_ACTIONS, type FaultRequest, MONKEY_KINDS } from './fault.js';

/** What Node's timers can wait: 24 days. */
export const LONGEST_MS = 2 ** 31 - 1;
/** A fault for each of them would be no test any more. */
const MOST_PATTERNS = 1000;
const LONGEST_TEXT = 10_000;

const name = z.string().min(1).max(200);
const milliseconds = z.number().min(0).max(LONGEST_MS);
const common = {
  forMs: milliseconds.min(1).optional(),
  seed: z.string().max(200).optional(),
};

const action = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('drop') }),
  z.strictObject({ kind: z.literal('delay'), delayMs: milliseconds, jitterMs: milliseconds.optional() }),
  z.strictObject({ kind: z.literal('duplicate'), copies: z.int().min(1).max(100).optional() }),
  z.strictObject({
    kind: z.literal('corrupt'),
    bits: z.int().min(1).max(12_000).optional(),
    fixFcs: z.boolean().optional(),
  }),
  z.strictObject({ kind: z.literal('reply'), reply: z.enum(REPLY_KINDS) }),
  z.strictObject({ kind: z.literal('reset'), afterBytes: z.int().min(0).optional() }),
]);

const patterns = z.array(name).min(1).max(MOST_PATTERNS);

const faultRequest = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('link'),
    a: name,
    b: name,
    from: name.optional(),
    // Each device checks its own.
    impairment: z.record(z.string(), z.unknown()).optional(),
    state: z.enum(['down', 'up', 'blackhole']).optional(),
    ...common,
  }),
  z.strictObject({
    kind: z.literal('device'),
    device: name,
    action: z.enum(DEVICE_ACTIONS),
    factor: z.number().gt(1).max(1000).optional(),
    rate: z.number().min(0.1).max(10).optional(),
    offsetMs: z.number().optional(),
    ...common,
  }),
  z.strictObject({
    kind: z.literal('rule'),
    filter: z.string().max(LONGEST_TEXT),
    action,
    at: name.optional(),
    except: patterns.optional(),
    skip: z.int().min(0).max(1_000_000).optional(),
    count: z.int().min(1).max(1_000_000).optional(),
    share: z.number().min(0).max(1).optional(),
    ...common,
  }),
  z.strictObject({
    kind: z.literal('partition'),
    left: patterns,
    right: patterns.optional(),
    silent: z.boolean().optional(),
    ...common,
  }),
  z.strictObject({
    kind: z.literal('monkey'),
    ...common,
    forMs: milliseconds.min(1),
    intervalMs: milliseconds.min(10).optional(),
    spare: patterns.optional(),
    kinds: z.array(z.enum(MONKEY_KINDS)).min(1).optional(),
  }),
]);

/** Throws a CliError of status 2 that names the member. */
export function parseRequest(value: unknown): FaultRequest {
  const parsed = faultRequest.safeParse(value);
  if (parsed.success) return parsed.data as FaultRequest;
  const { path, message } = parsed.error.issues[0];
  throw new CliError(2, `bad request${path.length === 0 ? '' : `, ${path.join('.')}`}: ${message}`);
}

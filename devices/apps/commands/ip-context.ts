/** What the objects of `ip` share: what they work on, and iproute2's grammar. */
import type { Network } from '../../net/network.js';
import type { Nic } from '../../stack/link/nic.js';
import type { DhcpClient } from '../dhcp/client.js';
import type { CommandIo } from './command.js';
import { CommandFailure, UsageError } from './define.js';

/** iproute2's exit status when the kernel refuses. */
export const KERNEL_STATUS = 2;

/** What the objects of `ip` work on. */
export interface IpContext {
  readonly network: Network;
  readonly dhcpClients: readonly DhcpClient[];
  readonly io: CommandIo;
  /** `-br`: one line an interface. */
  readonly brief: boolean;
  /** `-s`: with counters. */
  readonly statistics: boolean;
}

/** The interface of that name. Fails in iproute2's words. */
export function deviceOf(context: IpContext, name: string | undefined): Nic {
  if (name === undefined) throw new UsageError('"dev" argument is required');
  const nic = context.network.stack.nic(name);
  if (nic === undefined) throw new CommandFailure(`Cannot find device "${name}"`);
  return nic;
}

/** The verb by any abbreviation, `show` when none is given, and the words after it. */
export function verbOf(words: readonly string[], verbs: readonly string[]): { verb: string; rest: readonly string[] } {
  const [word = 'show', ...rest] = words;
  const verb =
    word === 'list' || word === 'ls' || word === 'lst' ? 'show' : verbs.find((name) => name.startsWith(word));
  // `ip addr eth0`, `ip route default`: what is no verb is what to show.
  return verb === undefined ? { verb: 'show', rest: words } : { verb, rest };
}

/**
 * iproute2's arguments: pairs of keyword and value, and plain words. Throws UsageError for a keyword without its value.
 */
export function keywords(
  words: readonly string[],
  known: readonly string[],
): { readonly plain: readonly string[]; readonly pairs: ReadonlyMap<string, string> } {
  const plain: string[] = [];
  const pairs = new Map<string, string>();
  for (let at = 0; at < words.length; at++) {
    if (!known.includes(words[at])) {
      plain.push(words[at]);
      continue;
    }
    const value = words[at + 1];
    if (value === undefined) throw new UsageError(`Command line is not complete: ${words[at]} what?`);
    pairs.set(words[at], value);
    at += 1;
  }
  return { plain, pairs };
}

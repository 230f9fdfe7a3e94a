/** `ip neighbour`: the ARP cache with its states. */
import { parseIpv4, parseMac } from '../../stack/wire/address.js';
import { CommandFailure } from './define.js';
import { deviceOf, type IpContext, KERNEL_STATUS, keywords, verbOf } from './ip-context.js';

export function neighborCommand(context: IpContext, words: readonly string[]): number {
  const { verb, rest } = verbOf(words, ['show', 'add', 'delete', 'flush', 'replace']);
  const { plain, pairs } = keywords(rest, ['dev', 'lladdr', 'nud', 'to']);
  const { network } = context;
  const { neighbors } = network.stack;
  const device = pairs.get('dev');
  const nic = device === undefined ? undefined : deviceOf(context, device);
  const text = pairs.get('to') ?? plain[0];
  if (verb === 'show') {
    for (const entry of neighbors.entries()) {
      if (nic !== undefined && entry.interface !== nic.name) continue;
      if (text !== undefined && entry.ip !== text) continue;
      const hardware = entry.mac === undefined ? '' : ` lladdr ${entry.mac}`;
      context.io.stdout(`${entry.ip} dev ${entry.interface}${hardware} ${entry.state}\n`);
    }
    return 0;
  }
  if (verb === 'flush') {
    network.perform(() => neighbors.flush(nic));
    return 0;
  }
  const address = text === undefined ? undefined : parseIpv4(text);
  if (address === undefined) throw new CommandFailure(`any valid address is expected rather than "${text ?? ''}".`);
  if (verb === 'delete') {
    if (network.perform(() => neighbors.delete(address, deviceOf(context, device)))) return 0;
    throw new CommandFailure('RTNETLINK answers: No such file or directory', KERNEL_STATUS);
  }
  const mac = parseMac(pairs.get('lladdr') ?? '');
  if (mac === undefined) throw new CommandFailure(`"lladdr" value is invalid: "${pairs.get('lladdr') ?? ''}"`);
  const to = deviceOf(context, device);
  if (verb === 'add' && neighbors.lookup(to, address) !== undefined) {
    throw new CommandFailure('RTNETLINK answers: File exists', KERNEL_STATUS);
  }
  if (network.perform(() => neighbors.setPermanent(to, address, mac))) return 0;
  throw new CommandFailure('RTNETLINK answers: No buffer space available', KERNEL_STATUS);
}

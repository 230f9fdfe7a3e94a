/** What `dig`, `nslookup` and `host` have in common: questions to servers of the user's choice, past all caches. */
import { type DnsAsk, DnsExchange, type DnsReply } from '../../net/dns-exchange.js';
import type { Network } from '../../net/network.js';
import { NameError, type Resolver } from '../../net/resolver.js';
import type { Random } from '../../stack/random.js';
import { parseIpv4 } from '../../stack/wire/address.js';

/** A server as the user named it, and its address. */
export interface ChosenServer {
  readonly name: string;
  readonly address: string;
}

export class DnsClient {
  private readonly resolver: Resolver;
  private readonly exchange: DnsExchange;

  /** `program` names the sockets, and the stream of random ids. */
  constructor(network: Network, resolver: Resolver, random: Random, program: string) {
    this.resolver = resolver;
    this.exchange = new DnsExchange(network, {
      random: random.fork(program),
      tracer: network.stack.tracer,
      program,
    });
  }

  /** The server that was named, or those of the machine. None, when the name has no address or there is none. */
  async servers(named: string | undefined): Promise<ChosenServer[]> {
    if (named === undefined) return this.resolver.nameServers.map((address) => ({ name: address, address }));
    if (parseIpv4(named) !== undefined) return [{ name: named, address: named }];
    try {
      const { addresses } = await this.resolver.resolve(named);
      return addresses.map((address) => ({ name: named, address }));
    } catch (error) {
      if (error instanceof NameError) return [];
      throw error;
    }
  }

  /**
   * The first answer of any of the servers, each asked in turn, `tries` times; undefined when none answers. Without EDNS,
   * unless `ask` says which.
   * `onTrouble` hears of each question without an answer, and why: ETIMEOUT, ECONNREFUSED, …
   */
  async ask(
    servers: readonly ChosenServer[],
    ask: DnsAsk,
    tries: number,
    onTrouble: (server: ChosenServer, code: string) => void = () => {},
  ): Promise<{ readonly reply: DnsReply; readonly server: ChosenServer } | undefined> {
    const addresses = servers.map(({ address }) => address);
    const chosen = (address: string) => servers[addresses.indexOf(address)];
    return this.exchange.askInTurn(
      addresses,
      { edns: 'none', ...ask },
      tries,
      (reply) => ({ reply, server: chosen(reply.server) }),
      ({ server, code }) => onTrouble(chosen(server), code),
    );
  }
}

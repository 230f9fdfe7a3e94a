/** Names of servers, and the extension that holds an authority to its own. */
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_nameConstraints,
  NameConstraints,
} from '@peculiar/asn1-x509';
import { Extension } from '@peculiar/x509';

export interface Names {
  /** Of hosts, in ASCII. */
  readonly names: readonly string[];
  /** IPv4, dotted. */
  readonly addresses: readonly string[];
}

const ANY_ADDRESS = ['0.0.0.0/0', '::/0'];

/**
 * RFC 5280 section 4.2.1.10: for which names (and what is below them) and addresses this authority can vouch at all. A kind
 * of name of which nothing is permitted would be free, so that no address must be excluded by itself.
 */
export function nameConstraints({ names, addresses }: Names): Extension {
  const dns = names.map((name) => new GeneralName({ dNSName: name.toLowerCase() }));
  const constraints = new NameConstraints({
    permittedSubtrees: subtrees([...dns, ...ranges(addresses.map((address) => `${address}/32`))]),
    ...(addresses.length === 0 && { excludedSubtrees: subtrees(ranges(ANY_ADDRESS)) }),
  });
  return new Extension(id_ce_nameConstraints, true, AsnConvert.serialize(constraints));
}

/** Each as `address/prefix`. */
function ranges(prefixes: readonly string[]): GeneralName[] {
  return prefixes.map((iPAddress) => new GeneralName({ iPAddress }));
}

function subtrees(bases: readonly GeneralName[]): GeneralSubtrees {
  return new GeneralSubtrees(bases.map((base) => new GeneralSubtree({ base })));
}

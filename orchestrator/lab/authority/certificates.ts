/** Which certificates a topology's web servers need, and the lab's authority that issues them. */
import { type CertificateConfig, DEFAULT_HTTPS, type SiteConfig } from '../../../devices/control.js';
import { formatIpv4 } from '../../../devices/stack/wire/address.js';
import type { Topology, TopologyDevice } from '../../topology/index.js';
import type { Validity } from './authority.js';
import type { Names } from './name-constraints.js';

export interface LabCertificates {
  /** The authority's own certificate, PEM. */
  readonly authority: string;
  /** By name of the host: one a site, in their order. */
  readonly certificates: ReadonlyMap<string, readonly CertificateConfig[]>;
}

const DAY_MS = 24 * 3_600_000;
/** Browsers refuse certificates that are valid for longer. */
const VALID_DAYS = 397;

/** From a day ago, for clocks that are behind. */
export function validFrom(now: number): Validity {
  return { notBefore: now - DAY_MS, notAfter: now + VALID_DAYS * DAY_MS };
}

/** `lab` is its name. Undefined when no site is served by https. */
export async function issueCertificates(
  topology: Topology,
  lab: string,
  validity: Validity,
): Promise<LabCertificates | undefined> {
  const servers = [...topology.devices.values()]
    .map((device) => ({ device, wanted: wantedBy(device) }))
    .filter(({ wanted }) => wanted.length > 0);
  if (servers.length === 0) return undefined;
  const all = servers.flatMap(({ wanted }) => wanted);
  const permitted = {
    names: [...new Set(all.flatMap(({ names }) => names))],
    addresses: [...new Set(all.flatMap(({ addresses }) => addresses))],
  };
  // Commands that issue nothing do not wait for the library of certificates.
  const { Authority } = await import('./authority.js');
  const authority = await Authority.create(`The authority of the lab ${lab}`, permitted, validity);
  const certificates = await Promise.all(
    servers.map(async ({ device, wanted }) => {
      return [device.name, await Promise.all(wanted.map((names) => authority.issue(names)))] as const;
    }),
  );
  return { authority: authority.certificate, certificates: new Map(certificates) };
}

/** One a site that is served by https. The first one is shown to those who name no site: it has the host's own names too. */
function wantedBy(device: TopologyDevice): Names[] {
  const sites = (device.web?.sites ?? []).filter(({ https }) => (https ?? DEFAULT_HTTPS) !== 'off');
  const addresses = device.ports.flatMap((port) => port.addresses.map(({ address }) => formatIpv4(address)));
  return sites.map((site: SiteConfig, index) =>
    index === 0
      ? { names: [...new Set([...site.names, device.name])], addresses }
      : { names: site.names, addresses: [] },
  );
}

/** The authority of a test's lab, as a lab has it, valid from 2020 to 2120: TLS looks at the real clock, whatever the world's says. */
import type { CertificateConfig, SiteConfig } from '../../devices/control/config.js';
import { Authority } from '../../orchestrator/lab/authority/authority.js';

const VALIDITY = { notBefore: Date.UTC(2020, 0, 1), notAfter: Date.UTC(2120, 0, 1) };

export interface TestCertificates {
  /** What a client trusts, PEM. */
  readonly authority: string;
  /** One a site, the first one for the server's addresses too. */
  readonly certificates: readonly CertificateConfig[];
}

export async function certificatesFor(
  sites: readonly SiteConfig[],
  addresses: readonly string[],
): Promise<TestCertificates> {
  const permitted = { names: sites.flatMap(({ names }) => names), addresses };
  const authority = await Authority.create('Tests', permitted, VALIDITY);
  const certificates = await Promise.all(
    sites.map(({ names }, index) => authority.issue({ names, addresses: index === 0 ? addresses : [] })),
  );
  return { authority: authority.certificate, certificates };
}

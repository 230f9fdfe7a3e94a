/** How a browser comes to trust the authority of a lab, in a profile of its own and nowhere else. */
import { execFile } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { CertificateConfig, DeviceConfig } from '../../devices/control.js';
import { labDirectory } from '../lab/paths.js';
import type { LabState } from '../lab/state.js';

/** A certificate that one of the lab's servers shows, and where. */
export interface ServerCertificate {
  readonly names: readonly string[];
  readonly port: number;
  readonly certificate: X509Certificate;
}

/** As the devices' config files have them. */
export function serverCertificates(lab: LabState): ServerCertificate[] {
  return lab.devices.flatMap(({ name }) => {
    const { web } = readConfig(join(labDirectory(lab.name), `${name}.json`));
    return (web?.certificates ?? []).map(({ names, chain }: CertificateConfig) => ({
      names,
      port: web?.httpsPort ?? 443,
      certificate: new X509Certificate(chain),
    }));
  });
}

/** The name of the first site of the lab. */
export function firstSite(lab: LabState): string | undefined {
  return lab.devices
    .map(({ name }) => readConfig(join(labDirectory(lab.name), `${name}.json`)).web?.sites[0]?.names[0])
    .find((name) => name !== undefined);
}

/** Of a site of the lab. */
export function siteUrl(name: string | undefined): string | undefined {
  return name === undefined ? undefined : `http://${name}/`;
}

function readConfig(path: string): Partial<DeviceConfig> {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as DeviceConfig;
  } catch {
    return {};
  }
}

/** Base64 of the SHA-256 of the public key, as `--ignore-certificate-errors-spki-list` wants it. */
export function keyHash(certificate: X509Certificate): string {
  return createHash('sha256')
    .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');
}

/**
 * Has NSS, the library of Firefox and of Chromium on Linux, trust the authority for web sites: in the data base in this
 * folder, which is made. False when `certutil`, which knows how, is not installed.
 */
export async function trustInNss(folder: string, lab: LabState): Promise<boolean> {
  if (lab.authority === undefined || !existsSync(lab.authority)) return true;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const certutil = (...argv: string[]) => promisify(execFile)('certutil', ['-d', `sql:${folder}`, ...argv]);
  try {
    await certutil('-N', '--empty-password');
    await certutil('-A', '-n', `netarium ${lab.name}`, '-t', 'C,,', '-i', lab.authority);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
